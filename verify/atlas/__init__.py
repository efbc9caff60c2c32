"""What is recorded of frameworks: divergences, edits of stale records, the translation table.

In go cases that record or spell something, run now; out come entries and lines for `reports`.
"""

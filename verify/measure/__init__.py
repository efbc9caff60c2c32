"""Arrays beside arrays: their dtype, how far rounding moves them, whether they agree.

In go a result, a truth in wider precision and noisy runs; out comes an outcome, with its numbers.
Nothing here knows of adapters, checks or verdicts.
"""

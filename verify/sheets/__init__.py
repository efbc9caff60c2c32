"""What a report's page says of a case beside its rows.

In go cases and the frame of their run; out come sheets for `reports`: the text as it stands in its
file, the graph with its numbers, the derivation, and what the case records.
"""

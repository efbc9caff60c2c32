"""Random programs over the table of operations, and what alarms in them.

In go a seed, how many programs and an engine; out come cases, as YAML that `gradparity run` reads,
and the alarms that they raise, each with what it is sorted as.
"""

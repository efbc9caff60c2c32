"""Whether the suite catches what it should, and only that.

In go operations, rules and cases; faults are planted and numbers drawn anew; out come findings and
alarms, counted.
"""

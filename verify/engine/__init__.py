"""What runs tasks, here, in workers or on a cluster, and the session of a run.

In go cases, drawn task by task; out come their rows, kept as they are finished.
"""

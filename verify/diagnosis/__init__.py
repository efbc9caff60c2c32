"""Why rows are as they are: what is to blame, whether the reference is right, who is off.

In go the rows of a task, judged, and what they came from; out they come with evidence: each
diagnosis looks at them once and adds its own. No verdict is changed.
"""

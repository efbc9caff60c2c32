"""Users' own code: a module beside its port.

In go two pieces of code and what they are called with; out comes a ``Report``: whether they are
the same mathematics, whether each is what its own program says, where they part first, why, and
how to agree. Both are captured into programs (``adapters.captures``), run by the reference in
float64 and matched by value; a cause is an edit (``verify.edits``) that reproduces the other side.
"""

"""A task goes in, a trace comes out: one module a framework.

``base``             the adapter's interface, and the trace
``conformance``      whether an adapter keeps to it
``registry``         which adapters there are, and how to make one; ``installing`` what is missing
``attempt``          runs a task in anybody's adapter
``interpret``        walks a program once, in any framework
``lowering``         how a framework's spellings are looked up
``values``           numbers as every adapter is given them
``captures``         what a capture of a user's own code yields
``snippets``         a task as a program to paste
``numpy_reference``  the reference, and the truth
``torch``, ``jax``   the frameworks, each with its spellings in ``…_lowerings``
"""

"""One module a framework: runs a task, hands back a trace.

``base``             the adapter's interface, and the trace
``registry``         which adapters there are, and how to make one
``interpret``        walks a program once, in any framework
``lowering``         how a framework's spellings are looked up
``values``           numbers as every adapter is given them
``numpy_reference``  the reference, and the truth
``torch``, ``jax``   the frameworks, each with its spellings in ``…_lowerings``
"""

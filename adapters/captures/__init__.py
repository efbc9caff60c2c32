"""Captures: a framework's own function becomes a Program, the opposite of a lowering.

In goes a module or a function with the arrays it is called on; out comes a ``Captured``: a program
of the table's operations, whose instructions know their source line and module path, with its
parameters, inputs, outputs and state. What cannot be captured is named, with its place.
"""

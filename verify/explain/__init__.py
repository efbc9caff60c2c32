"""A case worked through as a teacher would, number by number.

In goes a task; out comes a derivation: sections of equations and tables, then their text.
"""

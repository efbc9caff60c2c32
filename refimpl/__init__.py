"""The reference: reverse-mode differentiation by hand over NumPy arrays.

``tape``        records operations and walks them backwards
``operation``   what one operation is: forward, VJPs, formulas, where to sample it
``ops``         the table of operations, one row each
``optimizers``  update rules
``rounding``    how far rounding alone can move a result
``errors``      the project's exceptions
"""

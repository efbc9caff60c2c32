"""PyTorch's modules and functions as programs.

In goes a module or a function with the arguments of one call; out comes a ``Captured``. The call
is exported (``exporting``) or, where its flow depends on data, run once and written down
(``recording``); both hand each aten operation to the ``Writer``, whose lowerings make
instructions of it.
"""

from .capturing import capture

__all__ = ["capture"]

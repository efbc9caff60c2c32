"""JAX's functions and modules as programs.

In goes a function of parameters, which ``pure`` makes of a module, with the arguments of one call;
out comes a ``Captured``. The function is traced, and the ``Interpreter`` goes through its jaxpr
once: what depends on no floating leaf is folded, and each other equation is written down by its
row in ``primitives``.
"""

from .capturing import capture, path_name
from .modules import Pure, pure

__all__ = ["Pure", "capture", "path_name", "pure"]

"""Each framework's public functions, found by looking at its modules."""

import importlib
import pkgutil
from types import ModuleType

import jax.scipy

#: Framework → the modules that are looked at.
MODULES = {
    "torch": ("torch", "torch.nn.functional", "torch.linalg", "torch.special", "torch.fft"),
    "jax": (
        *("jax.numpy", "jax.numpy.fft", "jax.numpy.linalg", "jax.nn", "jax.lax"),
        *("jax.lax.linalg", "jax.ops", "jax.image"),
        *(m.name for m in pkgutil.walk_packages(jax.scipy.__path__, "jax.scipy.")),
    ),
    "optax": ("optax", "optax.losses", "optax.contrib"),
}


def functions(module):
    """A module's public functions by name: what is called and is no class, type or module.

    A name that ends in _ writes its argument, and is the same function but for that.
    """
    names = [n for n in dir(module) if not n.startswith("_") and not n.endswith("_")]
    found = {name: getattr(module, name) for name in names}
    return {name: f for name, f in found.items() if _is_function(f)}


def _is_function(f):
    if not callable(f) or isinstance(f, type | ModuleType):
        return False
    return not hasattr(f, "__origin__") and type(f).__module__ != "typing"


def modules(framework):
    """The modules that are looked at, by name."""
    return {name: importlib.import_module(name) for name in MODULES[framework]}

"""A user's code on copies of the modules that it reaches, so that his own are left alone."""

from __future__ import annotations

import copy
import functools
import inspect
import types
from collections.abc import Mapping
from typing import Any

from torch import nn

from .calling import INNER, looked_up, modules_of, modules_within, uncompiled


class Held:
    """The modules that a code reaches.

    Where it reaches one alone, names are those of that module's state dict; of several, each has
    the name of the variable that holds it in front.
    """

    def __init__(self, code: Any) -> None:
        self.code = looked_up(code)
        found = list(modules_of(uncompiled(code)))
        self.modules = {"" if len(found) == 1 else name: module for name, module in found}
        #: What a capture calls the names of a module's own, where a code reaches one alone.
        self.prefix = f"{found[0][0]}." if len(found) == 1 and found[0][0] != INNER else ""

    def copies(self) -> dict[str, nn.Module]:
        """Copies of the modules, by name."""
        return {name: copy.deepcopy(module) for name, module in self.modules.items()}

    def on(self, copies: Mapping[str, nn.Module]) -> Any:
        """The code, with these modules in place of its own."""
        replaced = {id(self.modules[name]): module for name, module in copies.items()}
        return _rebuilt(self.code, replaced)


def _rebuilt(code: Any, replaced: Mapping[int, nn.Module]) -> Any:
    compiled = getattr(code, "_orig_mod", None)
    if compiled is not None:  # compiled again, as the user did
        return type(code)(_rebuilt(compiled, replaced), code.dynamo_ctx)
    if isinstance(code, nn.Module):
        return replaced.get(id(code), code)
    if isinstance(getattr(code, "__self__", None), nn.Module):
        return getattr(_rebuilt(code.__self__, replaced), code.__name__)
    if isinstance(code, functools.partial):
        args = (_rebuilt(x, replaced) for x in code.args)
        keywords = {name: _rebuilt(x, replaced) for name, x in code.keywords.items()}
        return functools.partial(_rebuilt(code.func, replaced), *args, **keywords)
    if inspect.isfunction(code) and any(True for _ in modules_of(code)):
        return _function(code, replaced)
    return code


def _function(code: types.FunctionType, replaced: Mapping[int, nn.Module]) -> types.FunctionType:
    """A function with other modules where it has variables that are not its own."""

    def other(x: Any) -> Any:
        whole = isinstance(x, nn.Module) or any(True for _ in modules_within(x))
        return _rebuilt(x, replaced) if whole else x

    around = {name: other(code.__globals__[name]) for name in _named(code)}
    cells = tuple(types.CellType(other(cell.cell_contents)) for cell in code.__closure__ or ())
    made = types.FunctionType(
        code.__code__, {**code.__globals__, **around}, code.__name__, code.__defaults__, cells
    )
    made.__kwdefaults__ = code.__kwdefaults__
    functools.update_wrapper(made, code)
    return made


def _named(code: types.FunctionType) -> list[str]:
    """The global variables that a function names."""
    return [name for name in code.__code__.co_names if name in code.__globals__]

"""Where an equation of a jaxpr comes from: the user's own line, and the module's path."""

from __future__ import annotations

import linecache
import re
import sysconfig
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..captured import Place

#: Libraries whose frames are passed over: their users' lines are wanted.
LIBRARIES = ("jax", "jaxlib", "flax", "equinox", "haiku", "optax", "chex", "jaxtyping")

#: Parts of a name stack that JAX puts there, an einsum's equation among them, or equinox.
_TRANSFORMS = re.compile(
    r".*[^\w.\-].*|checkpoint|rematted_computation|while|scan|body|cond|closed_call"
    r"|custom_jvp_call|custom_vjp_call|branch_\d+_fun|eqx\.nn\.\w+"
)

#: What a transformation wraps a part in, as ``jvp(Dense_0)``.
_WRAPPED = re.compile(r"(?:jvp|transpose|vmap|pmap|remat|checkpoint)\((.*)\)")


def place_of(equation: Any, outer: Place, path: tuple[str, ...]) -> Place:
    """The innermost line of an equation that is a user's, or else ``outer``, with its module.

    ``path`` is the stack of names of the calls around it.
    """
    module = ".".join((*path, *names_of(equation)))
    traceback = equation.source_info.traceback
    for frame in traceback.frames if traceback else ():
        if is_users(frame.file_name):
            line = frame.line_num
            code = linecache.getline(frame.file_name, line).strip()
            return Place(module, shortened(frame.file_name), line, code)
    return Place(module, outer.file, outer.line, outer.code)


def names_of(equation: Any) -> tuple[str, ...]:
    """The names of modules and scopes around an equation, as its own jaxpr has them."""
    names = []
    for part in str(equation.source_info.name_stack).split("/"):
        name, wrapped = part, _WRAPPED.fullmatch(part)
        while wrapped:
            name, wrapped = wrapped[1], _WRAPPED.fullmatch(wrapped[1])
        if name and not _TRANSFORMS.fullmatch(name):
            names.append(name)
    return tuple(names)


@cache
def is_users(file: str) -> bool:
    """Whether a file is neither a library's, nor Python's, nor this capture's own."""
    return not file.startswith("<") and not any(Path(file).is_relative_to(x) for x in _passed())


@cache
def shortened(file: str) -> str:
    """A path below the present folder from there; any other in full."""
    path = Path(file)
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def within_jax(info: str) -> str:
    """Of ``relu at /…/jax/_src/nn/functions.py:71`` its place in JAX, ``nn/functions.relu``.

    Empty for a function that is not JAX's own.
    """
    name, _, where = (info or "").partition(" at ")
    file = Path(where.rpartition(":")[0])
    home = _home("jax")
    if home is None or not file.is_relative_to(home):
        return ""
    inside = file.relative_to(home).with_suffix("")
    return f"{'/'.join(part for part in inside.parts if part != '_src')}.{name}"


@cache
def _passed() -> tuple[Path, ...]:
    libraries = [home for home in map(_home, LIBRARIES) if home is not None]
    python = Path(sysconfig.get_path("stdlib"))
    own = (Path(__file__).parents[3] / name for name in ("adapters", "cases", "refimpl", "verify"))
    return (*libraries, *(p for p in python.iterdir() if p.name != "site-packages"), *own)


def _home(library: str) -> Path | None:
    spec = find_spec(library)
    return Path(spec.origin).parent if spec and spec.origin else None

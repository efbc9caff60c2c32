"""Which of a framework's own functions a case may call: decided by name, without importing it."""

from __future__ import annotations

from .faults import nearest, one_of
from .foreign import meant, meant_class
from .native_names import NAMES

#: First words of dotted names that belong to a framework.
ROOTS = {
    "torch": "torch",
    "jax": "jax",
    "optax": "jax",
    "autograd": "autograd",
    "mlx": "mlx",
    "tensorflow": "tensorflow",
    "paddle": "paddle",
}


#: Framework → what people write for a module of its own → that module's name.
ALIASES = {
    "torch": {"F": "torch.nn.functional", "nn": "torch.nn"},
    "jax": {"jnp": "jax.numpy", "lax": "jax.lax", "jsp": "jax.scipy", "nn": "jax.nn"},
}


def unabridged(name: str, framework: str | None) -> str:
    """A dotted name in full, where the text's framework has a usual short form of its beginning."""
    first, dot, rest = name.partition(".")
    module = ALIASES.get(framework or "", {}).get(first)
    return f"{module}.{rest}" if module and dot else name


def is_native(name: str) -> bool:
    """Whether a dotted name belongs to a framework rather than to the operation table."""
    return name.partition(".")[0] in ROOTS


def refusal(name: str, framework: str | None) -> str:
    """Why a native call is refused, or an empty text where it may be made.

    Parameters
    ----------
    name
        As written: ``torch.nn.functional.gelu``.
    framework
        Whose text it stands in; None for a text that all share.
    """
    owner = ROOTS[name.partition(".")[0]]
    ours = meant(name)
    instead = f"; did you mean {ours!r}?" if ours else ""
    if framework is None:
        return (
            f"{name} is {owner}'s own and the text is for every framework, expected an operation "
            f"of the table, or one text a framework: program: {{{owner}: …, numpy: …}}{instead}"
        )
    if framework == "numpy":
        return (
            f"{name} stands in the text for numpy, which is the reference's and cannot be "
            f"native, expected operations of the table{instead}"
        )
    if framework not in NAMES or owner != framework:
        own = f"expected {framework}'s own functions or operations of the table"
        return f"{name} stands in the text for {framework}, {own}{instead}"
    namespace, _, function = name.rpartition(".")
    allowed = NAMES[framework]
    if namespace not in allowed:
        return _no_namespace(name, framework)
    if function in allowed[namespace]:
        return ""
    close = nearest(function, allowed[namespace])
    elsewhere = [other for other in allowed if function in allowed[other]]
    if elsewhere:
        close_name = f"{elsewhere[0]}.{function}"
    else:
        close_name = f"{namespace}.{close}" if close else ""
    hint = f"; did you mean {close_name!r}?" if close_name else ""
    return (
        f"{name} may not be called, expected one of {namespace}'s pure numeric functions on the "
        f"allow-list{hint}"
    )


def _no_namespace(name: str, framework: str) -> str:
    """Why a function is refused that stands in none of the namespaces: perhaps it is a class."""
    made = meant_class(name, framework)
    if made:
        return f"{name} may not be called, expected a function{made}"
    namespace, allowed = name.rpartition(".")[0], NAMES[framework]
    close = nearest(namespace, allowed)
    hint = f"; did you mean {close!r}?" if close else ""
    return f"{name} may not be called, expected a function of {one_of(allowed)}{hint}"

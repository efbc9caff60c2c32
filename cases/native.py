"""Which of a framework's own functions a case may call: decided by name, without importing it."""

from __future__ import annotations

from .faults import nearest, one_of
from .native_names import NAMES

#: First words of dotted names that belong to a framework.
ROOTS = {
    "torch": "torch",
    "jax": "jax",
    "optax": "jax",
    "autograd": "autograd",
    "mlx": "mlx",
}


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
    if framework is None:
        return (
            f"{name} is {owner}'s own and the text is for every framework, expected an operation "
            f"of the table, or one text a framework: program: {{{owner}: …, numpy: …}}"
        )
    if framework == "numpy":
        return (
            f"{name} stands in the text for numpy, which is the reference's and cannot be "
            "native, expected operations of the table"
        )
    if framework not in NAMES or owner != framework:
        return f"{name} stands in the text for {framework}, expected {framework}'s own functions"
    namespace, _, function = name.rpartition(".")
    allowed = NAMES[framework]
    if namespace not in allowed:
        close = nearest(namespace, allowed)
        hint = f"; did you mean {close!r}?" if close else ""
        return f"{name} may not be called, expected a function of {one_of(allowed)}{hint}"
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

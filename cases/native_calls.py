"""What a framework's own function may not be asked for, though its name is on the list.

A function that writes to its arguments or draws random numbers gives another result the second time
(running statistics are a step's own: what they begin as is handed out anew); one that is handed a
number of terms or repetitions may never end. Both are told by how it is called: by keyword or by
position.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from .program import Const

#: Keywords that make a function write to its arguments.
WRITING = frozenset(("out", "inplace"))

#: What a number of terms, derivatives or repetitions may be.
MOST = 1_000


class At(NamedTuple):
    """An argument: its place, its keyword, and what it is where it is not given."""

    position: int
    keyword: str
    default: Any = None


_F = "torch.nn.functional"

#: Function → the flag that makes it write to its first argument.
_IN_PLACE = {
    f"{_F}.{name}": At(position, "inplace", default=False)
    for position, names in {
        1: "relu relu6 selu silu mish hardsigmoid hardswish",
        2: "elu celu leaky_relu",
        3: "hardtanh threshold",
    }.items()
    for name in names.split()
}

#: Function → the bound to which it scales the rows of its table, in place.
_RESCALING = {
    f"{_F}.embedding": At(3, "max_norm"),
    f"{_F}.embedding_bag": At(3, "max_norm"),
}

#: Function → how much of it is dropped at random.
_RANDOM = {
    f"{_F}.scaled_dot_product_attention": At(4, "dropout_p", 0.0),
    f"{_F}.multi_head_attention_forward": At(10, "dropout_p", 0.0),
}

#: Torch's polynomials, which loop up to their degree; it may be an array.
DEGREES = tuple(
    f"torch.special.{name}"
    for name in (
        *("chebyshev_polynomial_t", "chebyshev_polynomial_u", "hermite_polynomial_h"),
        *("hermite_polynomial_he", "laguerre_polynomial_l", "legendre_polynomial_p"),
    )
)

#: Function → a number of terms, derivatives, repetitions or iterations.
_COUNTS = {
    **dict.fromkeys(DEGREES, At(1, "n")),
    "torch.polygamma": At(0, "n"),
    "torch.special.polygamma": At(0, "n"),
    "torch.mvlgamma": At(1, "p"),
    "torch.special.multigammaln": At(1, "p"),
    "torch.diff": At(1, "n"),
    "torch.matrix_power": At(1, "n"),
    "torch.linalg.matrix_power": At(1, "n"),
    "torch.combinations": At(1, "r"),
    "torch.rot90": At(1, "k"),
    "jax.numpy.diff": At(1, "n"),
    "jax.numpy.polyder": At(1, "m"),
    "jax.numpy.polyint": At(1, "m"),
    "jax.numpy.linalg.matrix_power": At(1, "n"),
    "jax.lax.integer_pow": At(1, "y"),
    "jax.scipy.special.multigammaln": At(1, "d"),
    "jax.scipy.special.bernoulli": At(0, "n"),
    "jax.scipy.special.bessel_jn": At(99, "n_iter"),
    "jax.scipy.special.polygamma": At(0, "n"),
}


def objection(name: str, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> str:
    """Why a function may not be called so; an empty text where it may.

    Parameters
    ----------
    name
        The function's dotted name.
    arguments
        What stands by position: ``Ref``, ``Const`` or None.
    keywords
        Constants by their keywords.
    """

    def given(at: At) -> Any:
        if at.keyword in keywords:
            return keywords[at.keyword]
        if at.position < len(arguments):
            found = arguments[at.position]
            return found.value if isinstance(found, Const) else found
        return at.default

    for reason in (_changes(name, given), _is_random(name, given), _is_endless(name, given)):
        if reason:
            return reason
    return ""


def _changes(name: str, given: Callable[[At], Any]) -> str:
    """What it would write to."""
    if name in _IN_PLACE and given(_IN_PLACE[name]) is not False:
        return f"{name} would write to its argument (inplace), expected False or nothing there"
    if name in _RESCALING and given(_RESCALING[name]) is not None:
        return f"{name} would rescale its table in place (max_norm), expected nothing there"
    return ""


def _is_random(name: str, given: Callable[[At], Any]) -> str:
    if name in _RANDOM and given(_RANDOM[name]) not in (0, 0.0, None):
        return f"{name} would drop numbers at random (dropout_p), expected 0.0 there"
    return ""


def _is_endless(name: str, given: Callable[[At], Any]) -> str:
    count = given(_COUNTS[name]) if name in _COUNTS else None
    if isinstance(count, int | float) and not abs(count) <= MOST:
        return f"{name} of {count:.6g} ({_COUNTS[name].keyword}), expected at most {MOST}"
    return ""

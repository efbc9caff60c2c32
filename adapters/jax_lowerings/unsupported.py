"""What JAX and optax have no way to do, and why.

What they do in part says so where it is spelled.
"""

from __future__ import annotations

#: operation → the reason.
OPERATIONS: dict[str, str] = {
    **dict.fromkeys(("bessel_y0", "bessel_y1"), "it has no such function"),
    **dict.fromkeys(
        ("bessel_j0", "bessel_j1"),
        "jax.scipy.special.bessel_jn goes down from order 50, which is right of few numbers",
    ),
}

#: rule → the reason.
RULES: dict[str, str] = {
    "asgd": "no rule of it averages the parameters",
    "rprop": "its own applies at each step what it computed at the one before",
}

#: schedule → the reason. optax has all of them.
SCHEDULES: dict[str, str] = {}

#: clip → the reason. optax has all of them.
CLIPS: dict[str, str] = {}

#: What JAX says of arguments that an operation of it takes none of.
REFUSES = (
    "does not accept dtype complex",  # erf, lgamma and their kin are of real numbers
    "Betainc gradient with respect to a and b not supported",
    *(f"dtype={name} is not supported" for name in ("bfloat16", "float16")),
    "RFFT input must be float32 or float64",
    *(f"complex does not accept dtype {name}" for name in ("bfloat16", "float16")),
    *(  # of a real and a complex array
        f"lax.conv_general_dilated requires arguments to have the same dtypes, got {a}, {b}"
        for real, other in (("float32", "complex64"), ("float64", "complex128"))
        for a, b in ((real, other), (other, real))
    ),
    "scatter_mul gradients are only implemented if",  # places that are known to be met once
)

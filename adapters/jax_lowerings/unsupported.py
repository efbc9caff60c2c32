"""What JAX and optax have no way to do, and why.

What they do in part says so where it is spelled.
"""

from __future__ import annotations

#: operation → the reason. JAX has all of them.
OPERATIONS: dict[str, str] = {}

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
    "scatter_mul gradients are only implemented if",  # places that are known to be met once
)

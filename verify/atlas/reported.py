"""Which entries of the atlas are worth a report to a framework's developers.

Wrong values and gradients, NaN where the truth is finite, and infinite errors; one of each kind of
fault, the simplest. What is a convention, a kink or a matter of taste is none.
"""

from __future__ import annotations

#: Framework → entries that show a fault of its own.
REPORTED: dict[str, tuple[str, ...]] = {
    "torch": (
        "lp-pool-negative",
        "soft-margin-overflow",
        "ctc-log-probabilities",
        "det-singular",
        "log-sum-exp-of-huge-equal-numbers",
        "fmod-of-numbers-far-apart",
        "duplicate-indices-in-index-copy",
        "batch-norm-of-one-example-turned",
        "bce-gradient-floor",
        "rms-norm-slope-of-large-numbers",
        "update-centered-rmsprop-constant",
        "polar-of-a-negative-magnitude",
        "prod-of-infinity",
        "celu-slope-of-a-float32-alpha",
        "trigamma-at-a-pole",
        "log-ndtr-slope-at-minus-1e8",
        "gelu-tail",
        "bce-logits-infinite-wrong",
    ),
    "jax": (
        "quotient-of-huge-numbers",
        "quotient-of-tiny-numbers",
        "hypot-of-huge-sides",
        "hypot-with-a-zero-side-and-a-tiny-one",
        "atan2-of-tiny-sides",
        "trigamma-at-negative-numbers",
        "polygamma-at-a-negative-number",
        "dilogarithm-at-one",
        "logsumexp-with-a-weight-of-zero",
        "logaddexp-with-an-infinity",
        "logaddexp-of-huge-equal-numbers",
        "acosh-left-half-plane",
        "complex-sign-gradient",
        "complex-divide-large",
        "standardize-offset",
        "betaln-beyond-eight",
        "ndtri-at-its-ends",
        "matrix-exp-past-its-range",
        "det-empty",
        "softsign-slope-in-float16",
        "huber-slope-of-a-small-error",
        "bce-with-logits-target-of-small-logits",
        "log-cosh-small",
        "hyp1f1-at-minus-sixty",
    ),
    "autograd": (
        "repeat-along-the-last-axis",
        "axes-permuted-from-the-end",
        "where-of-a-broadcast-branch",
        "diagonal-matrix-of-one-row",
        "trace-by-einsum",
        "one-system-for-a-stack",
        "unit-diagonal-of-a-triangle",
        "forward-norm-of-a-real-transform",
        "named-norm-of-a-real-transform",
        "largest-magnitude-as-a-norm",
        "scaled-bessel-function-at-zero",
        "fewer-repetitions-than-axes",
        "normalize-of-zero",
        "prod-with-a-zero",
        "diagonals-of-axes",
    ),
}


def pairs() -> list[tuple[str, str]]:
    """Each entry with the framework that it is reported of."""
    return [(name, adapter) for adapter, names in REPORTED.items() for name in names]

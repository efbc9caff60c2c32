"""An example of every key of a case file, for its JSON Schema and the documentation.

They are of the worked example's tensors, ``x``, ``y``, ``W`` and ``b``, and its variables ``z``,
``a`` and ``loss``; a test runs each.
"""

from __future__ import annotations

from typing import Any

#: A model → its key, as it is written → a value of it.
EXAMPLES: dict[str, dict[str, Any]] = {
    "CaseModel": {
        "case": "one-layer",
        "about": "One linear unit and a squared error, the worked example.",
        "tags": ["basics"],
        "inputs": {"x": 1.0, "y": 0.0},
        "params": {"W": 0.5, "b": {"zeros": []}},
        "program": "z = W * x + b\na = z\nloss = (a - y) ** 2",
        "maps": {"jax": {"kernel": "W.T"}},
        "output": "loss",
        "cotangent": [1.0, -2.0],
        "tangents": {"W": 1.0},
        "checks": ["value", "grad", "jvp", "hvp"],
        "optimizer": {"adamw": {"lr": 0.01, "weight_decay": 0.1}},
        "groups": {"b": {"lr": 0.02}},
        "schedule": {"cosine": {"steps": 4}},
        "clip": {"global_norm": {"max": 1.0, "eps": 0.0}},
        "native": {"torch": {"optimizer": {"SGD": {"lr": 0.1}}}},
        "state": {"m": {"from": 0.0, "next": "new_m"}},
        "accumulate": {"passes": 2, "as": "mean"},
        "loss-scale": {"init": 1024.0, "growth": 2.0, "backoff": 0.5, "every": 2},
        "ema": {"decay": 0.99, "start": "params"},
        "steps": 3,
        "batch": {"size": 4, "order": "shuffled"},
        "dtypes": ["float64", "float32", "bfloat16"],
        "sweep": {"act": ["relu", "tanh"]},
        "expect": {
            "value": {"loss": 0.25},
            "grad": {"W": 1.0},
            "update": {"W": {"is": 0.4, "within": 5e-5}},
        },
        "tolerance": {"rel": 1e-6, "because": "The published numbers have six digits."},
        "divergences": [
            {
                "adapters": ["jax"],
                "check": "grad",
                "tensor": "W",
                "kind": "kink",
                "value": 0.5,
                "because": "At a tie JAX takes half of the cotangent.",
                "agree-by": "Write where(a > 0, a, 0).",
            }
        ],
        "versions": {"torch": "2.13.0", "jax": "0.10.2"},
        "modes": {"jax": "eager"},
        "avoid": 0.05,
        "skip": {"torch": "It has no such operation."},
    },
    "ExpectModel": {
        "at": {"act": "relu"},
        "value": {"z": 0.5, "loss": 0.25},
        "grad": {"z": 1.0, "W": {"between": [0, 1]}},
        "jvp": {"loss": 1.0},
        "hvp": {"W": 2.0},
        "update": {"W": 0.4, "b": -0.1},
    },
    "Rounded": {"is": 0.298371109, "within": 5e-10},
    "Between": {"between": [0, 1], "total": 1},
    "DivergenceModel": {
        "adapters": ["torch", "jax"],
        "check": "grad",
        "tensor": "x",
        "kind": "kink",
        "because": "JAX splits the cotangent evenly among tied maxima.",
        "value": [0.5, 0.5],
        "bound": {"rel": 1e-6, "abs": 1e-9},
        "between": [0.0, 1.0],
        "returned-dtype": "float32",
        "raises": "not implemented for",
        "from": 2,
        "agree-by": {"say": "Write the cube.", "jax": "y = x * x * x"},
        "see": "https://github.com/jax-ml/jax/issues/10515",
        "at": {"act": "relu"},
        "dtypes": ["float32"],
        "processors": "some",
    },
    "BoundModel": {"rel": 1e-6, "abs": 1e-9, "steps": "some"},
    "ToleranceModel": {
        "because": "The published numbers have six digits.",
        "rel": 1e-6,
        "abs": 1e-9,
    },
    "BatchModel": {"size": 4, "order": "shuffled"},
    "StateModel": {"from": {"zeros": [3]}, "next": "new_m"},
    "AccumulateModel": {"passes": 4, "as": "mean"},
    "LossScaleModel": {"init": 65536.0, "growth": 2.0, "backoff": 0.5, "every": 2000},
    "EmaModel": {"decay": 0.99, "start": "params", "debias": True},
    "NativeModel": {
        "optimizer": {"AdamW": {"lr": 0.01}},
        "schedule": {"CosineAnnealingLR": {"T_max": 4}},
        "clip": {"clip_grad_norm_": {"max_norm": 1.0}},
        "accumulate": {"MultiSteps": {"every_k_schedule": 2}},
        "loss-scale": {"GradScaler": {"init_scale": 1024.0}},
        "ema": {"get_ema_multi_avg_fn": {"decay": 0.99}},
    },
    "Normal": {"normal": [3, 4], "scale": 0.5, "loc": 0},
    "Uniform": {"uniform": [3, 4], "low": -1, "high": 1},
    "Integers": {"integers": [8], "low": 0, "high": 10},
    "Zeros": {"zeros": [3]},
    "Ones": {"ones": [3]},
    "Full": {"full": [3], "value": 2},
    "Eye": {"eye": 3},
    "Linspace": {"linspace": [0, 1, 5]},
    "Spd": {"spd": 4},
    "Orthogonal": {"orthogonal": 4},
    "Parts": {"re": [1.0, 0.5], "im": [0.0, 2.0]},
    "Complex": {"complex": {"re": [1.0, 0.5], "im": [0.0, 2.0]}},
    "File": {"file": "digits.npz", "key": "images", "rows": [0, 256], "scale": 0.0625},
}

#: The keys that every tensor written as a mapping has, beside those of its kind.
OF_EVERY_TENSOR: dict[str, Any] = {"dtype": "int64", "seed": 7}


def example(model: str, key: str) -> Any:
    """The example of one key of a model.

    Raises
    ------
    KeyError
        Where it has none.
    """
    own = EXAMPLES[model]
    return own[key] if key in own else OF_EVERY_TENSOR[key]

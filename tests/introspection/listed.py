"""What no operation of the table stands for by itself, and why: a line a function in ``*.yaml``.

A reason begins with one of ``KINDS``; what follows the first four is held by tests.
"""

from pathlib import Path

from ruamel.yaml import YAML

#: How a reason begins → what follows.
KINDS = {
    "is ": "the operation, or the update rule, that it is by another name",
    "parts: ": "a call of it, which captures write as the operations that it consists of",
    "database: ": "the entry of PyTorch's database of operations by which it is compared",
    "inside ": "the update rule that it is a part of, and is compared in",
    "alias of ": "another function, which is accounted for",
    "no derivative: ": "why",
    "makes arrays: ": "of what",
    "draws: ": "what",
    "no array function: ": "what it is",
    "takes functions: ": "what is asked of it",
    "kernel: ": "of which machine or storage",
    "devices: ": "what passes between them",
    "gone: ": "what it says when it is called",
    "missing: ": "what it is, in which this project has a gap",
}

#: framework → module → function → the reason.
LISTED = {
    framework: YAML(typ="safe").load(Path(__file__).with_name(f"{framework}.yaml"))
    for framework in ("torch", "jax", "optax")
}


def lines():
    """Framework, module, function and reason of every line."""
    for framework, modules in LISTED.items():
        for module, functions in modules.items():
            for name, reason in functions.items():
                yield framework, module, name, reason


def of_kind(kind):
    """Framework, module, function, and what follows the kind, of every line of that kind."""
    assert kind in KINDS
    for framework, module, name, reason in lines():
        if reason.startswith(kind):
            yield framework, module, name, reason.removeprefix(kind)

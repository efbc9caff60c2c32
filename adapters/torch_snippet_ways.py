"""How a program is run in another way than eagerly, in a few lines of PyTorch.

Each is what ``torch_steps.WAYS`` does by the same name.
"""

from __future__ import annotations

from collections.abc import Iterable

from .snippets.writer import Labelled, indented

#: What wraps the whole program as a function ``f``.
WRAPPED = {
    "checkpoint": "torch.utils.checkpoint.checkpoint(f, {given}, use_reentrant=False)",
    "compile": "torch.compile(f, dynamic=False)({given})",
}

#: What every operation is run under: inductor's decompositions, uncompiled.
DECOMPOSING = """\
class Decomposing(TorchDispatchMode):
    table = select_decomp_table()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func in self.table:
            with self:
                made = self.table[func](*args, **(kwargs or {}))
            if made is not NotImplemented:
                return made
        return func(*args, **(kwargs or {}))
"""

#: What is run inside of a block: its first line.
WITHIN = {
    "decomposed": "with Decomposing():",
    "autocast": 'with torch.autocast("cpu", dtype=torch.bfloat16):',
}

#: Further imports.
IMPORTS = {
    "checkpoint": ["import torch.utils.checkpoint"],
    "decomposed": [
        "from torch._inductor.decomposition import select_decomp_table",
        "from torch.utils._python_dispatch import TorchDispatchMode",
    ],
}

#: The ways that can be written so.
TOLD = (*WRAPPED, *WITHIN, "func")


def function(body: Iterable[str], params: Iterable[str], results: str) -> str:
    """The program as a function ``f``."""
    inside = "\n".join(indented([*body]))
    return f"def f({', '.join(params)}):\n{inside}\n    return {results}"


def by_func(
    body: list[str], moving: list[str], grads: list[str], output: str, others: list[str], g: str
) -> tuple[list[str], list[Labelled]]:
    """``torch.func.vjp``, and the gradients that come of it."""
    aux = ", ".join(others)
    given = ", ".join(moving)
    results = f"{output}, ({aux},)" if others else output
    made = f"{output}, back" + (f", ({aux},)" if others else "")
    more = ", has_aux=True" if others else ""
    lines = [function(body, moving, results), f"{made} = torch.func.vjp(f, {given}{more})"]
    if not grads:
        return lines, []
    lines.append(f"grads = back({g or f'torch.ones_like({output})'})")
    return lines, [(f"{k}.grad", f"grads[{moving.index(k)}].tolist()") for k in grads]

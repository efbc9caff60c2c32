"""A task as a few lines of HIPS autograd."""

from __future__ import annotations

import numpy as np

from ..refimpl.errors import Unsupported
from .autograd_lowerings import LOWERINGS
from .snippets.code import data
from .snippets.looping import word
from .snippets.writer import Labelled, Writer, indented


class AutogradWriter(Writer):
    """A function, ``make_vjp`` of it, and a print; no loop of training."""

    framework = "autograd"
    lowerings = LOWERINGS
    new = "autograd.numpy.array"
    zeros = "autograd.numpy.zeros"
    ones_like = "autograd.numpy.ones_like"

    def imports(self) -> list[str]:
        """Autograd's modules that the text names."""
        text = "\n".join(self.body)
        deep = [f"autograd.scipy.{name}" for name in ("special", "linalg", "signal", "stats.norm")]
        return [f"import {', '.join(['autograd.numpy', *(name for name in deep if name in text)])}"]

    def dtype(self, name: str) -> str:
        """By position."""
        return f'"{name}"'

    def array(self, x: np.ndarray, *, param: bool = False) -> str:
        """A number where there are no axes, as autograd's own functions have it."""
        if x.ndim or x.dtype.kind in "bi":
            return super().array(x, param=param)
        return f"autograd.numpy.{x.dtype.name}({data(x)})"

    def contracting(self, g: np.ndarray) -> np.ndarray:
        """Autograd contracts with the cotangent itself, the contract with its conjugate."""
        return np.conj(g)

    def gradients(self) -> tuple[list[str], list[Labelled]]:
        """The program as a function, its backward pass, and the gradients that come of it."""
        shown, output = self.shown, self.output
        others = [word(k) for k in shown.values if word(k) != output]
        if others:
            raise Unsupported("a function of autograd's hands its output back alone")
        params = list(self.task.params)
        body = "\n".join(indented([*self.body, f"return {output}"]))
        lines = [f"def f({', '.join([*params, *self.task.inputs])}):\n{body}"]
        every = ", ".join([*params, *self.task.inputs])
        if not shown.grads:
            return [*lines, f"{output} = f({every})"], []
        lines.append(f"back, {output} = autograd.make_vjp(f, {tuple(range(len(params)))})({every})")
        lines.append(f"grads = back({self.cotangent() or '1.0'})")
        grads = []
        for number, name in enumerate(params):
            turned = ".conj()" if self.task.params[name].dtype.kind == "c" else ""
            text = f"autograd.numpy.asarray(grads[{number}]){turned}.tolist()"
            grads.append((f"{name}.grad", text))
        return lines, [pair for pair in grads if pair[0].removesuffix(".grad") in shown.grads]

    def training(self) -> tuple[list[list[str]], list[str], list[Labelled]]:
        """Not written down: autograd's optimizers are functions with callbacks."""
        raise Unsupported("no loop of autograd's is written down")

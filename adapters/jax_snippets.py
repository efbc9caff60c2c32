"""A task as a few lines of JAX."""

from __future__ import annotations

import numpy as np

from .jax_lowerings import LOWERINGS
from .jax_training import spelled
from .snippets.writer import Labelled, Writer, indented


class JaxWriter(Writer):
    """A jitted function, its gradients and a print; or a loop of training. In 64 bits."""

    framework = "jax"
    lowerings = LOWERINGS
    new = "jax.numpy.array"
    zeros = "jax.numpy.zeros"
    ones_like = "jax.numpy.ones_like"

    def imports(self) -> list[str]:
        """JAX's and optax's, and the short names that functions are spelt with."""
        trains = self.task.update is not None
        text = "\n".join(self.body) + (spelled(self.task) if trains else "")
        names = ["jax"] + ["optax"] * ("optax" in text or trains) + ["math"] * ("math." in text)
        shorts = "; import jax.numpy as jnp" if "jnp." in text else ""
        deep = "; import jax.scipy.special" if "jax.scipy.special" in text else ""
        return [f"import {', '.join(names)}{shorts}{deep}"]

    def settings(self) -> list[str]:
        """64 bits, as the adapter runs it."""
        return ['jax.config.update("jax_enable_x64", True)']

    def dtype(self, name: str) -> str:
        """By position."""
        return f'"{name}"'

    def contracting(self, g: np.ndarray) -> np.ndarray:
        """JAX contracts with the cotangent itself, the contract with its conjugate."""
        return np.conj(g)

    def gradients(self) -> tuple[list[str], list[Labelled]]:
        """The program as a function, the calls of it, and the gradients that come of them."""
        others = [k for k in self.shown.values if k != self.output]
        *lines, function = self._function(others)
        return [*lines, *self._calls(others, function)], self._labelled()

    def _function(self, others: list[str]) -> list[str]:
        """The program as a function, and what it is called: a lambda where it is one expression."""
        body, output = self.body, self.output
        names = ", ".join([*self.task.params, *self.task.inputs])
        if len(body) == 1 and not others and body[0].startswith(f"{output} = "):
            return [f"lambda {names}: {body[0].partition(' = ')[2]}"]
        inside = "\n".join(indented(body))
        result = f"{output}, ({', '.join(others)},)" if others else output
        return [f"def f({names}):\n{inside}\n    return {result}", "f"]

    def _calls(self, others: list[str], function: str) -> list[str]:
        """The calls that give the output, other variables and the gradients."""
        task, output = self.task, self.output
        jit = "{}" if self.mode == "eager" else "jax.jit({})"
        every = ", ".join([*task.params, *task.inputs])
        results = f"({output}, ({', '.join(others)},))" if others else output
        aux = ", has_aux=True" if others else ""
        if not self.shown.grads:
            called = jit.format(function)
            called = f"({called})" if called.startswith("lambda") else called
            return [f"{results} = {called}({every})"]
        cotangent = self.cotangent()
        if cotangent:
            more = f", ({', '.join(others)},)" if others else ""
            return [
                f"{output}, back{more} = jax.vjp({jit.format(function)}, {every}{aux})",
                f"grads = back({cotangent})",
            ]
        places = f", argnums={tuple(range(len(task.params)))}" if len(task.params) > 1 else ""
        made = f"jax.value_and_grad({function}{places}{aux})"
        return [f"{results}, grads = {jit.format(made)}({every})"]

    def _labelled(self) -> list[Labelled]:
        single = len(self.task.params) == 1 and not self.cotangent()
        found = []
        for number, (name, x) in enumerate(self.task.params.items()):
            if name not in self.shown.grads:
                continue
            text = "grads" if single else f"grads[{number}]"
            if x.dtype.kind == "c" and self.mode != "conjugate":
                text = f"{text}.conj()"  # to ∂L/∂Re + i·∂L/∂Im
            found.append((f"{name}.grad", f"{text}.tolist()"))
        return found

    def training(self) -> tuple[list[list[str]], list[str], list[Labelled]]:
        """The optimizer, the loss and a compiled update; a call of it; the tree of parameters."""
        task = self.task
        first, *others = spelled(task).split("\n")
        assert not others, "optax chains what torch has as several calls"
        names = ", ".join([*task.params, *task.inputs])
        inside = "".join(f"{line}\n" for line in indented(self.body))
        inputs = "".join(f", {k}" for k in task.inputs)
        given = "".join(f", {k}={k}" for k in task.inputs)
        params = ", ".join(f'"{k}": {k}' for k in task.params)
        complex_ = any(x.dtype.kind == "c" for x in task.params.values())
        turned = "    grads = jax.tree.map(jax.numpy.conj, grads)\n" if complex_ else ""
        update = (
            f"@jax.jit\ndef update(params, state{inputs}):\n"
            f"    grads = jax.grad(lambda params: loss_of(**params{given}))(params)\n{turned}"
            "    moves, state = optimizer.update(grads, state, params)\n"
            "    return optax.apply_updates(params, moves), state"
        )
        before = [
            [f"optimizer = {first.removeprefix('optimizer = ')}"],
            [f"params = {{{params}}}", "state = optimizer.init(params)"],
            [f"def loss_of({names}):\n{inside}    return {self.output}"],
            [update],
        ]
        step = [f"params, state = update(params, state{inputs})"]
        return before, step, [(k, f"params[{k!r}].tolist()") for k in task.params]

"""A task as a few lines of JAX."""

from __future__ import annotations

import numpy as np

from .jax_loops import parts, state_of
from .jax_lowerings import LOWERINGS
from .jax_training import spelled
from .jax_width import wide
from .snippets.looping import word
from .snippets.writer import Labelled, Writer, indented

#: What the program as a function is wrapped in, by the name of the variant.
WRAPS = {
    "checkpoint": "jax.checkpoint({})",
    "scan": "lambda *given: jax.tree.map(lambda x: x[0], "
    "jax.lax.scan(lambda c, _: (c, ({})(*given)), None, None, length=1)[1])",
}


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
        """64 bits, where the adapter has them on."""
        on = wide(self.task, self.program)
        return ['jax.config.update("jax_enable_x64", True)'] if on else []

    def dtype(self, name: str) -> str:
        """By position."""
        return f'"{name}"'

    def contracting(self, g: np.ndarray) -> np.ndarray:
        """JAX contracts with the cotangent itself, the contract with its conjugate."""
        return np.conj(g)

    def gradients(self) -> tuple[list[str], list[Labelled]]:
        """The program as a function, the calls of it, and the gradients that come of them."""
        others = [word(k) for k in self.shown.values if word(k) != self.output]
        *lines, function = self._function(others)
        if self.mode in WRAPS:
            function = WRAPS[self.mode].format(function)
        return [*lines, *self._calls(others, function)], self._labelled()

    @property
    def _every(self) -> str:
        """The names of all arrays, parameters first."""
        return ", ".join([*self.task.params, *self.task.inputs])

    def _function(self, others: list[str]) -> list[str]:
        """The program as a function, and what it is called: a lambda where it is one expression."""
        body, output = self.body, self.output
        if len(body) == 1 and not others and body[0].startswith(f"{output} = "):
            return [f"lambda {self._every}: {body[0].partition(' = ')[2]}"]
        inside = "\n".join(indented(body))
        result = f"{output}, ({', '.join(others)},)" if others else output
        return [f"def f({self._every}):\n{inside}\n    return {result}", "f"]

    def _calls(self, others: list[str], function: str) -> list[str]:
        """The calls that give the output, other variables and the gradients."""
        task, output = self.task, self.output
        jit = "{}" if self.mode == "eager" else "jax.jit({})"
        every, params = self._every, ", ".join(task.params)
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
                f"{output}, back{more} = jax.vjp({self._of_params(jit, function)}, {params}{aux})",
                f"grads = back({cotangent})",
            ]
        places = f", argnums={tuple(range(len(task.params)))}" if len(task.params) > 1 else ""
        made = f"jax.value_and_grad({function}{places}{aux})"
        return [f"{results}, grads = {jit.format(made)}({every})"]

    def _of_params(self, jit: str, function: str) -> str:
        """The function of the parameters alone: by what is not differentiated none need be."""
        if not self.task.inputs:
            return jit.format(function)
        called = jit.format(f"({function})" if jit == "{}" and function != "f" else function)
        return f"lambda {', '.join(self.task.params)}: {called}({self._every})"

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
        first, *_ = spelled(task).split("\n")  # the others are of what goes around it
        kept = [*parts(task)]
        state = state_of(task)
        inside = "".join(f"{line}\n" for line in indented(self.body))
        inputs = "".join(f", {k}" for k in task.inputs)
        given = "".join(f", {k}={k}" for k in task.inputs)
        params = ", ".join(f'"{k}": {k}' for k in task.params)
        complex_ = any(x.dtype.kind == "c" for x in task.params.values())
        held = "".join(f", {name}" for part in kept for name in part.held)
        carried = [*task.state.values()]
        scaled = task.loss_scale is not None
        result = f"{self.output} * scale.astype({self.output}.dtype)" if scaled else self.output
        aux = f", ({', '.join(carried)},)" if carried else ""
        found = f"grads, ({', '.join(task.state)},)" if carried else "grads"
        gradient = f"jax.grad(lambda params: loss_of(**params{given}{', scale=scale' * scaled})"
        update = "\n".join(
            [
                "@jax.jit",
                f"def update(params, {state}{inputs}{held}):",
                f"    {found} = {gradient}{', has_aux=True' * bool(carried)})(params)",
                *(["    grads = jax.tree.map(jax.numpy.conj, grads)"] if complex_ else []),
                *(line for part in kept for line in indented(part.before)),
                f"    moves, {state} = optimizer.update(grads, {state}, params)",
                *(["    params = optax.apply_updates(params, moves)"] if kept else []),
                *(line for part in kept for line in indented(part.after)),
                "    return "
                + ("params" if kept else "optax.apply_updates(params, moves)")
                + f", {state}"
                + "".join(f", {k}" for k in task.state)
                + held,
            ]
        )
        before = [
            [f"optimizer = {first.removeprefix('optimizer = ')}"],
            [f"params = {{{params}}}", f"{state} = optimizer.init(params)"],
            *([line] for part in kept for line in part.start),
            [f"def loss_of({self._every}{', scale' * scaled}):\n{inside}    return {result}{aux}"],
            [update],
        ]
        left = "".join(f", {k}" for k in task.state)
        step = [f"params, {state}{left}{held} = update(params, {state}{inputs}{held})"]
        shown = [(k, f"params[{k!r}].tolist()") for k in task.params]
        return before, step, [*shown, *(one for part in kept for one in part.shown)]

"""A task as a few lines of PyTorch."""

from __future__ import annotations

import re

import numpy as np

from .snippets.looping import word
from .snippets.writer import Labelled, Writer, indented
from .torch_around import spelled as around
from .torch_loops import stepping
from .torch_lowerings import LOWERINGS
from .torch_snippet_ways import DECOMPOSING, IMPORTS, WITHIN, WRAPPED, by_func, function
from .torch_training import spelled


class TorchWriter(Writer):
    """Eager calls, ``backward`` and a print; or a loop of training."""

    framework = "torch"
    lowerings = LOWERINGS
    new = "torch.tensor"
    zeros = "torch.zeros"
    ones_like = "torch.ones_like"

    def imports(self) -> list[str]:
        """PyTorch's, and what its way needs."""
        return ["import torch", *IMPORTS.get(self.mode, [])]

    def dtype(self, name: str) -> str:
        """By keyword; what is cast by itself is kept in float32."""
        kept = self.mode == "autocast" and name == "bfloat16"
        return f"dtype=torch.{'float32' if kept else name}"

    def shape(self, shape: tuple[int, ...]) -> str:
        """A list, as PyTorch prints it."""
        return str(list(shape))

    def param(self, x: np.ndarray) -> str:
        """Whether it keeps a gradient: whole numbers and booleans have none."""
        return "" if x.dtype.kind in "bi" else ", requires_grad=True"

    def gradients(self) -> tuple[list[str], list[Labelled]]:
        """The program, a call of ``backward``, and each parameter's ``grad``."""
        shown, output, mode = self.shown, self.output, self.mode
        others = [word(k) for k in shown.values if word(k) != output]
        wanted = [k for k in shown.grads if k not in shown.missing]
        grads = [
            (f"{k}.grad", f"{k}.grad" if k in shown.missing else f"{k}.grad{self._narrow}.tolist()")
            for k in shown.grads
        ]
        if mode == "func":
            moving = [k for k, x in self.task.params.items() if x.dtype.kind not in "bi"]
            return by_func(self.body, moving, wanted, output, others, self.cotangent())
        lines = [*self.body]
        if mode in WRAPPED:
            names = ", ".join([output, *others])
            given = ", ".join(self.task.params)
            lines = [
                function(self.body, self.task.params, names),
                f"{names} = {WRAPPED[mode].format(given=given)}",
            ]
        if mode in WITHIN:
            lines = ["\n".join([WITHIN[mode], *indented(self.body)])]
        if wanted:
            cotangent = self.cotangent()
            cast = mode == "autocast" and cotangent
            more = ["create_graph=True"] if mode == "create-graph" else []
            given = [f"{cotangent}.to({output}.dtype)" if cast else cotangent, *more]
            backward = f"{output}.backward({', '.join(text for text in given if text)})"
            if mode == "decomposed":
                lines[-1] += f"\n    {backward}"
            else:
                lines.append(backward)
        return [*([DECOMPOSING] if mode == "decomposed" else []), *lines], grads

    @property
    def _narrow(self) -> str:
        """What a result goes through before it is printed."""
        return ".bfloat16()" if self.mode == "autocast" else ""

    def shown_value(self, name: str) -> str:
        """As a list of numbers."""
        return f"{name}{self._narrow}.tolist()"

    def training(self) -> tuple[list[list[str]], list[str], list[Labelled]]:
        """The optimizer and its schedule; a step; the parameters, which it moves in place."""
        task = self.task
        assert task.update is not None
        rest = [name for name in task.params if name not in task.update.groups]
        text = re.sub(r"(?<!')\bparams\b", f"[{', '.join(task.params)}]", spelled(task))
        text = text.replace("{'params': others}", f"{{'params': [{', '.join(rest)}]}}")
        first, *others = text.split("\n")
        made = [first if first.startswith("optimizer =") else f"optimizer = {first}"]
        others = others[: len(others) - len(around(task))]
        schedule = [line for line in others if "optimizer" in line]
        clips = [
            re.sub(r"\b(?=clip_grad|get_total_norm)", "torch.nn.utils.", line)
            for line in others
            if line not in schedule
        ]
        if task.dtype == "float64" and "optimizer" not in task.update.native.get("torch", {}):
            made.insert(0, "torch.set_default_dtype(torch.float64)")
        made += [
            f"scheduler = torch.optim.lr_scheduler.{line.removeprefix('lr_scheduler.')}"
            for line in schedule
        ]
        before, step, shown = stepping(
            task, self.output, self.cotangent(), clips, ["scheduler.step()"] if schedule else []
        )
        carried = [f"{name} = {value}.detach()" for name, value in task.state.items()]
        params = [(k, f"{k}.tolist()") for k in task.params]
        start = [] if task.update.accumulate else ["optimizer.zero_grad()"]
        return [made, before], [*start, *self.body, *step, *carried], [*params, *shown]

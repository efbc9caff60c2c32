"""A task as a few lines of PyTorch."""

from __future__ import annotations

import re

import numpy as np

from ..cases.task import Task
from .base import Shown
from .snippets import (
    batches,
    cotangent,
    data,
    from_file,
    held,
    imports,
    joined,
    ones,
    printed,
    statements,
)
from .torch_lowerings import LOWERINGS
from .torch_training import spelled


def snippet(task: Task, shown: Shown, mode: str) -> str:
    """As ``Adapter.snippet``."""
    program = task.program("torch")
    assert program is not None
    body = statements(task, program, LOWERINGS)
    head = ["import torch", *imports(task, body, "torch")]
    head += [f"{held(task, k, x)} = {_input(task, k, x)}" for k, x in task.inputs.items()]
    head += [f"{k} = {_tensor(x, grad=True)}" for k, x in task.params.items()]
    if task.update is not None:
        return joined(head, *_training(task, body, program.output))
    if set(shown.grads) - shown.missing:
        body.append(_backward(task, shown.output, program.output, mode))
    parts = [(k, f"{k}.tolist()") for k in shown.values]
    parts += [
        (f"{k}.grad", f"{k}.grad" if k in shown.missing else f"{k}.grad.tolist()")
        for k in shown.grads
    ]
    return joined(head, [*body, printed(parts)])


def _input(task: Task, name: str, x: np.ndarray) -> str:
    if name not in task.files:
        return _tensor(x)
    return f"torch.tensor({from_file(*task.files[name])}, dtype=torch.{x.dtype.name})"


def _tensor(x: np.ndarray, *, grad: bool = False) -> str:
    plain = x.dtype.kind in "bi"
    dtype = "" if plain and x.size else f", dtype=torch.{x.dtype.name}"
    needs = ", requires_grad=True" if grad and not plain else ""
    made = f"torch.tensor({data(x)}" if x.size else f"torch.zeros({list(x.shape)}"
    return f"{made}{dtype}{needs})"


def _backward(task: Task, output: np.ndarray, name: str, mode: str) -> str:
    given = []
    if not ones(task, output):
        given.append(_tensor(cotangent(task, output)))
    elif output.shape:
        given.append(f"torch.ones_like({name})")
    if mode == "create-graph":
        given.append("create_graph=True")
    return f"{name}.backward({', '.join(given)})"


def _training(task: Task, body: list[str], output: str) -> list[list[str]]:
    """The optimizer, its loop, and the parameters after it."""
    assert task.update is not None
    rest = [name for name in task.params if name not in task.update.groups]
    text = re.sub(r"(?<!')\bparams\b", f"[{', '.join(task.params)}]", spelled(task))
    text = text.replace("{'params': others}", f"{{'params': [{', '.join(rest)}]}}")
    first, *others = text.split("\n")
    made = [first if first.startswith("optimizer =") else f"optimizer = {first}"]
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
    inside = [
        *batches(task),
        "optimizer.zero_grad()",
        *body,
        f"{output}.backward()",
        *clips,
        "optimizer.step()",
        *(["scheduler.step()"] if schedule else []),
    ]
    loop = [f"for step in range({task.steps}):", *(f"    {line}" for line in inside)]
    return [made, ["\n".join(loop)], [printed([(k, f"{k}.tolist()") for k in task.params])]]

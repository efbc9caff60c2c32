"""What goes around ``torch.optim``'s step as a user writes it: the statements of a loop."""

from __future__ import annotations

from ..cases.task import Task
from .snippets.writer import Labelled, indented
from .torch_around import averaging, scaler_text


def stepping(
    task: Task, output: str, cotangent: str, clips: list[str], after: list[str]
) -> tuple[list[str], list[str], list[Labelled]]:
    """Statements before a loop, those of a step after its forward pass, and what else is printed.

    Parameters
    ----------
    task
        It has an update.
    output, cotangent
        What is differentiated, and what it is contracted with, if anything.
    clips, after
        What is done to gradients before an update, and what follows one.
    """
    before, backward = _backward(task, output, cotangent)
    shown: list[Labelled] = []
    update = [*clips, "optimizer.step()"]
    moved = after
    if task.update is not None and task.update.ema is not None:
        made, moves, shown = _average(task)
        before, moved = [*before, *made], [*moves, *after]
    if task.loss_scale is not None:
        text, first = scaler_text(task)
        before.append(f"scaler = {text}")
        update = [
            *(["scaler.unscale_(optimizer)"] if first else []),
            *clips,
            "scale = scaler.get_scale()",
            "scaler.step(optimizer)",
            "scaler.update()",
        ]
        kept = "if scaler.get_scale() >= scale:  # it falls where no update is made"
        moved = [kept, *indented(moved)] if moved else []
        shown.append((f"{output}.scale", "scaler.get_scale()"))
    update = [*update, *moved]
    rule = None if task.update is None else task.update.accumulate
    if rule is not None:
        every = [*update, "optimizer.zero_grad()"]
        update = [f"if (step + 1) % {rule.passes} == 0:", *indented(every)]
    return before, [backward, *update], shown


def _backward(task: Task, output: str, cotangent: str) -> tuple[list[str], str]:
    """What is needed before, and the backward pass of one pass."""
    rule = None if task.update is None else task.update.accumulate
    loss = f"({output} / {rule.passes})" if rule is not None and rule.mean else output
    if task.loss_scale is None:
        return [], f"{loss}.backward({cotangent})"
    return [], f"scaler.scale({loss}).backward({cotangent})"


def _average(task: Task) -> tuple[list[str], list[str], list[Labelled]]:
    """What an average begins at, how it moves, and what is printed of it."""
    rule, every = averaging(task)
    params = ", ".join(task.params)
    make = "torch.zeros_like(x)" if rule.start == "zeros" else "x.detach().clone()"
    before = [f"averages = [{make} for x in ({params},)]", "updates = 0"]
    if every:
        share = "1 / (updates + 1)"
    elif rule.start == "first":
        share = f"{1 - rule.decay!r} if updates else 1.0"
    else:
        share = repr(1 - rule.decay)
    moves = [
        f"for a, x in zip(averages, ({params},)):",
        f"    a.lerp_(x.detach(), {share})",
        "updates += 1",
    ]
    over = f" / (1 - {rule.decay!r} ** updates)" if rule.debias else ""
    shown = [
        (f"{name}.ema", f"(averages[{k}]{over}).tolist()") for k, name in enumerate(task.params)
    ]
    return before, moves, shown

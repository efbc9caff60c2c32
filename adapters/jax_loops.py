"""What goes around an optax transformation as a user writes it: the statements of a loop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..cases.task import Task
from .jax_around import averaging
from .snippets.writer import Labelled
from .values import slot_of_scale


@dataclass(frozen=True)
class Part:
    """What is kept from step to step: where it begins, how it moves, and what is printed of it.

    ``before`` and ``after`` are statements before and after the transformation's update.
    """

    held: tuple[str, ...]
    start: tuple[str, ...]
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    shown: list[Labelled] = field(default_factory=list)


def state_of(task: Task) -> str:
    """What the optimizer's state is called beside the task's own arrays."""
    return "opt_state" if "state" in {**task.params, **task.inputs} else "state"


def parts(task: Task) -> Iterator[Part]:
    """What a task keeps beside the parameters and the optimizer's state."""
    update = task.update
    assert update is not None
    gathers = update.accumulate is not None
    state = state_of(task)
    complete = f"({state}.mini_step == 0)" if gathers else "True"
    finite = f"{state}.inner_opt_state.last_finite" if gathers else f"{state}.last_finite"
    made = f"{complete} & {finite}" if task.loss_scale is not None else complete
    if update.ema is not None:
        yield _average(task, made)
    if task.loss_scale is not None:
        yield _scale(task, complete, finite)


def _scale(task: Task, complete: str, finite: str) -> Part:
    rule = task.loss_scale
    assert rule is not None
    where = "jax.numpy.where"
    return Part(
        ("scale", "in_a_row"),
        (
            f"scale = jax.numpy.array({rule.init!r}, 'float32')",
            "in_a_row = jax.numpy.array(0)",
        ),
        ("grads = {k: g / scale.astype(g.dtype) for k, g in grads.items()}",),
        (
            f"complete, finite = {complete}, {finite}",
            f"count = {where}(finite, in_a_row + 1, 0)",
            f"grown = {where}(count == {rule.every}, scale * {rule.growth!r}, scale)",
            f"grown = {where}(jax.numpy.isfinite(grown), grown, scale)",
            f"new = {where}(finite, grown, scale * {rule.backoff!r})",
            f"scale = {where}(complete, new, scale)",
            f"in_a_row = {where}(complete, count % {rule.every}, in_a_row)",
        ),
        [(slot_of_scale(task), "float(scale)")],
    )


def _average(task: Task, made: str) -> Part:
    rule, share, transformed = averaging(task)
    start = "jax.tree.map(jax.numpy.zeros_like, params)" if rule.start == "zeros" else "params"
    begun = f"average = {start}"
    if transformed:
        begun = f"ema = optax.ema({rule.decay!r}, debias={rule.debias}); average = ema.init(params)"
        moved = "_, moved = ema.update(params, average)"
    else:
        moved = f"moved = optax.incremental_update(params, average, {share!r})"
    lines = [f"made = {made}", moved]
    if rule.start == "first":
        lines.append(
            "moved = jax.tree.map(lambda x, y: jax.numpy.where(updates, y, x), params, moved)"
        )
    lines += [
        "average = jax.tree.map(lambda old, new: jax.numpy.where(made, new, old), average, moved)",
        "updates = updates + made",
    ]
    kept = "average.ema" if transformed else "average"
    over = f" / (1 - {rule.decay!r} ** updates)" if rule.debias else ""
    shown = [(f"{name}.ema", f"({kept}[{name!r}]{over}).tolist()") for name in task.params]
    return Part(
        ("average", "updates"), (begun, "updates = jax.numpy.array(0)"), (), tuple(lines), shown
    )

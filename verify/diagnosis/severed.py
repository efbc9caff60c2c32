"""Which operation lets no gradient in: not the one below it, which hands one back by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ...adapters.attempt import attempt
from ...adapters.base import Adapter
from ...adapters.values import kind_of
from ...cases.program import Instruction, Program
from ...cases.task import Task
from ...refimpl.errors import AdapterFailed, Unsupported
from ...refimpl.ops import TABLE
from ..local.alone import asked
from ..local.operations import Judged


def severing(
    task: Task, adapter: Adapter, judged: Judged, at: Instruction
) -> tuple[Instruction, str] | None:
    """The operation that hands no gradient back even by itself, and the argument of its.

    ``at`` is the last one that the adapter gave none for. Where its argument is made by what cut
    the tape, a framework records nothing from there on, and ``at`` is in order by itself; so the
    operations that it is made of are asked in turn, the nearest first.
    """
    makers = {i.target: i for i in judged.program.instructions}
    asking, seen = [at], {at.target}
    while asking:
        i = asking.pop(0)
        name = next(_silent(task, adapter, judged, i), None)
        if name is not None:
            return i, name
        for ref in i.refs:
            maker = makers.get(ref)
            if maker is not None and maker.target not in seen:
                seen.add(maker.target)
                asking.append(maker)
    return None


def _silent(task: Task, adapter: Adapter, judged: Judged, at: Instruction) -> Iterator[str]:
    """The arguments of an operation, asked by itself, that the adapter gives no gradient for."""
    row = TABLE.get(at.operation)
    if row is None or at.native or any(name not in judged.values for name in at.refs):
        return
    parts = [i for i in judged.program.instructions if i.operation == "select"]
    parts = [i for i in parts if at.target in i.refs]
    alone = Program((at, *parts), parts[0].target if parts else at.target)
    question = asked(task, alone, judged.values)
    y = judged.values.get(alone.output)
    moving = {
        name: question.inputs[name]
        for k, name in enumerate(at.refs)
        if row.differentiable(k) and kind_of(np.asarray(judged.values[name]).dtype) in "fc"
    }
    if not moving or y is None:
        return
    question = replace(
        question,
        params=moving,
        inputs={name: x for name, x in question.inputs.items() if name not in moving},
        given_cotangent=np.ones_like(y),
        checks=frozenset(("grad",)),
    )
    try:
        step = attempt(adapter, question).steps[0]
    except (Unsupported, AdapterFailed):
        return
    yield from (name for name in moving if step.grads.get(name) is None)

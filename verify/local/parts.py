"""Which part of an update is off: the clip, the schedule, or the rule that is given both.

The adapter is asked for the update again with gradients that are dictated: the bare rule of
gradients that the reference has clipped, then with its own clip of its own gradients, then with
its own schedule. The first that is off is to blame. Whatever the framework calls in the place of
a part (``native``) goes with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from ...adapters.attempt import attempt
from ...adapters.base import Adapter, Trace
from ...adapters.numpy_reference import updates
from ...adapters.reference_training import clipped, rates
from ...adapters.values import dtype_of, hyperparameters, in_dtype, kind_of, scale_before
from ...cases.native_training import Chosen
from ...cases.program import Instruction, Program, Ref
from ...cases.task import AVERAGE, SCALE, Batch, Task, Update
from ...refimpl.errors import AdapterFailed, Unsupported
from ..measure.dtypes import WIDER
from .rules import Given, RuleFault, fault_of_rule, first_fault

#: What follows an update, by how its slot's name ends, and what it is called.
AROUND = {AVERAGE: "moving average", SCALE: "loss scale"}

#: What may be native of the passes that make an update, and what it is called.
PASSES = {"accumulate": "accumulation of gradients", "loss-scale": "loss scale"}

#: The input of a dictated task that has the losses, and those that have the gradients.
LOSS, GRADIENT = "the loss", "the gradient of {}"


@dataclass(frozen=True)
class Part:
    """``clip``, ``schedule`` or ``rule``; which one in words, and what is known of it."""

    name: str
    subject: str
    said: str = ""


def part_of(task: Task, adapter: Adapter, trace: Trace, fault: RuleFault) -> Part:
    """The part of an adapter's update that makes a fault.

    ``trace`` is what the adapter yielded of the task. The rule is named where no other part is.
    """
    assert task.update is not None
    for ending, subject in AROUND.items():
        if fault.name.endswith(ending):
            return Part(subject, f"the {subject}")
    update, native = task.update, task.update.native.get(adapter.name, {})
    for part, subject in PASSES.items():
        if part in native and _right_without(part, task, adapter):
            return Part(subject, f"the {subject}", _stands_in(adapter, native[part], place=True))
    rule = f"the update rule {update.rule}"
    own = {
        part: _stands_in(
            adapter, native.get(part), place=part == "optimizer" or getattr(update, part)
        )
        for part in ("optimizer", "clip", "schedule")
    }
    parts = [part for part in ("clip", "schedule") if part in native or getattr(update, part)]
    given = _unscaled(task, trace, fault.given)
    if given is None or task.dtypes:
        return Part("rule", rule, own["optimizer"])  # gradients cannot be dictated
    task, fault = replace(task, loss_scale=None), replace(fault, given=given)
    asked = _Dictated(task, adapter, given)
    if not parts or asked.off(()):
        rate = _at_another_rate(task, fault, trace)
        return Part("rule", rule, _joined(own["optimizer"], rate))
    for part in parts:
        if asked.off((part,)):
            chosen = getattr(update, part)
            subject = f"the {part} {chosen.name}" if chosen else f"the {part}"
            told = _clips(asked, fault) if part == "clip" else _rates(task, adapter, trace, fault)
            return Part(part, subject, _joined(own[part], told))
    return Part("rule", rule, _joined(*own.values()))


def _unscaled(task: Task, trace: Trace, given: Given) -> Given | None:
    """What updates are given, the gradients of the loss itself; None where a scaled one overflowed.

    No update is made of infinities, so that its gradients cannot be dictated.
    """
    if task.loss_scale is None:
        return given
    slots = [step.slots for step in trace.steps]
    found: Given = []
    for number, (params, gradients, loss) in enumerate(given):
        scale = float(scale_before(task, slots, number))
        held = {k: None if g is None else np.asarray(g) / scale for k, g in gradients.items()}
        if any(g is not None and not np.isfinite(g).all() for g in held.values()):
            return None
        found.append((params, held, loss))
    return found


def _right_without(part: str, task: Task, adapter: Adapter) -> bool:
    """Whether an adapter makes the case's update where a native part is not called."""
    update = task.update
    assert update is not None
    native = {k: v for k, v in update.native.get(adapter.name, {}).items() if k != part}
    own = replace(task, update=replace(update, native={adapter.name: native}))
    try:
        return fault_of_rule(own, adapter, attempt(adapter, own), own.steps - 1) is None
    except (Unsupported, AdapterFailed):
        return False


class _Dictated:
    """An adapter's update of gradients and losses that are dictated, with some of its parts."""

    def __init__(self, task: Task, adapter: Adapter, given: Given) -> None:
        self.task, self.adapter, self.given = task, adapter, given

    def off(self, parts: Iterable[str]) -> RuleFault | None:
        """What is off of it; None for nothing, or where the adapter cannot be asked.

        Without its own clip it is given gradients that the reference has clipped.
        """
        own = "clip" in parts
        gradients = [g if own else self.clipped(p, g) for p, g, _ in self.given]
        losses = [loss for _, _, loss in self.given]
        try:
            task = _dictating(self.task, gradients, losses)
            task = replace(task, update=_only(self.task, self.adapter, parts))
            trace = attempt(self.adapter, task)
            before = [self.task.params, *(step.params for step in trace.steps)]
            given = list(zip(before, gradients, losses, strict=False))
            return first_fault(task, given, trace)
        except (Unsupported, AdapterFailed):
            return None

    def clipped(self, params: dict[str, Any], gradients: dict[str, Any]) -> dict[str, Any]:
        """Gradients as the reference clips them, in the task's dtype."""
        assert self.task.update is not None
        wide = WIDER[self.task.dtype]
        held = {k: in_dtype(g, wide) for k, g in gradients.items() if g is not None}
        wider = {k: in_dtype(x, wide) for k, x in params.items()}
        with np.errstate(all="ignore"):
            found = clipped(self.task.update.clip, held, wider)
        dtype = dtype_of(self.task.dtype)
        return {k: in_dtype(found[k], dtype) if k in found else None for k in gradients}


def _dictating(task: Task, gradients: list[dict[str, Any]], losses: list[Any]) -> Task:
    """A task whose gradients and losses are these, whatever its parameters are.

    It adds Σ g·(W - V), V being W held constant, to the loss: nothing, of gradient g.
    """
    dtype = dtype_of(task.dtype)
    inputs = {LOSS: np.stack([_real(loss, dtype) for loss in losses])}
    terms: list[Instruction] = [Instruction("loss", "sum", (Ref(LOSS),), text="loss")]
    for name, x in task.params.items():
        held = [g[name] for g in gradients]
        if kind_of(x.dtype) not in "fc" or any(g is None for g in held):
            continue
        given = GRADIENT.format(name)
        inputs[given] = np.stack([in_dtype(g, dtype) for g in held])
        terms = [*terms, *_term(name, given, terms[-1].target, complex_=kind_of(x.dtype) == "c")]
    program = Program(tuple(terms), terms[-1].target)
    return replace(
        task,
        programs={"*": program},
        inputs=inputs,
        batch=Batch(1),
        state={},
        steps=len(losses),
        checks=frozenset(("value", "grad", "update")),
        given_cotangent=None,
        expect={},
        divergences=(),
        modes={},
        files={},
    )


def _term(name: str, given: str, total: str, *, complex_: bool) -> list[Instruction]:
    """The sum so far, and a parameter's share of it."""
    steps: list[tuple[str, str, tuple[str, ...]]] = [
        ("held", "stop_gradient", (name,)),
        ("moved", "subtract", (name, f"{name} held")),
    ]
    if complex_:
        steps += [
            ("turned", "conj", (given,)),
            ("product", "multiply", (f"{name} turned", f"{name} moved")),
            ("share", "real", (f"{name} product",)),
        ]
    else:
        steps += [("share", "multiply", (given, f"{name} moved"))]
    steps += [
        ("part", "sum", (f"{name} share",)),
        ("total", "add", (total, f"{name} part")),
    ]
    return [
        Instruction(f"{name} {made}", operation, tuple(map(Ref, arguments)))
        for made, operation, arguments in steps
    ]


def _real(loss: Any, dtype: Any) -> np.ndarray:
    """A loss as a real number of a dtype; NaN where it is none."""
    value = np.real(np.asarray(loss))
    real = np.zeros((), dtype).real.dtype
    return (value if value.ndim == 0 else np.asarray(np.nan)).astype(real)


def _only(task: Task, adapter: Adapter, parts: Iterable[str]) -> Update:
    """The task's update with no other clip and schedule than these."""
    update = task.update
    assert update is not None
    native = update.native.get(adapter.name, {})
    kept = {part: chosen for part, chosen in native.items() if part in ("optimizer", *parts)}
    return replace(
        update,
        clip=update.clip if "clip" in parts else None,
        schedule=update.schedule if "schedule" in parts else None,
        native={adapter.name: kept} if kept else {},
    )


# What is said of a part


def _stands_in(adapter: Adapter, chosen: Chosen | None, *, place: Any) -> str:
    """That the framework's own function stands in the place of a part, if there is such a place."""
    if chosen is None:
        return ""
    given = ", ".join(f"{k}={v}" for k, v in chosen.attributes.items())
    where = "stands in for it" if place else "stands where the case has none"
    return f"{adapter.name}'s own {chosen.name}({given}) {where}"


def _joined(*said: str) -> str:
    return "; ".join(text for text in said if text)


def _clips(asked: _Dictated, fault: RuleFault) -> str:
    """What a clip leaves of a gradient, told by a step of gradient descent from zero."""
    task, adapter = asked.task, asked.adapter
    params, gradients, loss = fault.given[-1]
    owner = fault.name.partition(".")[0]
    start = {k: np.zeros_like(x) for k, x in params.items()}
    own = _only(task, adapter, ("clip",))
    if "adaptive" in str((own.clip, own.native)):
        return ""  # it looks at the parameters
    update = _descent(own, adapter, 1.0)
    dictated = replace(_dictating(task, [gradients], [loss]), params=start, update=update)
    try:
        left = attempt(adapter, dictated).steps[0].params[owner]
    except (Unsupported, AdapterFailed):
        return ""
    wanted = asked.clipped(params, gradients)[owner]
    if gradients[owner] is None or wanted is None:
        return ""
    norms = [np.linalg.norm(in_dtype(x, np.float64)) for x in (gradients[owner], left, wanted)]
    return "of a gradient of norm {:.5g} it leaves {:.5g}, the reference's {:.5g}".format(*norms)


def _descent(update: Update, adapter: Adapter, lr: float) -> Update:
    """Gradient descent with an update's clip and schedule."""
    kept = {k: v for k, v in update.native.get(adapter.name, {}).items() if k != "optimizer"}
    native = {adapter.name: kept} if kept else {}
    return replace(update, rule="sgd", hyperparameters={"lr": lr}, groups={}, native=native)


def _rates(task: Task, adapter: Adapter, trace: Trace, fault: RuleFault) -> str:
    """The steps of gradient descent along one beside the reference's rates.

    They are the schedule's rates, unless it moves a momentum as well.
    """
    assert task.update is not None
    output, owner = adapter.program(task).output, fault.name.partition(".")[0]
    losses = [step.values.get(output, np.nan) for step in trace.steps]
    lr = hyperparameters(task, owner)["lr"]
    update = _descent(_only(task, adapter, ("schedule",)), adapter, lr)
    dtype = dtype_of(task.dtype)
    one = np.ones((), dtype)
    dictated = _dictating(
        replace(task, params={owner: np.zeros((), dtype)}), [{owner: one}] * len(losses), losses
    )
    try:
        found = attempt(adapter, replace(dictated, update=update)).steps
    except (Unsupported, AdapterFailed):
        return ""
    at = [0.0, *(float(np.real(step.params[owner])) for step in found)]
    own = [before - after for before, after in pairwise(at)]
    wanted = rates(task, [float(_real(loss, np.float64)) for loss in losses])[owner]
    return f"along a slope of 1 it steps by {_listed(own)}, the reference by {_listed(wanted)}"


def _listed(numbers: list[float]) -> str:
    return ", ".join(f"{x + 0.0:.5g}" for x in numbers)


def _at_another_rate(task: Task, fault: RuleFault, trace: Trace) -> str:
    """The rate at which the reference's rule makes the same updates; nothing where none does.

    A step is the longer the higher its rate: in the ratio of the two steps, if in any.
    """
    update = task.update
    assert update is not None
    owner, (params, _, _) = fault.name.partition(".")[0], fault.given[-1]
    got, lr = trace.steps[fault.step].params.get(owner), hyperparameters(task, owner)["lr"]
    if got is None or np.shape(got) != np.shape(params[owner]) or update.groups or update.schedule:
        return ""
    wide = WIDER[task.dtype]
    try:
        wanted = updates(task, fault.given, dtype=wide)[fault.step].params[owner]
        before = in_dtype(params[owner], wide)
        own, right = in_dtype(got, wide) - before, wanted - before
        with np.errstate(all="ignore"):
            rate = float(lr * np.real(np.vdot(right, own)) / np.real(np.vdot(right, right)))
        if not np.isfinite(rate):
            return ""
        other = replace(update, hyperparameters={**update.hyperparameters, "lr": rate})
        if first_fault(replace(task, update=other), fault.given, trace) is not None:
            return ""
    except (Unsupported, AdapterFailed):
        return ""
    return f"it is right at a rate of {rate:.5g}, the reference's is {float(lr):.5g}"

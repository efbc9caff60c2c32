"""Which record of a catalogue explains an alarm: the same operation, adapter, dtype and kind.

A record is run as it stands, in the same engine, when it is first asked for; what it shows is held
against the alarm. An error that is no larger is explained; where a record leaves fewer than a third
of the digits, only one of its size. Of what should be zero, and of what an operation is off by
itself, the multiple of noise tells, or the size of a zero's error. What a record shows beside much
noise explains nothing that stands far above its own, and what it shows of a tail nothing that is
more than a textbook formula loses of one. What is computed in float32 in a float64 program is off
by float32's noise, whatever share of the result that is. A NaN explains a NaN, and what the blamed
operation by itself has in place of one; a kink explains a kink, no gradient none, what is raised
the same, a result in another dtype one in that. An error in float32 is explained by a record in
float64, and the other way, where it is as large or of as many units.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ...cases.case import Case, Undrawn
from ...cases.foreign import meant
from ...refimpl.rounding import LOST, unit_roundoff
from ..engine.work import Engine
from ..judging.rows import Row
from .alarms import LOCAL, Alarm, away, off_by
from .remedied import Remedied

#: By how much larger an error may be at other numbers, relative and in multiples of noise.
SIZE, LUCK = 4.0, 2.0

#: By how much farther above noise an error of a record's size may be: how much noise there is hangs
#: on the numbers, and a fault is not what a record shows of a tail whose digits noise has taken.
ABOVE = 100.0

#: What shows a tail, which a textbook formula loses, is off by no more than so many times what that
#: formula's own rounding is: XLA's tanh, whose polynomial is some units off near 1, is so by seven.
TAIL = 16.0

#: Float32's unit in float64's: the noise of what is computed in float32, whatever the case's dtype.
NARROWED = unit_roundoff("float32") / unit_roundoff("float64")

#: What is off in one of these is so in the other, by as much or by as many units.
PLAIN = {"float32", "float64"}

#: Check → the direction in which an operation is blamed for it.
DIRECTIONS = {"value": "forward", "grad": "backward", "vjp": "backward"}

#: The kinds of alarms that are off by a number; one at another operation's kink is off as well.
OFF = ("error", "kink")

#: Operations that a text of a record is put together with, whatever it is about.
JOINTS = {"add", "subtract", "multiply", "divide", "negative", "sum", "mean", "select", "getitem"}
JOINTS |= {"real", "imag", "complex"}

#: What brings an array into another layout, on which a fault of the next operation may hang.
MOVING = {"broadcast_to", "expand_dims", "reshape", "permute_dims", "matrix_transpose", "flip"}


@dataclass(frozen=True)
class Shown:
    """What a record shows of one adapter."""

    direction: str
    kind: str
    finite: bool
    max_rel: float
    noise_ratio: float
    away: float = math.nan
    #: The dtype that is returned, where it is not the one that should be.
    dtype: str = ""
    #: Whether a text of the adapter's own shows it, which may call what no program does.
    spelt: bool = False


class Records:
    """Looks alarms up in the records of cases.

    Parameters
    ----------
    cases
        Those whose recorded divergences may explain.
    engine
        Entered; it runs the records, each in the adapter that alarmed.
    adapters
        Those that it runs.
    """

    def __init__(self, cases: Iterable[Case], engine: Engine, adapters: Iterable[str]) -> None:
        self._adapters = tuple(adapters)
        #: Each record, and what its text for each adapter that it is of is about.
        self._records = [
            (record, {name: _about(record.case, name) for name in _adapters(record.case)})
            for case in cases
            if case.model.divergences
            for record in case.undrawn()
        ]
        self._engine = engine
        self._remedied = Remedied(self._adapters)
        self._held: dict[str, list[Shown]] = {}

    def explaining(self, alarm: Alarm, beside: Collection[str] = ()) -> str:
        """The name of the case that explains an alarm; empty where none does.

        ``beside`` are the operations of the program that alarmed: a record that moves what an
        operation is given explains one of a program that moves something so.
        """
        if alarm.raises:
            return self._raised(alarm, {*beside})
        if not alarm.operation:
            return ""
        moved = {alarm.operation} | MOVING & {*beside}
        for record, abouts in self._records:
            about = abouts.get(alarm.adapter, set())
            # Of what is joined, a shape tells whose it is.
            if alarm.operation not in about or not (alarm.misshapen or about <= moved):
                continue
            if self._remedied.by_the_lowering(record.case, alarm.adapter, alarm.operation):
                continue
            if record.dtype == alarm.dtype:
                told = explains
            elif {record.dtype, alarm.dtype} <= PLAIN:
                told = partial(explains_other, unit_roundoff(record.dtype))
            else:
                continue
            if any(told(shown, alarm) for shown in self._shown(record, alarm.adapter)):
                return record.case.name
        return ""

    def _raised(self, alarm: Alarm, beside: set[str]) -> str:
        for record, abouts in self._records:
            about = abouts.get(alarm.adapter, set())
            # A library's own check stops any of its kind: a transform of one that takes a layout.
            if not (about & beside or (about and _kinds(about) <= _kinds(beside))):
                continue
            for said in record.case.model.divergences:
                same = said.raises is not None and said.raises in alarm.reason
                if same and alarm.adapter in said.adapters:
                    return record.case.name
        return ""

    def _shown(self, record: Undrawn, adapter: str) -> list[Shown]:
        key = f"{adapter} {record.id}"
        if key not in self._held:
            spelt = any(adapter in programs for programs in record.case.programs)
            asked = _without(record, [name for name in self._adapters if name != adapter])
            with closing(self._engine.run([(0, asked)])) as results:
                rows = [row for _, rows in results for row in rows]
            dtypes = {(d.check, d.tensor): d.dtype or "" for d in asked.draw().divergences}
            self._held[key] = [
                _as_shown(row, dtypes.get((row["check"], row["tensor"]), ""), spelt=spelt)
                for row in rows
                # A default is of a parameter left out, which a program never does.
                if row["adapter"] == adapter
                and row["verdict"] == "known"
                and row["kind"] != "default"
            ]
        return self._held[key]


def _as_shown(row: Row, dtype: str, *, spelt: bool) -> Shown:
    return Shown(
        DIRECTIONS.get(row["check"]) or row["check"],
        row["kind"],
        math.isfinite(row["got"]) and math.isfinite(row["max_rel"]),
        off_by(row),
        row["noise_ratio"],
        away(row),
        dtype,
        spelt,
    )


def explains(shown: Shown, alarm: Alarm) -> bool:
    """Whether what a record shows is what alarms: that way off, in that direction, by that much."""
    if alarm.direction != shown.direction:
        return False
    if alarm.kind == "dtype":
        return bool(shown.dtype) and alarm.reason.startswith(f"dtype {shown.dtype},")
    if alarm.kinked or shown.kind == "kink":
        return alarm.kinked and shown.kind == "kink"
    if alarm.misshapen:  # a record of a convention is broadcast to the shape that should be
        return shown.kind == "convention"
    if alarm.silent:
        return shown.kind == "unsupported" and not shown.finite
    return _of_numbers(shown, alarm)


def _of_numbers(shown: Shown, alarm: Alarm) -> bool:
    if not shown.finite:
        return alarm.kind == "non-finite" or alarm.own_kind == "non-finite"
    if _is_another_call(shown) or _is_no_tail(shown, alarm):
        return False
    if alarm.kind == LOCAL:
        return _is_as_far(shown, alarm)
    return alarm.kind in OFF and (
        _is_as_far_by_itself(shown, alarm) or _is_narrowed(shown, alarm) or _is_as_far(shown, alarm)
    )


def explains_other(unit: float, shown: Shown, alarm: Alarm) -> bool:
    """Whether what a record shows in another dtype, of that unit, is what alarms.

    Where hardly a digit is left, as of a zero in place of a tail, an error is of like size in every
    dtype; else it is of as many units.
    """
    if alarm.direction != shown.direction or alarm.kind not in OFF or not shown.finite:
        return False
    if alarm.kinked or shown.kind == "kink" or math.isinf(alarm.max_rel):
        return False
    if _is_another_call(shown) or _is_no_tail(shown, alarm):
        return False
    if shown.max_rel > _third(unit):
        return _of_a_size(shown, alarm, unit)
    return bool(alarm.max_rel / unit_roundoff(alarm.dtype) <= SIZE * shown.max_rel / unit)


def _is_as_far(shown: Shown, alarm: Alarm) -> bool:
    """Whether an alarm is off by no more than a record shows, or by as much."""
    unit = unit_roundoff(alarm.dtype)
    third = _third(unit)
    near = alarm.noise_ratio <= LUCK * shown.noise_ratio
    keeps = alarm.noise_ratio * unit <= third
    if alarm.kind == LOCAL:  # only how far an operation is off for its noise is known
        if SIZE < shown.max_rel < math.inf and _are_beyond(shown, alarm, unit):
            return True
        alike = shown.max_rel > third and SIZE * alarm.noise_ratio >= shown.noise_ratio
        return near and (alike or keeps)
    if math.isinf(alarm.max_rel) and math.isinf(shown.max_rel):  # of zeros; some have no noise
        some = shown.noise_ratio * unit <= 1
        return (near and some) or alarm.away <= SIZE * shown.away
    if math.isinf(alarm.max_rel):
        return near and keeps
    if shown.max_rel > third:  # every fault would be smaller: only one of its own size is its
        return _of_a_size(shown, alarm, unit)
    return bool(alarm.max_rel <= max(SIZE * shown.max_rel, third if near else 0.0))


def _are_beyond(shown: Shown, alarm: Alarm, unit: float) -> bool:
    """Whether both errors are more than the truth altogether, whose noise is a unit of it."""
    return min(shown.noise_ratio, alarm.noise_ratio) * unit > SIZE


def _is_as_far_by_itself(shown: Shown, alarm: Alarm) -> bool:
    """Whether the blamed operation is off by as much of its own noise as a record shows.

    What came before it may have made its error a smaller share of the tensor that alarms, or a
    larger one.
    """
    unit = unit_roundoff(alarm.dtype)
    third = _third(unit)
    if not alarm.own_ratio <= LUCK * shown.noise_ratio:
        return False
    if shown.max_rel > third:
        return SIZE * alarm.own_ratio >= shown.noise_ratio
    return alarm.own_ratio * unit <= third


def _is_narrowed(shown: Shown, alarm: Alarm) -> bool:
    """Whether what both are off by in float64 is about the noise of float32."""
    if alarm.dtype != "float64" or shown.kind != "precision":
        return False
    narrowed = 1 / SIZE**2 <= shown.noise_ratio / NARROWED <= LUCK
    return narrowed and alarm.noise_ratio <= LUCK * max(NARROWED, shown.noise_ratio)


def _third(unit: float) -> float:
    """The relative error that leaves a third of a dtype's digits."""
    return float(np.cbrt(2 * unit))


def _is_another_call(shown: Shown) -> bool:
    """Whether a record is of what a framework's own call means by its words, as ``'SAME'``.

    What an operation is lowered to means what the table does.
    """
    return shown.kind == "convention" and shown.spelt


def _is_no_tail(shown: Shown, alarm: Alarm) -> bool:
    """Whether a record is of a tail, and an alarm of more than a textbook formula loses of one.

    A tail's noise is at the most that is let pass, a share of what is left of it: two errors that
    are all of it are then as many times their noise, wherever they are. What should be zero is no
    tail.
    """
    lost = shown.noise_ratio * LOST / SIZE <= shown.max_rel < math.inf
    return lost and alarm.textbook_ratio > TAIL


def _is_as_noisy(shown: Shown, alarm: Alarm, unit: float) -> bool:
    """Whether an error is not far more of its noise than one of a record, which has that unit.

    Nothing is left to tell of where an error is more than all that noise could be.
    """
    most = ABOVE * max(shown.noise_ratio, 1.0)
    lost = alarm.noise_ratio * unit_roundoff(alarm.dtype) <= most * unit
    return shown.noise_ratio * unit >= 1 or alarm.noise_ratio <= most or lost


def _of_a_size(shown: Shown, alarm: Alarm, unit: float) -> bool:
    """Whether errors are about as large; one that is beyond the truth altogether has no size."""
    if not _is_as_noisy(shown, alarm, unit):
        return False
    if min(shown.max_rel, alarm.max_rel) > SIZE:
        return True
    return bool(shown.max_rel / SIZE <= alarm.max_rel <= SIZE * shown.max_rel)


def _without(record: Undrawn, adapters: Iterable[str]) -> Undrawn:
    """The same, run in fewer adapters."""
    skip = {**record.case.model.skip, **dict.fromkeys(adapters, "not asked")}
    model = record.case.model.model_copy(update={"skip": skip})
    return replace(record, case=replace(record.case, model=model))


def _about(case: Case, adapter: str) -> set[str]:
    """The operations that a case's text for an adapter is about, or its update rule.

    What the text calls by a framework's name is what that name means.
    """
    if case.model.optimizer:
        return {next(iter(case.model.optimizer))}
    called: set[str] = set()
    for programs in case.programs:
        program = programs.get(adapter, programs.get("*"))
        if program is not None:
            called |= {_ours(i.called) for i in program.instructions}
    return called - JOINTS or called


def _kinds(operations: Iterable[str]) -> set[str]:
    """Which kinds of operations there are, by their names: ``fft``, ``linalg``, or one alone."""
    return {name.partition(".")[0] for name in operations}


def _ours(called: str) -> str:
    """The operation that a text calls; ``select`` takes one of several results: no framework's."""
    return called if called in JOINTS else meant(called) or called


def _adapters(case: Case) -> set[str]:
    return {name for record in case.model.divergences for name in record.adapters}

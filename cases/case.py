"""A case that was read and found in order, and the tasks it makes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..refimpl.errors import BadUsage, printable
from . import drawing, models
from .casting import WIDTHS
from .drawn import hanging, is_nan, kept, of_first, varies
from .faults import unknown
from .models import DTYPES, CaseModel
from .modes import modes_of
from .native_training import PARTS, Chosen
from .points import points_of
from .program import Program
from .task import Batch, Task, Update, drawn_as, id_of
from .tensor_kinds import File, Strict
from .tensors import Tensors, final_dtype
from .training_parts import Accumulate, Ema, LossScale
from .truths import expected, recorded, tolerance
from .uncompared import uncompared


@dataclass(frozen=True, eq=False)
class Case:
    """One document of a case file, or a mapping, whose line and column are 0.

    ``programs`` has, for each point of the sweep in turn, a program for every adapter that has a
    text of its own, or one for all under ``"*"``.
    """

    model: CaseModel = field(repr=False)
    path: Path
    line: int
    column: int
    programs: tuple[dict[str, Program], ...] = field(repr=False)
    #: For each point, adapter → the recorded program with which it agrees with the truth.
    spellings: tuple[dict[str, Program], ...] = field(default=(), repr=False)
    #: Which drawing of its random tensors: 1 is the case's own.
    draw: int = 1

    @property
    def name(self) -> str:
        """Unique in a catalogue."""
        return self.model.case

    @property
    def drawn_as(self) -> str:
        """The name of its tasks, which seeds are made from: ``case#2`` where it is drawn anew."""
        return drawn_as(self.name, self.draw)

    @property
    def about(self) -> str:
        """One line on what it shows."""
        return self.model.about

    @property
    def tags(self) -> tuple[str, ...]:
        """Words to select by."""
        return tuple(self.model.tags)

    @property
    def dtypes(self) -> tuple[str, ...]:
        """The dtypes it runs at."""
        return tuple(self.model.dtypes)

    @property
    def where(self) -> str:
        """FILE:LINE of the document; of a mapping, what it is called."""
        path = printable(str(self.path))
        return f"{path}:{self.line}" if self.line else path

    @property
    def place(self) -> str:
        """FILE:LINE:COLUMN of the document; of a mapping, what it is called."""
        return f"{self.where}:{self.column}" if self.line else self.where

    @property
    def native(self) -> bool:
        """Whether it calls a framework's own functions: in a program, or to train."""
        programs = (p for point in (*self.programs, *self.spellings) for p in point.values())
        return bool(self.model.native) or any(program.native for program in programs)

    @property
    def has_reference(self) -> bool:
        """Whether it has a text that the reference can run: one for numpy, or one for all."""
        return not isinstance(self.model.program, dict) or "numpy" in self.model.program

    @property
    def files(self) -> frozenset[str]:
        """The names of the files that its tensors come from."""
        return frozenset(_files(self.model))

    def points(self) -> list[dict[str, Any]]:
        """The points of its sweep, the last name varying fastest; one empty point without one."""
        return points_of(self.model.sweep)

    def uncompared(self) -> dict[str, tuple[str, ...]]:
        """Variable → the texts that name it, of all points, for each that others do not name."""
        return {
            name: texts
            for programs in self.programs
            for name, texts in uncompared(programs).items()
        }

    def agreeing(self, task: Task) -> dict[str, Task]:
        """Adapter → one of the tasks as it agrees by a recorded spelling, with nothing recorded."""
        off = {name for d in task.divergences for name in d.adapters}
        plain = replace(task, divergences=(), modes={})
        if task.update is not None:
            said = {name for d in self.model.divergences for name in d.spellings}
            native = task.update.native
            return {
                name: replace(plain, update=replace(task.update, native=_without(native, name)))
                for name in sorted(said & off)
            }
        found = self.spellings[self.points().index(task.point)] if self.spellings else {}
        return {
            name: replace(plain, programs={**task.programs, name: program})
            for name, program in found.items()
            if name in off
        }

    @property
    def draws(self) -> bool:
        """Whether another drawing has other numbers, and can be judged as this one is.

        Tensors that are written out or have a seed of their own stay as they are. A case that
        expects a NaN speaks of its own numbers.
        """
        every = [self._tensors(point) for point in self.points()]
        truths = (
            truth
            for said in self.model.expectations
            for check in models.EXPECTED
            for truth in getattr(said, check).values()
        )
        drawn = any(self._drawn(tensors) for tensors in every)
        return drawn and not any(is_nan(truth, every[0]) for truth in truths)

    def redrawn(self, number: int) -> Case:
        """The same case with its random tensors drawn anew, the ``number``-th time from 1.

        Its tasks are named ``case#number``; the first drawing is the case's own. At others
        nothing is expected that hangs on a drawn tensor, records of such numbers speak of their
        kind alone, and it need not keep away from kinks.
        """
        return replace(self, draw=number)

    def drawings(self, count: int) -> list[Case]:
        """So many drawings of the case, or itself alone where no other has other numbers."""
        return [self.redrawn(k) for k in range(1, count + 1)] if self.draws else [self]

    def tasks(self, dtypes: Iterable[str] | None = None) -> list[Task]:
        """Its tasks, point by point and dtype by dtype.

        Parameters
        ----------
        dtypes
            Those of the case's own dtypes that are wanted; None for all of them.

        Raises
        ------
        BadUsage
            Where there is no such dtype.
        """
        return list(self.iter_tasks(dtypes))

    def iter_tasks(self, dtypes: Iterable[str] | None = None) -> Iterator[Task]:
        """The same one by one, each task's arrays drawn when it is asked for."""
        chosen = self._chosen(dtypes)
        for point, programs in zip(self.points(), self.programs, strict=True):
            yield from self.tasks_at(point, programs, chosen)

    def count(self, dtypes: Iterable[str] | None = None) -> int:
        """How many tasks there are; none is drawn."""
        return len(self.programs) * len(self._chosen(dtypes))

    def undrawn(self, dtypes: Iterable[str] | None = None) -> Iterator[Undrawn]:
        """The same tasks in the same order, before their arrays are drawn."""
        chosen = self._chosen(dtypes)
        for point, programs in zip(self.points(), self.programs, strict=True):
            narrowed = replace(self, programs=(programs,), spellings=())
            yield from (Undrawn(narrowed, point, dtype) for dtype in chosen)

    def _chosen(self, dtypes: Iterable[str] | None) -> list[str]:
        wanted = self.dtypes if dtypes is None else tuple(dtypes)
        for dtype in wanted:
            if dtype not in DTYPES:
                raise BadUsage(unknown("dtype", dtype, DTYPES))
        return [dtype for dtype in self.dtypes if dtype in wanted]

    def _tensors(self, point: dict[str, Any], *, complex_: bool = False) -> Tensors:
        return Tensors(self.drawn_as, point, self.path.parent, complex_=complex_)

    @property
    def _inputs(self) -> dict[str, Any]:
        """The specs of what is not differentiated: inputs, and state as it is at first."""
        return {**self.model.inputs, **{k: s.from_ for k, s in self.model.state.items()}}

    def _drawn(self, tensors: Tensors) -> set[str]:
        """The inputs and parameters that another drawing has other numbers of."""
        specs = {**self._inputs, **self.model.params}
        return {name for name, spec in specs.items() if varies(spec, tensors)}

    def tasks_at(
        self, point: dict[str, Any], programs: dict[str, Program], dtypes: Iterable[str]
    ) -> Iterator[Task]:
        """The tasks of one point of the sweep, with that point's programs."""
        model = self.model
        real = self._tensors(point)
        expect = expected(model.expectations, point, real)
        hang: set[str] = set()
        if self.draw > 1:
            hang = hanging(programs.values(), self._drawn(real))
            expect = kept(expect, hang)
        update = self._update(real)
        modes, variants = modes_of(model.modes)
        drawn: dict[bool, dict[str, np.ndarray]] = {}
        for dtype in dtypes:
            complex_ = dtype.startswith("complex")
            tensors = self._tensors(point, complex_=complex_)
            if complex_ not in drawn:
                specs = {**self._inputs, **model.params}
                drawn[complex_] = {name: tensors.draw(name, spec) for name, spec in specs.items()}

            def arrays(
                specs: Mapping[str, Any],
                *,
                differentiated: bool,
                tensors: Tensors = tensors,
                dtype: str = dtype,
                numbers: Mapping[str, np.ndarray] = drawn[complex_],
            ) -> dict[str, np.ndarray]:
                finals = {
                    name: final_dtype(
                        spec, tensors.layout(spec), dtype, differentiated=differentiated
                    )
                    for name, spec in specs.items()
                }
                return {n: drawing.rounded(numbers[n], final) for n, final in finals.items()}

            cotangent = model.cotangent
            inputs = arrays(self._inputs, differentiated=False)
            params = arrays(model.params, differentiated=True)
            yield Task(
                case=self.drawn_as,
                draw=self.draw,
                point=point,
                dtype=dtype,
                programs=programs,
                inputs=inputs,
                params=params,
                own_dtypes={
                    k: x.dtype.name
                    for k, x in {**inputs, **params}.items()
                    if x.dtype.name in WIDTHS and x.dtype.name != dtype
                },
                state={name: state.next for name, state in model.state.items()},
                loss_scale=_loss_scale(model),
                checks=model.all_checks,
                steps=model.steps,
                update=update,
                batch=None if model.batch is None else Batch(model.batch.size, model.batch.order),
                given_cotangent=(
                    None if cotangent is None else _wide(tensors.draw("cotangent", cotangent))
                ),
                given_tangents={
                    name: tensors.draw(f"tangent {name}", spec)
                    for name, spec in model.tangents.items()
                },
                expect=expect,
                divergences=tuple(
                    replace(d, elsewhere=self.draw > 1 and of_first(d, hang))
                    for d in recorded(model, point, dtype, real)
                ),
                tolerance=tolerance(model),
                skip=dict(model.skip),
                versions=dict(model.versions),
                modes=modes,
                variants=variants,
                avoid=0.0 if self.draw > 1 else (model.avoid or 0.0),
                tags=self.tags,
                where=self.where,
                files={
                    name: (spec.file, spec.key)
                    for name, spec in model.inputs.items()
                    if isinstance(spec, File) and spec.key and not spec.rows
                    if spec.scale is None
                },
            )

    def _update(self, tensors: Tensors) -> Update | None:
        def numbers(given: Mapping[str, Any]) -> dict[str, Any]:
            return {k: tensors.number(v) for k, v in given.items()}

        def chosen(given: Mapping[str, Any] | None) -> Chosen | None:
            for name, attributes in (given or {}).items():
                if not isinstance(attributes, dict):
                    attributes = {"max": attributes}  # noqa: PLW2901  the short form of a clip
                return Chosen(name, numbers(attributes))
            return None

        model = self.model
        for rule, hyperparameters in (model.optimizer or {}).items():
            return Update(
                rule,
                numbers(hyperparameters),
                groups={name: numbers(given) for name, given in model.groups.items()},
                schedule=chosen(model.schedule),
                clip=chosen(model.clip),
                native={
                    adapter: {
                        part: found
                        for part in PARTS
                        if (found := chosen(parts.part(part))) is not None
                    }
                    for adapter, parts in model.native.items()
                },
                accumulate=_accumulate(model),
                ema=_ema(model),
            )
        return None


def _accumulate(model: CaseModel) -> Accumulate | None:
    given = model.accumulate
    return None if given is None else Accumulate(given.passes, given.as_ == "mean")


def _loss_scale(model: CaseModel) -> LossScale | None:
    given = model.loss_scale
    if given is None:
        return None
    return LossScale(given.init, given.growth, given.backoff, given.every)


def _ema(model: CaseModel) -> Ema | None:
    given = model.ema
    return None if given is None else Ema(given.decay, given.start, given.debias)


def _without(items: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: item for key, item in items.items() if key != name}


def _files(item: Any) -> Iterator[str]:
    if isinstance(item, File):
        yield item.file
    parts = vars(item).values() if isinstance(item, Strict) else item
    parts = parts.values() if isinstance(parts, dict) else parts
    for part in () if isinstance(parts, str | float | int) or parts is None else parts:
        yield from _files(part)


@dataclass(frozen=True, eq=False)
class Undrawn:
    """A task without its arrays: small, so that it may wait in numbers and travel to a worker.

    ``case`` has only this point's programs.
    """

    case: Case
    point: dict[str, Any]
    dtype: str

    @property
    def id(self) -> str:
        """The task's id."""
        return id_of(self.case.drawn_as, self.point, self.dtype)

    def bare(self) -> Task:
        """The task without arrays and programs: what its rows need where it cannot be drawn."""
        case = self.case
        return Task(
            case=case.drawn_as,
            point=self.point,
            dtype=self.dtype,
            programs={},
            inputs={},
            params={},
            checks=frozenset(),
            tags=case.tags,
            where=case.where,
        )

    def draw(self) -> Task:
        """The task, its arrays drawn: the same numbers on every machine."""
        (task,) = self.case.tasks_at(self.point, self.case.programs[0], [self.dtype])
        return task


def _wide(x: np.ndarray) -> np.ndarray:
    return x if x.dtype.kind == "c" else x.astype(np.float64)

"""How the values of a case go together: names, programs, truths, divergences, at every point."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from ..refimpl.ops import TABLE
from ..refimpl.optimizers import RULES
from . import limits, models
from .budget import Budget
from .case import Case, at_point, points_of, same
from .faults import Faults, shown, unknown
from .language import RESERVED, read_program
from .models import CaseModel
from .places import locator
from .program import Program, Ref
from .syntax import DOLLAR, Source, parse
from .tensors import Layout, TensorFault, Tensors
from .values import is_number
from .yaml_nodes import Mapping, Node, Scalar, find, key_place


@lru_cache(maxsize=1)
def adapter_names() -> tuple[str, ...]:
    """The adapters that are registered, by their entry points alone: none is imported."""
    return tuple(sorted(entry.name for entry in entry_points(group="gradparity.adapters")))


def check_case(
    document: Node,
    model: CaseModel,
    path: Path,
    lines: Sequence[str],
    budget: Budget,
    faults: Faults,
) -> Case | None:
    """The case that a document is, or None with faults added.

    Parameters
    ----------
    document
        With places.
    model
        The same as typed values.
    path
        Of the file.
    lines
        Of the file, to find a program's lines in.
    budget
        What the file may still unroll.
    faults
        Where faults are added.
    """
    before = len(faults)
    assert isinstance(document, Mapping)
    programs = _Checker(document, model, path, lines, budget, faults).check()
    if len(faults) > before:
        return None
    first = document.place
    return Case(model, path, first.line, first.column, tuple(programs))


class _Checker:
    """The checks of one case."""

    def __init__(
        self,
        document: Mapping,
        model: CaseModel,
        path: Path,
        lines: Sequence[str],
        budget: Budget,
        faults: Faults,
    ) -> None:
        self.document, self.model, self.faults = document, model, faults
        self.folder, self.lines, self.budget = path.parent, lines, budget
        #: Sweep names and inputs that something uses.
        self.used: set[str] = set()
        #: The named variables of each point, those that every text has.
        self.assigned: list[tuple[str, ...] | None] = []
        #: The variables on the way from a parameter to the output.
        self.on_path: list[set[str]] = []
        self.layouts: list[dict[str, Layout]] = []

    def check(self) -> list[dict[str, Program]]:
        """The programs of every point."""
        self._names()
        self._words()
        self._optimizer()
        if math.prod(len(values) for values in self.model.sweep.values()) > limits.POINTS:
            self.faults.limit(
                f"a sweep of more than {limits.POINTS} points, expected at most that",
                self.key("sweep"),
            )
            return []
        points = points_of(self.model.sweep)
        self.sources = self._sources()
        for point in points:
            self.layouts.append(self._tensors(point))
        programs = [self._programs(point) for point in points]
        if self.sources:
            self._truths(points)
            self._divergences(points)
            self._unused(programs)
        return programs

    # Places

    def key(self, *path: Any) -> Any:
        return key_place(self.document, path)

    def at(self, *path: Any) -> Any:
        return find(self.document, path).place

    # Names

    def _names(self) -> None:
        model = self.model
        for group in ("inputs", "params", "sweep"):
            for name in getattr(model, group):
                if name in RESERVED:
                    self.faults.add(
                        f"the name {name} is reserved, expected another", self.key(group, name)
                    )
        for name in model.params:
            if name in model.inputs:
                self.faults.add(
                    f"{name} is an input, at line {self.key('inputs', name).line}, and a "
                    "parameter, expected one of them",
                    self.key("params", name),
                )
        for name, values in model.sweep.items():
            group = next((g for g in ("inputs", "params") if name in getattr(model, g)), None)
            if group:
                self.faults.add(
                    f"{name} is a tensor, at line {self.key(group, name).line}, and a sweep's "
                    "name, expected one of them",
                    self.key("sweep", name),
                )
            for k, value in enumerate(values):
                if any(same(value, other) for other in values[:k]):
                    self.faults.add(
                        f"{shown(value)} stands twice in the sweep of {name}, expected once",
                        self.at("sweep", name, k),
                    )
        for key in ("tags", "dtypes", "checks"):
            values = getattr(model, key) or []
            for k, value in enumerate(values):
                if value in values[:k]:
                    self.faults.add(f"{value} stands twice, expected once", self.at(key, k))

    def _words(self) -> None:
        """Adapters' names, and what needs what."""
        model = self.model
        for name in model.skip:
            self._adapter(name, self.key("skip", name))
        for k, divergence in enumerate(model.divergences):
            for j, name in enumerate(divergence.adapters):
                self._adapter(name, self.at("divergences", k, "adapters", j))
        if model.optimizer is None:
            for key in ("batch", "steps"):
                if key in self.document.entries and (key == "batch" or model.steps > 1):
                    self.faults.add(f"{key} without an optimizer, expected one", self.key(key))
            if "update" in model.all_checks:
                self.faults.add(
                    "the check update without an optimizer, expected one", self.key("checks")
                )
        tolerance = model.tolerance
        if tolerance is not None and tolerance.rel is None and tolerance.abs is None:
            self.faults.add(
                "a tolerance that gives no bound, expected rel, abs or both", self.key("tolerance")
            )
        if not any(key in self.document.entries for key in ("inputs", "params")):
            return

    def _adapter(self, name: str, place: Any) -> None:
        if name not in adapter_names():
            self.faults.add(unknown("adapter", name, adapter_names()), place)

    def _optimizer(self) -> None:
        for name, given in (self.model.optimizer or {}).items():
            if name not in RULES:
                self.faults.add(unknown("optimizer", name, RULES), self.key("optimizer", name))
                continue
            rule = RULES[name]
            for key, value in given.items():
                if key not in rule.hyperparameters:
                    self.faults.add(
                        unknown(f"hyperparameter of {name}", key, rule.hyperparameters),
                        self.key("optimizer", name, key),
                    )
                elif not isinstance(value, str):
                    self._hyperparameter(name, key, value)
            missing = [key for key in rule.required if key not in given]
            if missing:
                self.faults.add(
                    f"{name} lacks {', '.join(missing)}, expected a value, for there is no "
                    "default that the frameworks share",
                    self.key("optimizer", name),
                )

    def _hyperparameter(self, name: str, key: str, value: Any) -> None:
        switch = isinstance(RULES[name].hyperparameters[key], bool)
        if switch != isinstance(value, bool):
            expected = "true or false" if switch else "a number"
            self.faults.add(
                f"{key}: {shown(value)}, expected {expected}", self.at("optimizer", name, key)
            )

    # Tensors

    def _tensors(self, point: dict[str, Any]) -> dict[str, Layout]:
        """The layouts at one point, and whatever else uses the point's numbers."""
        model = self.model
        complex_ = any(dtype.startswith("complex") for dtype in model.dtypes)
        tensors = Tensors(model.case, point, self.folder, complex_=complex_, used=self.used.add)
        layouts: dict[str, Layout] = {}
        total = 0
        for group in ("inputs", "params"):
            for name, spec in getattr(model, group).items():
                layout = self._layout(tensors, spec, (group, name))
                if layout is None:
                    continue
                layouts[name] = layout
                total += math.prod(layout.shape)
                own = getattr(spec, "dtype", None)
                if group == "params" and own in ("int64", "bool"):
                    self.faults.add(
                        f"{name} is a parameter of {own}, expected a floating dtype",
                        self.at(group, name, "dtype"),
                    )
        if total > limits.CASE_ELEMENTS:
            self.faults.limit(
                f"tensors of {total} elements in all, expected at most {limits.CASE_ELEMENTS}",
                self.document.place,
            )
        if model.cotangent is not None:
            self._layout(tensors, model.cotangent, ("cotangent",))
        for name, given in (model.optimizer or {}).items():
            for key, value in given.items():
                self._number(tensors, value, name, key)
        self._batch(layouts)
        return layouts

    def _number(self, tensors: Tensors, value: Any, name: str, key: str) -> None:
        place = self.at("optimizer", name, key)
        try:
            found = tensors.number(value)
        except TensorFault as fault:
            self.faults.add(f"{key}: {fault.message}", place)
            return
        if isinstance(value, str) and name in RULES and key in RULES[name].hyperparameters:
            self._hyperparameter(name, key, found)

    def _layout(self, tensors: Tensors, spec: Any, path: tuple[Any, ...]) -> Layout | None:
        try:
            return tensors.layout(spec)
        except TensorFault as fault:
            name = ".".join(map(str, path))
            add = self.faults.limit if fault.limit else self.faults.add
            add(f"{name}: {fault.message}", self.at(*path, *fault.path))
            return None

    def _batch(self, layouts: dict[str, Layout]) -> None:
        """Every input that has rows has equally many, and the batch no more than that."""
        batch = self.model.batch
        if batch is None:
            return
        rows = {n: layouts[n].shape for n in self.model.inputs if n in layouts}
        rows = {name: shape[0] for name, shape in rows.items() if shape}
        if not rows:
            self.faults.add(
                "a batch without an input that has rows, expected one", self.key("batch")
            )
            return
        first, count = next(iter(rows.items()))
        for name, other in rows.items():
            if other != count:
                self.faults.add(
                    f"{name} has {other} rows and {first} has {count}, expected equally many, "
                    "for batch takes rows of both",
                    self.key("inputs", name),
                )
        if batch.size > count:
            self.faults.add(
                f"a batch of {batch.size} rows of {count}, expected at most {count}",
                self.at("batch", "size"),
            )

    # Programs

    def _sources(self) -> dict[str, Source]:
        """Framework (``"*"`` for all) → its parsed text; empty where one cannot be read."""
        program = self.model.program
        texts = program if isinstance(program, dict) else {"*": program}
        sources: dict[str, Source] = {}
        sound = True
        for name, text in texts.items():
            path = ("program",) if name == "*" else ("program", name)
            if name != "*" and name not in adapter_names():
                self.faults.add(unknown("adapter", name, adapter_names()), self.key(*path))
                sound = False
            node = find(self.document, path)
            assert isinstance(node, Scalar)
            source = parse(text, locator(node, self.lines), self.faults)
            if source is None:
                sound = False
            else:
                sources[name] = source
        if "*" not in texts and "numpy" not in texts:
            self.faults.add(
                "no text for numpy, expected one, for it is the reference's", self.key("program")
            )
            sound = False
        for source in sources.values():
            self._sweep_names(source)
        return sources if sound else {}

    def _sweep_names(self, source: Source) -> None:
        names = {node.id for node in ast.walk(source.tree) if isinstance(node, ast.Name)}
        self.used |= {name.removeprefix(DOLLAR) for name in names}

    def _programs(self, point: dict[str, Any]) -> dict[str, Program]:
        model = self.model
        arrays = [*model.inputs, *model.params]
        programs: dict[str, Program] = {}
        for framework, source in self.sources.items():
            program = read_program(
                source,
                framework=None if framework == "*" else framework,
                arrays=arrays,
                constants=point,
                output=model.output,
                budget=self.budget,
                faults=self.faults,
            )
            if program is not None and self._output(program, framework):
                programs[framework] = program
        if len(programs) < len(self.sources):
            self.assigned.append(None)
            self.on_path.append(set())
            return programs
        reference = programs.get("*") or programs.get("numpy")
        if reference is None:
            self.assigned.append(None)
            self.on_path.append(set())
            return programs
        everywhere = set.intersection(*(set(p.named) for p in programs.values()))
        self.assigned.append(tuple(n for n in reference.named if n in everywhere))
        way = _on_path(reference, model.params)
        self.on_path.append(way)
        for name in model.params:
            if name not in way:
                where = _point_text(point)
                used = any(name in i.refs for i in reference.instructions)
                self.faults.add(
                    f"the parameter {name} {'does not reach' if used else 'is not used for'} "
                    f"{reference.output}{where}, expected a differentiable way to it"
                    f"{'' if used else ' (a constant is an input)'}",
                    self.key("params", name),
                )
        return programs

    def _output(self, program: Program, framework: str) -> bool:
        if program.output in program.named:
            return True
        of = "" if framework == "*" else f" of the text for {framework}"
        self.faults.add(unknown(f"output{of}", program.output, program.named), self.at("output"))
        return False

    # Truths and divergences

    def _truths(self, points: list[dict[str, Any]]) -> None:
        model = self.model
        many = isinstance(model.expect, list)
        for k, expect in enumerate(model.expectations):
            base = ("expect", k) if many else ("expect",)
            if not self._selects(expect.at, (*base, "at")):
                continue
            for check in models.CHECKS:
                truths = getattr(expect, check)
                if truths and check not in model.all_checks:
                    self.faults.add(
                        f"a truth for {check}, which the case does not check, expected one of "
                        f"{', '.join(sorted(model.all_checks))}",
                        self.key(*base, check),
                    )
                    continue
                for name, truth in truths.items():
                    self._truth(points, expect.at, check, name, truth, (*base, check, name))

    def _truth(
        self,
        points: list[dict[str, Any]],
        at: Any,
        check: str,
        name: str,
        truth: Any,
        path: tuple[Any, ...],
    ) -> None:
        value = truth
        if isinstance(truth, models.Rounded):
            value, path = truth.is_, (*path, "is")
        random = next((k for k in models.RANDOM if isinstance(value, models.SPECS[k])), None)
        if random:
            self.faults.add(
                f"a truth that is drawn ({random}), expected hand-derived numbers", self.at(*path)
            )
            return
        self._named_value(points, at, check, name, value, path)

    def _named_value(
        self,
        points: list[dict[str, Any]],
        at: Any,
        check: str,
        name: str,
        value: Any,
        path: tuple[Any, ...],
    ) -> None:
        """Check a tensor's name and shape at every point that is picked."""
        for k, point in enumerate(points):
            if not at_point(at, point) or self.assigned[k] is None:
                continue
            if not self._comparable(k, check, name, path):
                return
            if value is None:
                continue
            tensors = Tensors(self.model.case, point, self.folder, used=self.used.add)
            layout = self._layout(tensors, value, path)
            if layout is None:
                return
            own = self.layouts[k].get(name)
            if own is not None and layout.shape not in ((), own.shape):
                self.faults.add(
                    f"the shape {list(layout.shape)} for {name}{_point_text(point)}, expected "
                    f"{list(own.shape)}",
                    self.at(*path),
                )
                return

    def _comparable(self, k: int, check: str, name: str, path: tuple[Any, ...]) -> bool:
        """Whether a check compares a tensor of that name; a fault is added where it does not."""
        model, assigned = self.model, self.assigned[k]
        assert assigned is not None
        valid: Iterable[str] = {
            "value": assigned,
            "grad": (*model.params, *assigned),
            "update": tuple(model.params),
        }[check]
        place = self.key(*path[:-1]) if path[-1] in ("is", "tensor") else self.key(*path)
        if path[-1] == "tensor":
            place = self.at(*path)
        if name not in valid:
            what = "parameter" if check == "update" else "variable"
            if check == "grad" and name in model.inputs:
                self.faults.add(
                    f"{name} is an input, which is not differentiated, expected a parameter or "
                    "a variable of the program",
                    place,
                )
            else:
                self.faults.add(unknown(what, name, valid), place)
            return False
        if check == "grad" and name not in self.on_path[k]:
            self.faults.add(
                f"{name} is not on a way from a parameter to the output and has no gradient, "
                "expected one that is",
                place,
            )
            return False
        return True

    def _divergences(self, points: list[dict[str, Any]]) -> None:
        for k, divergence in enumerate(self.model.divergences):
            base = ("divergences", k)
            if divergence.check not in self.model.all_checks:
                self.faults.add(
                    f"the check {divergence.check}, which the case does not make, expected one "
                    f"of {', '.join(sorted(self.model.all_checks))}",
                    self.at(*base, "check"),
                )
                continue
            for j, dtype in enumerate(divergence.dtypes or ()):
                if dtype not in self.model.dtypes:
                    self.faults.add(
                        unknown("dtype of the case", dtype, self.model.dtypes),
                        self.at(*base, "dtypes", j),
                    )
            if not self._selects(divergence.at, (*base, "at")):
                continue
            check, name = divergence.check, divergence.tensor
            self._named_value(points, divergence.at, check, name, None, (*base, "tensor"))
            if divergence.value is not None:
                for point in points:
                    tensors = Tensors(self.model.case, point, self.folder, used=self.used.add)
                    self._layout(tensors, divergence.value, (*base, "value"))

    def _selects(self, at: dict[str, Any], path: tuple[Any, ...]) -> bool:
        """Whether ``at`` names points that exist."""
        sound = True
        for name, value in at.items():
            values = self.model.sweep.get(name)
            if values is None:
                self.faults.add(
                    unknown("sweep name", name, self.model.sweep), self.key(*path, name)
                )
                sound = False
            elif not any(same(value, other) for other in values):
                self.faults.add(
                    unknown(f"value of {name}", value, [str(v) for v in values]),
                    self.at(*path, name),
                )
                sound = False
        return sound

    # What nothing uses

    def _unused(self, programs: list[dict[str, Program]]) -> None:
        if any(len(p) < len(self.sources) for p in programs):
            return
        refs = {n for p in programs for x in p.values() for i in x.instructions for n in i.refs}
        for name in self.model.inputs:
            if name not in refs:
                self.faults.add(
                    f"the input {name} is not used, expected the program to use it",
                    self.key("inputs", name),
                )
        for name in self.model.sweep:
            if name not in self.used:
                self.faults.add(
                    f"the sweep's {name} is not used, expected the program or a tensor to use it",
                    self.key("sweep", name),
                )


def _on_path(program: Program, params: Iterable[str]) -> set[str]:
    """The names on a differentiable way from a parameter to the output."""
    tracked = set(params)
    for i in program.instructions:
        flows = (k for k, a in enumerate(i.arguments) if isinstance(a, Ref) and a.name in tracked)
        if any(_differentiable(i, k) for k in flows):
            tracked.add(i.target)
    reached = {program.output} & tracked
    for i in reversed(program.instructions):
        if i.target in reached:
            reached.update(
                a.name
                for k, a in enumerate(i.arguments)
                if isinstance(a, Ref) and a.name in tracked and _differentiable(i, k)
            )
    return reached


def _differentiable(instruction: Any, position: int) -> bool:
    if instruction.native or instruction.operation == "select":
        return True
    return TABLE[instruction.operation].differentiable(position)


def _point_text(point: dict[str, Any]) -> str:
    if not point:
        return ""
    return f" at {', '.join(f'{k}={shown(v)}' for k, v in point.items())}"

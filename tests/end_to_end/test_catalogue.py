"""The shipped catalogue: in order, complete, and as its authors derived it by hand."""

import hashlib
import math
from collections import Counter

import numpy as np
import pytest

from gradparity.adapters.numpy_reference import reference
from gradparity.adapters.reference_ways import ways
from gradparity.cases import catalogue
from gradparity.cases.task import Between
from gradparity.refimpl.ops import TABLE
from gradparity.refimpl.optimizers import RULES
from gradparity.refimpl.rounding import unit_roundoff
from gradparity.verify.linting.vacuity import vacuous

from ..whole import whole

CASES, FAULTS = whole()
EXPECTING = [task for case in CASES for task in case.tasks(["float64"]) if task.expect]


def test_every_file_is_in_order():
    assert [str(fault) for fault in FAULTS] == []


def test_there_are_enough_cases_of_distinct_names():
    names = [case.name for case in CASES]

    assert len(names) >= 700
    assert len(set(names)) == len(names)


def test_there_are_enough_tasks():
    assert sum(len(case.tasks()) for case in CASES) >= 3000


def test_every_case_says_what_it_is_about_in_a_line():
    untold = [case.name for case in CASES if not case.about.strip() or "\n" in case.about]

    assert untold == []


def test_every_case_is_tagged():
    assert [case.name for case in CASES if not case.tags] == []


def test_every_operation_has_three_cases():
    used = Counter(operation for found in _operations().values() for operation in found)

    assert [operation for operation in TABLE if used[operation] < 3] == []


def test_every_update_rule_is_exercised_by_a_case():
    used = {task.update.rule for case in CASES for task in case.tasks() if task.update}

    assert sorted(RULES.keys() - used) == []


def test_published_examples_name_their_source_and_expect_its_numbers():
    published = [case for case in CASES if "published" in case.tags]

    assert len(published) >= 5
    assert [case.name for case in published if not all(t.expect for t in case.tasks())] == []


def test_no_case_is_vacuous():
    assert [str(fault) for case in CASES for fault in vacuous(case)] == []


@pytest.mark.parametrize("task", EXPECTING, ids=lambda task: task.id)
def test_hand_derived_truths_hold_in_the_reference(task):
    steps = reference(task, dtype=np.longdouble).steps
    moved = {**steps[-1].params, **steps[-1].slots}
    found = {"value": steps[0].values, "grad": steps[0].grads, "update": moved}
    for (way, name, _), made in ways(task, dtype=np.longdouble).items():
        found.setdefault(way, {})[name] = made
    off = []
    for check, expected in task.expect.items():
        for name, truth in expected.items():
            got = found[check][name]
            assert got is not None
            if isinstance(truth, Between):
                off += _outside(f"{check} of {name}", got, truth)
                continue
            # Inputs are decimal numbers rounded to float64: the truth at them is off by a little.
            allowed = truth.within + 32 * unit_roundoff("float64") * _size(steps, got, truth)
            with np.errstate(invalid="ignore"):
                near = np.abs(got - truth.value) <= allowed
            same = (got == truth.value) | (np.isnan(got) & np.isnan(truth.value))
            if not np.all(near | same):
                off.append(f"{check} of {name}: {got}, expected {truth.value}")

    assert off == []


def _outside(what, got, truth):
    """Nothing where the reference's own choice is one of the set."""
    allowed = 32 * unit_roundoff("float64") * np.maximum(np.abs(got), 1)
    inside = np.all((got >= truth.low - allowed) & (got <= truth.high + allowed))
    added = truth.total is None or abs(got.sum() - truth.total) <= np.sum(allowed)
    return [] if inside and added else [f"{what}: {got}, expected one of {truth}"]


def _size(steps, got, truth):
    """The largest number in sight: cancellation leaves that one's rounding behind."""
    inside = [v for v in steps[0].values.values() if v.dtype.kind in "fc"]
    return max(np.abs(v[np.isfinite(v)]).max(initial=1.0) for v in (*inside, got, truth.value))


def test_digits_are_the_published_ones():
    with np.load(catalogue().parent / "data" / "digits.npz") as digits:
        images, labels = digits["images"], digits["labels"]

    assert (images.shape, images.dtype) == ((1797, 8, 8), np.uint8)
    assert (labels.shape, labels.dtype) == ((1797,), np.int64)
    assert images.max() == 16
    assert (
        hashlib.sha256(images.tobytes()).hexdigest()
        == "8f26b2bd9d135c256808f68f14fdabddde6d9c7f869ae419704b051f0f14b3b3"
    )
    assert (
        hashlib.sha256(labels.tobytes()).hexdigest()
        == "a3c91c262eddcf7ba8f0e37507c30284493c9b20412ffe4af30d536401f7ba21"
    )


def test_digits_name_their_source_and_licence():
    text = (catalogue().parent / "data" / "README.md").read_text(encoding="utf-8")

    assert "10.24432/C50P49" in text
    assert "Creative Commons Attribution 4.0" in text


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.name.startswith("digits-")], ids=lambda case: case.name
)
def test_digits_are_learnt_from_in_fifty_steps(case):
    (task,) = case.tasks(["float64"])
    losses = [float(step.values["loss"]) for step in reference(task).steps]

    assert len(losses) == 50
    assert losses[0] > 0.8 * math.log(10)
    assert np.mean(losses[-5:]) < 0.6 * losses[0]


def _operations():
    """Case → the operations of all its tasks."""
    used = {}
    for case in CASES:
        found = used.setdefault(case.name, set())
        for task in case.tasks():
            for program in task.programs.values():
                found |= {i.operation for i in program.instructions}
    return used

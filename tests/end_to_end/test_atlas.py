"""The atlas of the catalogue: as recorded, as committed, and as its snippets print."""

import ast
import json
import math
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from gradparity.cases import catalogue
from gradparity.cases.variants import VARIANTS
from gradparity.reports import atlas, atlas_history
from gradparity.verify import Runner, load_cases
from gradparity.verify.atlas.entries import AGREE, entries, told_of

SNIPPETS = Path(__file__).with_name("snippets.py")
COMMITTED = Path(__file__).parents[2] / "reports" / "atlas"

#: The atlas is in so many parts, each of which a worker of its own may take: a third of it takes
#: ten minutes of a processor.
PARTS = 24

#: Of what a snippet prints and what the adapter returned: the last digits of a dtype are rounded
#: otherwise where more is compiled together, and processors compute them otherwise.
NEAR = {"bfloat16": 0.05, "float16": 5e-3, "float32": 1e-4, "complex64": 1e-4}

#: Where XLA rewrites what a snippet computes, and not what the adapter does, who asks for the
#: gradients in between as well.
REWRITTEN = {
    ("jit-rewrites-a-logarithm-of-an-exponential", "jax"),
    ("jit-rewrites-a-logarithm-of-an-exponential", "jax-scan"),
}

#: Adam makes a whole step of a gradient that is nearly nothing, and so of its rounding, which is
#: another one with another number of threads, and in a process where much ran before.
ROUNDED = {("decoder-layer", "torch"), ("decoder-layer", "jax")}

_WORDS = {"nan": math.nan, "inf": math.inf, "nanj": complex(0, math.nan)}


@cache
def recorded():
    """The cases that are entries of the atlas."""
    return [case for case in load_cases() if told_of(case)[0]]


def run(snippets):
    """What each snippet prints or raises, all in one fresh interpreter."""
    done = subprocess.run(  # noqa: S603  ours
        [sys.executable, str(SNIPPETS)],
        input=json.dumps(snippets),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def told(labels, text):
    """What a snippet printed, label by label."""
    labels = [label.partition(" after ")[0] for label in labels]
    parts = re.split("|".join(f"(?:^| ){re.escape(label)} = " for label in labels), text.strip())
    return [eval(part, {**_WORDS}) for part in parts[1:]]  # noqa: S307  printed by our snippets


def alike(value, expected, dtype):
    """Whether numbers are the same, to what a dtype holds of the largest of them."""
    if value is None or expected is None:
        return value is expected
    value, expected = np.asarray(value), np.asarray(expected)
    if value.shape != expected.shape:
        return False
    finite = np.abs(expected[np.isfinite(expected)])
    nothing = atlas.NOTHING * finite.max(initial=0.0)
    return np.allclose(value, expected, rtol=NEAR.get(dtype, 1e-5), atol=nothing, equal_nan=True)


def unlike(entry, side, outcome):
    """What a snippet did otherwise than the atlas says; empty where nothing."""
    if side.failure:
        if "raised" not in outcome:
            return f"raised nothing, printed {outcome['printed']}"
        kind, _, said = outcome["raised"].partition(": ")
        said = said.partition("\n")[0]
        known = kind in side.failure or (said != "" and said in side.failure)
        return "" if known else f"raised {outcome['raised']}"
    if "raised" in outcome:
        return f"raised {outcome['raised']}"
    expected = [result.value for result in side.results]
    actual = told(side.labels or entry.labels, outcome["printed"])
    same = len(actual) == len(expected) and all(
        alike(value, wanted, entry.dtype) for value, wanted in zip(actual, expected, strict=True)
    )
    return "" if same else f"printed {actual}, expected {expected}"


def wrong(found):
    jobs = [
        (entry, side)
        for entry in found
        for side in (*entry.sides, *entry.agreeing)
        if ast.parse(side.snippet).body  # a comment alone says why it is not written down
    ]
    outcomes = run([side.snippet for _, side in jobs])
    return {
        f"{entry.name} in {side.adapter}": reason
        for (entry, side), outcome in zip(jobs, outcomes, strict=True)
        if (entry.name, side.adapter) not in REWRITTEN | ROUNDED
        if (reason := unlike(entry, side, outcome))
    }


def test_a_snippet_that_prints_something_else_is_found():
    side = atlas.Side("torch", "print('y =', 1.0)", (atlas.Result(2.0),))
    entry = atlas.Entry(
        "e", "a", "bug", ("bug",), "a", (), "float64", "", {}, ("y",), (2.0,), (side,)
    )
    assert wrong([entry]) == {"e in torch": "printed [1.0], expected [2.0]"}


def without_a_snippet(found):
    """Sides that neither show how they came to it nor say why not."""
    return [
        f"{entry.name} in {side.adapter}"
        for entry in found
        for side in entry.sides
        if side.snippet.startswith("#") or not (side.snippet or side.failure)
        if side.adapter != "numpy"  # the reference, where it is off in its own dtype
        if side.adapter not in VARIANTS  # most are no few lines
        if not any(" of " in label for label in entry.labels)  # a snippet prints gradients
    ]


def not_agreeing(found):
    """Spellings that agree, and do not."""
    return [
        f"{entry.name} in {side.adapter}"
        for entry in found
        for side in entry.agreeing
        if side.failure or not side.results or any(result.off for result in side.results)
    ]


def stale(found):
    """Entries that are committed otherwise, of frameworks that were run now."""
    committed = atlas_history.read((COMMITTED / atlas_history.NAME).read_text("utf-8"))
    now = atlas.history(found)
    merged = atlas_history.merged({k: v for k, v in committed.items() if k in now}, now)
    some = {e.name for e in found if e.some_processors}
    return [
        name
        for name in now
        if without_numbers(merged[name]) != without_numbers(committed.get(name))
        and name not in some
    ]


def without_numbers(history):
    """What each framework did, but for digits: a rounding that is told is another processor's."""
    return re.sub(r"-?\b\d[\d.]*(e[+-]?\d+)?j?", "#", json.dumps(history, sort_keys=True))


@pytest.mark.thinned(3, "rare")
@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_every_entry_is_as_recorded_and_as_its_snippets_print(part):
    found = list(entries(Runner(), recorded()[part::PARTS]))
    assert [entry.name for entry in found if entry.failed] == []
    assert not_agreeing(found) == []
    assert without_a_snippet(found) == []
    assert wrong(found) == {}
    assert stale(found) == [], "gradparity atlas writes it anew"


def test_the_committed_atlas_has_every_entry_of_the_catalogue():
    committed = atlas_history.read((COMMITTED / atlas_history.NAME).read_text("utf-8"))
    assert sorted(committed) == sorted(case.name for case in recorded())
    pages = "\n".join(path.read_text("utf-8") for path in COMMITTED.glob("*.md"))
    assert [case.name for case in recorded() if f"## {case.name}\n" not in pages] == []


@pytest.mark.slow
def test_a_record_of_the_catalogue_says_its_version_and_what_is_returned():
    records = [(case, record) for case in load_cases() for record in case.model.divergences]
    folder = catalogue() / "divergences"
    assert [
        case.name
        for case, record in records
        if any(adapter not in case.model.versions for adapter in record.adapters)
    ] == []
    assert [
        case.name
        for case, record in records
        if case.path.is_relative_to(folder)
        and record.value is None
        and record.raises is None
        and record.bound is None
        and record.kind != "unsupported"
    ] == []


def test_there_are_enough_divergences_of_every_class():
    kinds = [[d.kind for d in case.model.divergences] for case in recorded()]
    assert sum(bool(kind) for kind in kinds) >= 150
    assert {kind for found in kinds for kind in found or [AGREE]} == set(atlas.CLASSES)

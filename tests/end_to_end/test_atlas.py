"""The atlas of the catalogue: as recorded, as committed, and as its snippets print."""

import ast
import json
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gradparity.cases import catalogue
from gradparity.cases.variants import VARIANTS
from gradparity.reports import atlas, atlas_history
from gradparity.verify import Runner, load_cases
from gradparity.verify.atlas.entries import entries

SNIPPETS = Path(__file__).with_name("snippets.py")
COMMITTED = Path(__file__).parents[2] / "reports" / "atlas"

#: Snippets are compared to one digit less than is shown, which a last bit may round either way.
DIGITS = atlas.DIGITS - 1

_WORDS = {"nan": math.nan, "inf": math.inf, "nanj": complex(0, math.nan)}


@pytest.fixture(scope="module")
def every():
    return list(entries(Runner(), load_cases()))


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
    """What a snippet printed, label by label, as the atlas writes numbers."""
    labels = [label.partition(" after ")[0] for label in labels]
    parts = re.split("|".join(f"(?:^| ){re.escape(label)} = " for label in labels), text.strip())
    values = [eval(part, {**_WORDS}) for part in parts[1:]]  # noqa: S307  printed by our snippets
    return [written(value) for value in values]


def written(value):
    return "None" if value is None else atlas.numbers(value, DIGITS)


def unlike(entry, side, outcome):
    """What a snippet did otherwise than the atlas says; empty where nothing."""
    if side.failure:
        raised = outcome.get("raised", "nothing")
        return "" if raised.split(":")[0] in side.failure else f"raised {raised}"
    if "raised" in outcome:
        return f"raised {outcome['raised']}"
    expected = [written(result.value) for result in side.results]
    actual = told(side.labels or entry.labels, outcome["printed"])
    return "" if actual == expected else f"printed {actual}, expected {expected}"


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
        if (reason := unlike(entry, side, outcome))
    }


def test_a_snippet_that_prints_something_else_is_found():
    side = atlas.Side("torch", "print('y =', 1.0)", (atlas.Result(2.0),))
    entry = atlas.Entry(
        "e", "a", "bug", ("bug",), "a", (), "float64", "", {}, ("y",), (2.0,), (side,)
    )
    assert wrong([entry]) == {"e in torch": "printed ['1'], expected ['2']"}


@pytest.mark.slow
def test_every_entry_is_as_recorded(every):
    assert [entry.name for entry in every if entry.failed] == []


@pytest.mark.slow
def test_every_snippet_prints_what_the_atlas_says(every):
    assert wrong(every) == {}


@pytest.mark.slow
def test_every_spelling_that_agrees_does(every):
    assert [
        (entry.name, side.adapter)
        for entry in every
        for side in entry.agreeing
        if side.failure or not side.results or any(result.off for result in side.results)
    ] == []


@pytest.mark.slow
def test_every_side_has_a_snippet_or_a_reason(every):
    assert [
        (entry.name, side.adapter)
        for entry in every
        for side in entry.sides
        if side.snippet.startswith("#") or not (side.snippet or side.failure)
        if side.adapter != "numpy"  # the reference, where it is off in its own dtype
        if side.adapter not in VARIANTS  # most are no few lines
        if not any(" of " in label for label in entry.labels)  # a snippet prints gradients
    ] == []


@pytest.mark.slow
def test_the_committed_atlas_is_that_of_now(every):
    """What is committed was run over more frameworks than these."""
    committed = atlas_history.read((COMMITTED / atlas_history.NAME).read_text("utf-8"))
    now = atlas.history(every)
    assert sorted(committed) == sorted(now)
    merged = atlas_history.merged(committed, now)
    stale = [name for name in now if merged[name] != committed[name]]
    assert stale == [], "gradparity atlas writes it anew"
    pages = "\n".join(path.read_text("utf-8") for path in COMMITTED.glob("*.md"))
    assert [entry.name for entry in every if f"## {entry.name}\n" not in pages] == []


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


@pytest.mark.slow
def test_there_are_enough_divergences_of_every_class(every):
    assert sum(bool(entry.off) for entry in every) >= 150
    assert {entry.kind for entry in every} == set(atlas.CLASSES)

"""The drafts of reports: as committed, and each snippet still shows what its draft says."""

from dataclasses import replace
from pathlib import Path

import pytest

from gradparity.reports.atlas import Entry, Result, Side
from gradparity.reports.upstream import Draft, as_index, as_markdown, file_of
from gradparity.verify import load_cases
from gradparity.verify.atlas.drafting import draft_of, formulas
from gradparity.verify.atlas.reported import REPORTED, pairs
from gradparity.verify.commands.upstream import drafts

from .test_atlas import wrong

FOLDER = Path(__file__).parents[2] / "reports" / "upstream"

ENTRY = Entry(
    name="tanh-of-one",
    about="The slope of tanh at 1: twice the truth.",
    kind="bug",
    kinds=("bug",),
    area="made-up",
    operations=("tanh",),
    dtype="float64",
    point="",
    inputs={"x": 1.0},
    labels=("y", "x.grad"),
    truth=(0.75, 0.42),
    sides=(
        Side("torch", "print('y =', 0.75)", (Result(0.75, "agree"), Result(0.84, "known"))),
        Side("jax", "print('y =', 0.75)", (Result(0.75, "agree"), Result(0.42, "agree"))),
    ),
    off=("torch",),
    versions={"torch": "2.0", "jax": "0.1"},
    where="cases/catalogue/divergences/made-up.yaml",
    functions=("tanh",),
)


DRAFT = Draft(
    ENTRY,
    "torch",
    formulas=tuple(formulas(ENTRY)),
    because=("It is doubled.",),
    agree_by=("half of it",),
    thread="https://example.org/1",
)


def test_a_draft_says_what_happens_what_should_and_why():
    draft = DRAFT
    text = as_markdown(draft)
    assert file_of(draft) == "torch-tanh-of-one.md"
    for part in (
        "# The slope of tanh at 1: twice the truth\n",
        "*torch 2.0 · float64 · wrong result*",
        "Reported already: <https://example.org/1>",
        "| x.grad |",
        "the gradient in x, given g of the result: g·(",
        "- jax 0.1 returns the expected result.",
        "It is doubled.",
        "half of it",
        "divergences/made-up.yaml",
    ):
        assert part in text
    assert "0.84" in text.partition("## Why")[0]
    assert "(torch-tanh-of-one.md) ([thread](https://example.org/1))" in as_index([draft])


def test_a_framework_that_is_off_itself_proves_nothing():
    assert "returns the expected result" not in as_markdown(Draft(ENTRY, "jax"))


def test_an_entry_about_more_is_told_by_its_functions():
    entry = replace(ENTRY, where="cases/catalogue/movers.yaml")
    assert Draft(entry, "torch").heading == "torch: tanh: wrong result"
    assert Draft(entry, "torch", title="So it is").heading == "So it is"


@pytest.mark.slow
def test_a_draft_has_what_is_recorded_of_its_framework_alone():
    (case,) = (c for c in load_cases() if c.name == "duplicate-indices-in-index-copy")
    draft = draft_of(replace(ENTRY, functions=("index_set",)), "mlx", case)
    assert [text.partition(" ")[0] for text in draft.because] == ["Of"]
    assert draft.thread == ""
    assert draft_of(ENTRY, "torch", case).thread.endswith("/pytorch/issues/473")


def test_a_failure_is_told():
    side = Side("torch", "raise ValueError('no')", (), failure="ValueError: no")
    text = as_markdown(Draft(replace(ENTRY, sides=(side,)), "torch"))
    assert "It raises `ValueError: no`." in text
    assert "| nothing |" in text


def test_enough_are_reported_and_there_is_a_draft_of_each():
    assert sum(len(REPORTED[name]) for name in ("torch", "jax")) >= 25
    assert sum(len(held) for name, held in REPORTED.items() if name not in ("torch", "jax")) >= 15
    files = {path.name for path in FOLDER.glob("*.md")} - {"README.md"}
    assert files == {f"{adapter}-{name}.md" for name, adapter in pairs()}
    assert not [p.name for p in FOLDER.glob("*-*.md") if "```python" not in p.read_text("utf-8")]


@pytest.mark.slow
def test_the_drafts_are_those_of_now_and_their_snippets_show_it():
    made = drafts(pairs(), load_cases())
    assert [draft.entry.name for draft in made if draft.entry.failed] == []
    assert [
        file_of(draft)
        for draft in made
        if (FOLDER / file_of(draft)).read_text("utf-8") != as_markdown(draft)
    ] == [], "gradparity upstream --out reports/upstream writes them anew"
    assert (FOLDER / "README.md").read_text("utf-8") == as_index(made)
    entries = {draft.entry.name: draft.entry for draft in made}
    assert wrong(entries.values()) == {}

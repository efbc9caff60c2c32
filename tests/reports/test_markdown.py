from __future__ import annotations

import re

import pytest

from gradparity.reports.columns import frame
from gradparity.reports.markdown import as_markdown, escaped


def test_every_line_of_a_table_has_as_many_cells(results):
    lines = as_markdown(results).splitlines()
    width = 0
    for line in lines:
        if not line.startswith("|"):
            width = 0
            continue
        cells = len(re.findall(r"(?<!\\)(?:\\\\)*\|", line))
        width = width or cells
        assert width == cells


def test_hostile_text_is_no_markup(hostile):
    text = as_markdown(hostile)
    assert "<script" not in text
    assert "[link](x)" not in text
    assert "\x1b" not in text
    assert set(re.findall(r"<[^>]*>", text)) == {
        "<details>",
        "<summary>",
        "</summary>",
        "</details>",
    }


def test_what_a_reader_needs_stands_there(mixed):
    text = as_markdown(mixed, title="My run", date="2025-01-01", about={"Python": "3.11"})
    assert text.startswith("# My run\n\n**1 of 7 cases ended in an error: bad (torch); 1 of 7")
    for expected in (
        "- Date: 2025-01-01\n- Python: 3.11\n",
        "| **differs** | softmax\\[jax-float64\\] | grad | W | 0 | 0.0015 | 1e-12 | z | error 0.",
        "| jax | 0.10.2 |",
        "| ctc | jax | has no ctc | 1 |",
        "| slow | torch | takes an hour | 1 |",
        "| max | jax | kink | ties | 1 |",
        "<details><summary>All cases (7)</summary>",
    ):
        assert expected in text
    assert text.index("## Failures") < text.index("## Worst") < text.index("All cases")


def test_no_date_no_line(mixed):
    assert "Date" not in as_markdown(mixed)


def test_an_empty_run_is_said_to_be_empty():
    assert as_markdown(frame([])) == "# gradparity\n\n**Nothing was run: no rows.**\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a_b _c_", "a_b \\_c\\_"),
        ("a|b", "a\\|b"),
        ("\\|", "\\\\\\|"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
        ("case-1.5", "case-1.5"),
    ],
)
def test_escaping(text, expected):
    assert expected == escaped(text)

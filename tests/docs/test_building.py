"""The reference that is made of the code has all of it."""

import re

from gradparity.cases import json_schema
from gradparity.cases.tensor_kinds import SPECS
from gradparity.refimpl.ops import TABLE
from gradparity.reports.columns import COLUMNS
from gradparity.verify.cli import COMMANDS


def headings(text):
    return re.findall(r"^## `(.+)`$", text, re.MULTILINE)


def test_every_key_and_every_column_is_there(building):
    keys = building("cases").pages()["parts/keys.md"]
    assert headings(keys) == list(json_schema()["properties"])
    told = {*building("cases").WITHIN, *(model.__name__ for model in SPECS.values()), "Parts"}
    assert set(json_schema()["$defs"]) == told
    columns = building("columns").pages()["parts/columns.md"]
    assert re.findall(r"^\| `(\w+)` ", columns, re.MULTILINE) == [c.name for c in COLUMNS]


def test_every_command_is_there_with_its_options(building):
    text = building("commands").pages()["parts/commands.md"]
    assert headings(text) == list(COMMANDS)
    for option in ("--adapters NAMES", "--allow-imports", "--redraw N", "--accept-stale"):
        assert option in text


def test_every_operation_is_there_with_its_derivatives(building):
    made = building("operations").pages()
    text = "\n".join(page for name, page in made.items() if name.startswith("operations/"))
    assert set(headings(text)) == set(TABLE)
    assert "| by `x` | `1 / (2·y)` |" in text
    assert "[abs-at-zero](../atlas/kink.md#abs-at-zero)" in text


def test_what_is_missing_is_told(building):
    text = building("missing").pages()["parts/missing.md"]
    assert "| products of groups of rows, each with a matrix of its own |" in text
    assert "`jax.lax.ragged_dot`" in text


def test_a_value_is_written_as_a_case_file_has_it(building):
    yaml = building("writing").yaml
    assert yaml({"params": {"W": 0.5}}) == "params: {W: 0.5}"
    assert yaml({"program": "a = x\nb = a"}) == "program: |-\n  a = x\n  b = a"
    assert yaml([1.0, None], flow=True) == "[1.0, null]"

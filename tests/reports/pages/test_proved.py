from __future__ import annotations

from gradparity.reports.columns import frame
from gradparity.reports.pages.proved import proved, uncompared


def test_power_is_of_what_agrees(row, failing):
    powers = [1e-15] * 199 + [1e-3]
    rows = [row(tensor=str(k), power=p, proof="end-to-end") for k, p in enumerate(powers)]
    rows += [row(tensor="c", proof="local", power=0.5), failing("a", "torch", power=0.9)]
    (found,) = proved(frame(rows)).rows
    assert found == ("torch", "float64", "201", "200", "1", "1e-15", "1e-15", "0.001")


def test_what_is_not_compared_is_said_with_where(row, mixed):
    rows = [
        row("dark", verdict="blind", blind=3),
        row("half", blind=2),
        row("alone", proof="peers"),
        row("odd", uncompared="h: torch"),
    ]
    found = {what: (many, where) for what, many, where in uncompared(frame(rows)).rows}
    assert found["blind: a zero would pass"] == ("1 comparison", "dark")
    assert found["blind elements in tensors that are compared"] == ("2 elements", "half")
    assert found["no reference: frameworks beside each other"] == ("1 comparison", "alone")
    assert found["variables that only some texts name"] == ("1 case", "odd")
    whats = [what for what, *_ in uncompared(mixed).rows]
    assert whats == ["a framework cannot do it", "skipped by the case", "ended in an error"]


def test_where_all_is_compared_there_is_nothing_to_say(agreeing):
    assert not uncompared(agreeing)

from __future__ import annotations

import io

from rich.cells import cell_len
from rich.console import Console

from gradparity.reports.columns import frame
from gradparity.reports.console import failures_table, show


def shown(results, *, terminal: bool, width: int = 80) -> str:
    file = io.StringIO()
    show(results, Console(file=file, force_terminal=terminal, width=width, color_system=None))
    return file.getvalue()


def test_the_sentence_is_the_last_line(results):
    plain = shown(results, terminal=False)
    last = plain.rstrip("\n").splitlines()[-1]
    assert last.endswith((".", ")."))
    assert "case" in last or last == "Nothing was run: no rows."


def test_a_terminal_is_never_overrun(results):
    lines = shown(results, terminal=True).splitlines()
    assert max(cell_len(line) for line in lines) <= 80


def test_a_pipe_gets_whole_lines(mixed):
    plain = shown(mixed, terminal=False, width=20)
    assert "differs  softmax[jax-float64]  grad   W          0  0.0015  1e-12  z" in plain
    assert "\x1b" not in plain


def test_no_text_is_markup_or_moves_the_cursor(hostile):
    for terminal in (True, False):
        text = shown(hostile, terminal=terminal, width=4000)
        assert "[bold red]markup[/]" in text
        assert "\x1b[31m" not in text
        assert "\x07" not in text


def test_what_is_not_compared_is_listed_once_a_case_and_counted(row):
    alone = "h (only numpy's text names it)"
    made = frame(
        row(f"case-{case:02}", adapter, uncompared=alone)
        for case in range(12)
        for adapter in ("numpy", "torch")
    )
    text = shown(made, terminal=False)
    assert "Not compared (12 cases)" in text
    assert text.count(alone) == 10
    assert "2 more rows in results.csv." in text
    assert "Not compared" not in shown(frame([row()]), terminal=False)


def test_one_tasks_failures(failing):
    made = frame(
        [
            failing(tensor="h", got=1 / 3, want=1 / 3 + 1e-12, got_imag=0.0),
            failing(tensor="W", kind="non-finite", got=float("nan"), reason="nan for 0.5"),
        ]
    )
    assert (
        failures_table(made)
        == """\
grad h by 9.9998e-13 at (0, 3), bound 1e-12: error 0.0015 exceeds 1e-12 at (0, 3)

softmax[jax-float64] at cases/softmax.yaml:1

tensor  check  step             got            want       error  bound  noise ratio  at      \
verdict  kind
h       grad      0  0.333333333333  0.333333333334  9.9998e-13  1e-12        9e+12  (0, 3)  \
differs  error
W       grad      0             nan             0.5      0.0015  1e-12        9e+12  (0, 3)  \
differs  non-finite

blamed: z
grad h: error 0.0015 exceeds 1e-12 at (0, 3)
grad W: nan for 0.5"""
    )


def test_error_and_bound_can_be_told_apart(failing):
    text = failures_table(frame([failing(max_abs=1.000001e-6, tolerance=1e-6)]))
    assert "1.000001e-06  1e-06" in text


def test_complex_values_have_both_parts(failing):
    text = failures_table(frame([failing(got=1.0, got_imag=2.0, want=1.0, want_imag=-2.0)]))
    assert "1+2j  1-2j" in text


def test_an_error_has_its_reason_and_no_table(row):
    made = frame([row(check="run", tensor="", verdict="error", reason="boom")])
    assert (
        failures_table(made)
        == "boom\n\none-layer[torch-float64] at cases/one-layer.yaml:1\n\nerror: boom"
    )


def test_nothing_failed_nothing_said(agreeing):
    assert failures_table(agreeing) == ""
    assert failures_table(agreeing.iloc[:0]) == ""


def test_long_failures_are_cut_short_and_said_to_be(failing):
    made = frame(failing(tensor=f"h[{i}]") for i in range(50))
    assert "… and 20 more rows" in failures_table(made)

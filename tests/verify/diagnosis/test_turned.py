"""A cause that holds at the case's own numbers alone, for their sign or order, is none."""

import pytest

CASE = """\
case: by-chance
about: Two functions that are one at these numbers.
params: {{x: {x}}}
program:
  numpy: {ours}
  torch: {theirs}
dtypes: [float64]
"""


@pytest.mark.parametrize(
    ("x", "ours", "theirs", "never"),
    [
        ("[1.0, 2.0, 3.0, 5.0]", "y = median(x) * x", "y = x[1] * x", "lower middle"),
        ("[0.01, -0.02]", "y = tanh(x)", "y = hard_tanh(x)", "leaves tanh out"),
        ("[0.01, -0.02]", "y = tanh(x)", "y = clip(x, -1, 1)", "leaves tanh out"),
        ("[0.4, 0.7]", "y = silu(x)", "y = abs(x)", "relu"),
        ("[0.4, -0.3]", "y = huber(x, 0 * x, delta=1.0)", "y = mean(x * x)", "huber"),
    ],
)
def test_what_holds_on_one_side_or_in_one_order_is_no_cause(failing, x, ours, theirs, never):
    rows = failing(CASE.format(x=x, ours=ours, theirs=theirs), "torch")
    assert rows
    assert all(never not in row["cause"] for row in rows)

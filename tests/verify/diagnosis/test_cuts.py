from pathlib import Path

import pytest

from gradparity.cases import load_text
from gradparity.verify import Runner

CASE = """
case: cut
about: A number on a branch cut, from below.
params: {{z: {{complex: {{re: [-4.0, -1.0], im: [0.0, -0.0]}}}}}}
program:
  numpy: "y = {operation}(z)"
  torch: "y = {operation}(z + 0.0)"
dtypes: [{dtype}]
"""


@pytest.mark.parametrize("dtype", ["complex128", "complex64"])
@pytest.mark.parametrize("operation", ["sqrt", "log"])
def test_the_sign_of_a_zero_is_told_from_a_small_number_that_is_added(operation, dtype):
    (case,), faults = load_text(CASE.format(operation=operation, dtype=dtype), Path("cut.yaml"))
    assert not faults
    rows = [row for task in case.tasks() for row in Runner(["torch"]).rows(task)]
    said = {row["cause"] for row in rows if row["verdict"] == "differs"}
    assert said
    assert all("adds" not in cause for cause in said)

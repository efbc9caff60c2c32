"""What an entry says of frameworks that were not run."""

from pathlib import Path

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.cases import load_text
from gradparity.reports.atlas import as_html
from gradparity.verify import Runner
from gradparity.verify.atlas.entries import entries

RECORDED = """
case: elsewhere
about: Two frameworks are off, of which none is run.
params: {x: [1.0, 3.0]}
program: y = sum(tanh(x))
dtypes: [float64, float32]
divergences:
  - {adapters: [mlx], check: grad, tensor: x, kind: precision, bound: {rel: 0.1}, because: c}
  - {adapters: [mlx], check: value, tensor: y, kind: bug, value: 1.0, because: c, dtypes: [float32]}
  - {adapters: [paddle], check: grad, tensor: x, kind: kink, value: 1.0, because: c}
"""


def test_what_is_recorded_of_a_framework_that_was_not_run_is_in_the_matrix():
    cases, faults = load_text(RECORDED, Path("elsewhere.yaml"))
    assert not faults
    (entry,) = entries(Runner([NumpyAdapter()]), cases)
    assert entry.found == {"mlx": ("precision", "bug"), "paddle": ("kink",)}
    page = as_html([entry])
    assert '<td data-head="mlx" class="bug">bug, precision</td>' in page
    assert '<td data-head="paddle" class="kink">kink</td>' in page

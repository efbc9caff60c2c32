"""Files that compare users' own code are tests."""

import sys

import pytest

pytest_plugins = ["pytester"]

MODULE = """\
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.tensor([0.5, -1.0]))

    def forward(self, x):
        return torch.tanh(x * self.w)
"""

PORT = """\
import jax.numpy as jnp

def net(p, x):
    return jnp.tanh(x * p["w"])

def off(p, x):
    return jnp.sin(x * p["w"])

def convert(state):
    return {"w": state["w"]}
"""

FILE = """\
case: mine
own: {torch: "my_net:Net", jax: "my_port:net", params: "my_port:convert"}
inputs: {x: {normal: [3, 2]}}
---
case: bad
own: {torch: "my_net:Net", jax: "my_port:off", params: "my_port:convert"}
inputs: {x: {normal: [3, 2]}}
"""


@pytest.fixture
def folder(pytester, monkeypatch):
    pytester.makepyfile(my_net=MODULE, my_port=PORT)
    (pytester.path / "nets.yaml").write_text(FILE, "utf-8")
    monkeypatch.setattr(sys, "path", [str(pytester.path), *sys.path])
    yield pytester
    for name in ("my_net", "my_port"):
        sys.modules.pop(name, None)


def test_documents_are_tests_once_imports_are_allowed(folder):
    result = folder.runpytest_inprocess("nets.yaml", "-p", "no:cacheprovider")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*nets.yaml:1: own: imports and runs code: allow it with *"])
    assert "my_net" not in sys.modules
    result = folder.runpytest_inprocess(
        "nets.yaml", "--gradparity-allow-imports", "-p", "no:cacheprovider"
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*torch and jax are not the same mathematics*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_file_at_fault_is_told_where(folder):
    (folder.path / "nets.yaml").write_text(FILE.replace("params:", "parms:"), "utf-8")
    result = folder.runpytest_inprocess("nets.yaml", "-p", "no:cacheprovider")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*nets.yaml:2:*own.parms: Extra inputs are not permitted*"])

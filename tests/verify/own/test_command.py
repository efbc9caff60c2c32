"""``gradparity compare``, on the example of the documentation."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gradparity.verify import cli

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "own-code.md"


@pytest.fixture
def section():
    return PAGE.read_text("utf-8")


@pytest.fixture
def call(monkeypatch, capsys, tmp_path, section):
    """Run the command where the page's files lie: its exit status, output and errors."""
    for name, text in re.findall(r"```python\n# (\w+\.py)\n(.*?)```", section, re.DOTALL):
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "bad.py").write_text(BAD, "utf-8")
    (tmp_path / "ends.py").write_text("raise SystemExit(0)\n", "utf-8")
    (tmp_path / "flaxen.py").write_text("from flax import linen\nPort = linen.Dense(3)\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["gradparity", "compare", *arguments])
        status = 0
        try:
            cli.main()
        except SystemExit as end:
            status = end.code or 0
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    yield run
    for name in ("net", "port", "bad", "ends", "flaxen"):
        sys.modules.pop(name, None)


SIDES = ("net:Net", "port:net", "--params", "port:convert", "--inputs")
INPUTS, ALLOWED = "{x: {normal: [2, 4]}}", "--allow-imports"


def told(text):
    """What is said in words, without numbers that depend on what was drawn."""
    return [
        line
        for line in text.splitlines()
        if re.match(r" +(because:|to agree:|torch  |jax  )", line)
    ]


@pytest.mark.slow
def test_the_page_says_what_the_command_says(call, section, tmp_path):
    page = tmp_path / "port.html"
    status, out, _ = call(*SIDES, INPUTS, "--allow-imports", "--html", str(page))
    assert status == 1
    (shown,) = re.findall(r"```text\n(torch and jax.*?)```", section, re.DOTALL)
    assert shown.splitlines()[0] == out.splitlines()[0]
    words = [re.sub(r"  \[.*", "", line) for line in told(out)]
    assert words == [re.sub(r"  \[.*", "", line) for line in told(shown)]
    assert len(words) == 8
    assert "gelu is approximate=" in page.read_text("utf-8")


def test_nothing_is_imported_unless_that_is_allowed(call):
    status, _, err = call(*SIDES, INPUTS)
    assert status == 2
    assert "--allow-imports" in err
    assert "net" not in sys.modules


def test_rows_are_printed_as_json(call):
    status, out, _ = call(*SIDES, INPUTS, "--allow-imports", "--json")
    assert status == 1
    assert {row["check"] for row in json.loads(out)} == {"mathematics", "run", "own gradient"}


#: Code of which no comparison can be made.
BAD = """\
import numpy as np
import torch
from port import convert, net as right

NUMBER, PARAMS = 3, {"kernel": np.zeros((4, 3))}
class Uncalled(torch.nn.Module):
    def __init__(self):
        raise ValueError("needs a width")

def untransposed(state):
    return {**convert(state), "kernel": state["fc.weight"]}

def without_bias(state):
    return {k: x for k, x in convert(state).items() if k != "bias"}

def misspelt(state):
    return {**convert(state), "bias": state["fc.bais"]}

def words(state):
    return {**convert(state), "bias": "zeros"}

def raises(p, x):
    raise ValueError("of two\\nlines")

def ends(p, x):
    raise SystemExit(0)

def counts(p, x):
    return (x > 0).sum()

def nothing(p, x):
    return None

def branches(p, x):
    return right(p, x) if x.sum() > 0 else -right(p, x)

def flaxen(p, x):
    from flax import linen
    return linen.tanh(x)

class Tables(torch.nn.Module):
    def forward(self, x):
        return torch.nn.functional.embedding(x, torch.ones(4, 2))

def whole(p, x):
    return right(p, x)[None]

def of_jax(state):
    return {"kernel": state["fc.weight"].transpose((1, 0)), "bias": state["fc.bais"]}

def of_none(state):
    return {"kernel": state["fc.weight"].turned()}

def alone(x):
    return 1.0 * x
"""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("net:Nut", *SIDES[1:], INPUTS), "net:Nut: module 'net' has no attribute 'Nut'"),
        (("net", *SIDES[1:], INPUTS), "expected MODULE:NAME"),
        ((*SIDES, "{x: {nromal: [2, 4]}}"), "inputs: x: {nromal} is no array"),
        ((*SIDES, "{x: ["), "--inputs is no YAML"),
        ((*SIDES, "[1, 2]"), "expected tensors by name"),
        ((*SIDES, "gone.yaml"), "No such file or directory: gone.yaml"),
        ((*SIDES, "{1: {normal: [2, 4]}}"), "inputs: 1 is no name of an argument"),
        ((*SIDES, "{x: {normal: [0, 4]}}"), "inputs: x: of no element"),
        ((*SIDES, "{x: {normal: [2, 5]}}"), "torch raises as it is called: RuntimeError: Given"),
        ((*SIDES, "{y: {normal: [2, 4]}}"), "unexpected keyword argument 'y'"),
        ((*SIDES, "{x: {uniform: [2, 4], low: 0, hgih: 1}}"), "inputs: x: hgih: Extra inputs"),
        ((*SIDES, "{x: {integers: [2, 4]}}"), "inputs: x: high is missing"),
        (("net.py:Net", *SIDES[1:], INPUTS), "as Python imports it, as net:Net"),
        (("nets:Net", *SIDES[1:], INPUTS), "nets:Net: No module named 'nets'\n"),
        (("net:torch", *SIDES[1:], INPUTS), "net:torch is a module of Python"),
        (("port:net", "net:Net", *SIDES[2:], INPUTS), "give the module first, and then its port"),
        ((*SIDES, INPUTS, "--html", "gone/port.html"), "--html: no folder gone"),
        (
            ("bad:Tables", "bad:alone", "--inputs", "{x: {integers: [9], high: 9}}"),
            "in self (bad.py:43: return",
        ),
        (("bad:NUMBER", *SIDES[1:], INPUTS), "int is neither a module nor a function"),
        (("net:Net", "bad:PARAMS", *SIDES[2:], INPUTS), "dict is neither a module nor a function"),
        (("net:Net", "port:net", "--inputs", INPUTS), "a function that makes them as params"),
        (("bad:Uncalled", *SIDES[1:], INPUTS), "bad.py:8: raise ValueError"),
        (("ends:net", *SIDES[1:], INPUTS), "ends the process as it is imported: SystemExit"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line(call, arguments, message):
    status, _, err = call(*arguments, "--allow-imports")
    assert status == 2
    assert message in err
    assert len(err.splitlines()) == 1


@pytest.mark.thinned(2)
@pytest.mark.parametrize("missing", ["torch", "jax"])
def test_a_framework_that_is_missing_is_told_in_one_line(missing, tmp_path):
    (tmp_path / "plain.py").write_text("def twice(x): return 2 * x\n", "utf-8")
    code = f"import sys; sys.modules[{missing!r}] = None\n"
    code += "from gradparity.verify import cli; cli.main()"
    arguments = ("plain:twice", "plain:twice", "--inputs", "{x: [1.5]}", "--allow-imports")
    made = subprocess.run(  # noqa: S603  this very interpreter
        [sys.executable, "-c", code, "compare", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 2, made.stderr
    said = f"gradparity: the comparison needs {missing}, which is not installed: pip install"
    assert made.stderr.startswith(said)
    assert len(made.stderr.splitlines()) == 1


def test_a_class_of_either_side_is_made_and_shapes_are_told_apart(call):
    status, out, _ = call("net:Net", "net:Net", "--inputs", INPUTS, ALLOWED)
    assert status == 0
    assert out.startswith("the first (torch) and the second (torch) are the same mathematics.")
    status, out, _ = call("net:Net", "bad:whole", *SIDES[2:], INPUTS, ALLOWED)
    assert status == 1
    assert "value of output: shape (2, 3) on the first side, (1, 2, 3) on the second" in out


@pytest.mark.parametrize(
    ("port", "params", "message", "line"),
    [
        ("port:net", "bad:untransposed", "jax raises as it is called: TypeError", "port.py:8"),
        ("port:net", "bad:without_bias", "KeyError: 'bias'", "port.py:8"),
        ("port:net", "bad:misspelt", "params raises KeyError: 'fc.bais'", "bad.py:17"),
        ("port:net", "bad:of_jax", "params raises KeyError: 'fc.bais'", "bad.py:49"),
        ("port:net", "bad:of_none", "'Tensor' object has no attribute 'turned'", "bad.py:52"),
        ("port:net", "bad:words", "params makes no array of bias: 'zeros'", ""),
        ("bad:raises", "port:convert", "ValueError: of two lines", "bad.py:23"),
        ("bad:ends", "port:convert", "ends the process as it is called: SystemExit", "bad.py:26"),
        ("bad:counts", "port:convert", "jax: the function has no floating output", ""),
        ("bad:nothing", "port:convert", "jax: the function has no floating output", ""),
        ("bad:branches", "port:convert", "Attempted boolean conversion", "bad.py:35"),
        ("bad:flaxen", "port:convert", "import of flax", "bad.py:38: from flax import linen"),
        ("flaxen:Port", "port:convert", "flaxen:Port: import of flax", "flaxen.py:1"),
    ],
)
def test_what_a_side_raises_is_told_in_one_line_with_its_place(
    call, monkeypatch, port, params, message, line
):
    monkeypatch.setitem(sys.modules, "flax", None)  # as if it were not installed
    status, out, err = call("net:Net", port, "--params", params, "--inputs", INPUTS, ALLOWED)
    assert (status, out) == (2, "")
    assert message in err
    assert f"({line}" in err or not line, err
    assert len(err.splitlines()) == 1
    assert "capturing.py" not in err


DOCUMENT = """\
case: my-net
about: The page's.
own: {torch: "net:Net", jax: "port:net", params: "port:convert"}
inputs: {x: {normal: [2, 4]}}
"""


def test_a_document_says_all_and_imports_nothing_unasked(call, tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text(DOCUMENT, "utf-8")
    status, out, err = call(str(path))
    assert status == 2
    assert "--allow-imports" in err
    assert "net" not in sys.modules
    status, out, _ = call(str(path), "--allow-imports")
    assert status == 1
    assert out.startswith("my-net: torch and jax are not the same mathematics: eps is 1e-06 in jax")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (DOCUMENT.replace("params: ", "parms: "), r"net\.yaml:3:\d+: own\.parms: Extra inputs"),
        (DOCUMENT.replace("normal: [2, 4]", "normal: 2.5"), r"net\.yaml:4:\d+: inputs\.x"),
        (DOCUMENT.replace("net:Net", "net"), r"net\.yaml:3:\d+: own\.torch"),
        ("case: a\n", r"net\.yaml:1:1: expected a mapping with the keys case, own, inputs"),
        ("", "no document in the file"),
    ],
)
def test_what_is_wrong_with_a_document_is_told_at_its_place(call, tmp_path, text, fault):
    path = tmp_path / "net.yaml"
    path.write_text(text, "utf-8")
    status, _, err = call(str(path), "--allow-imports")
    assert status == 2
    assert re.search(fault, err), err

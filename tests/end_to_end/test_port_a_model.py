"""What docs/how-to/port-a-model.md shows is what its code prints."""

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "port-a-model.md"

#: Of a number that is shown: noise, and what it bounds, hang on the processor's last digits.
WITHIN = 0.05


def blocks(*titles):
    """The code under some headings, each with the output that stands after it, if any."""
    found = []
    for title in titles:
        _, _, after = PAGE.read_text("utf-8").partition(f"\n## {title}\n")
        text = after.partition("\n## ")[0]
        for language, held in re.findall(
            r"^```(python|text)\n(.*?)^```", text, re.MULTILINE | re.DOTALL
        ):
            if language == "python":
                found.append([held, None])
            else:
                found[-1][1] = held
    return found


def printed(code, known):
    """What code prints, less the folder in front of a library's files."""
    out = StringIO()
    with redirect_stdout(out):
        exec(code, known)  # noqa: S102  our own text
    return re.sub(r"[^ ]*/(?=transformers/models/)", "", out.getvalue())


def parting(shown, said):
    """The first line that is not as it is shown."""
    for a, b in zip([*shown.splitlines(), ""], [*said.splitlines(), ""], strict=False):
        if len(a.split()) != len(b.split()) or not all(map(alike, a.split(), b.split())):
            return a, b
    return None


def alike(a, b):
    if a == b:
        return True
    try:
        x, y = (float(text.rstrip(";],.")) for text in (a, b))
    except ValueError:
        return False
    return abs(x - y) <= WITHIN * abs(x)


def run(known, *titles):
    for code, shown in blocks(*titles):
        said = printed(code, known)
        if shown is not None:
            assert parting(shown, said) is None, said


@pytest.mark.slow
def test_how_training_parts():
    known = {}
    exec("import torch\nimport gradparity as gp", known)  # noqa: S102  as the page has it above
    run(known, "Train it")
    assert known["report"].verdict == "differs"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_port_of_a_library():
    pytest.importorskip("transformers", reason="needs the extra own")
    pytest.importorskip("transformers.modeling_flax_pytorch_utils")
    known = {}
    run(known, "Compare", "Mend it, or call it as it wants to be called", "Keep it so")
    assert known["report"].verdict == "same"
    known["test_the_port_is_the_model"]()


def test_another_output_is_seen():
    assert parting("error 0.447 at (0, 4)", "error 0.45 at (0, 4)") is None
    assert parting("error 0.447 at (0, 4)", "error 0.547 at (0, 4)")
    assert parting("error 0.447 at (0, 4)", "error 0.447 at (0, 5)")
    assert parting("one\n", "one\ntwo\n")

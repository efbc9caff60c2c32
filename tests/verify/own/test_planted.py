"""Bugs that are planted in ports are found, at the right line, for the right reason."""

import re

import pytest
import torch

import gradparity as gp

from .planted import PORTS

#: Those that are tried in every run; the others are slow only because they are many.
QUICK = {"right", "gradient stopped"}


def marked(port):
    return pytest.param(port, id=port.name, marks=[] if port.name in QUICK else [pytest.mark.slow])


@pytest.mark.parametrize("port", [marked(p) for p in PORTS])
def test_a_planted_bug_is_found_and_a_right_port_is_left_alone(port):
    torch.manual_seed(1)
    module = port.module().double()
    report = gp.compare(module, port.port, port.inputs, port.params, **port.options)
    text = str(report)
    if port.right:
        assert report.verdict == "same", text
        assert not report.findings, text
        return
    assert report.findings, text
    first = report.findings[0]
    places = " ".join(f"{at.place.module} {at.place.code}" for at in first.at if at.side == "torch")
    assert re.search(port.line, places), text
    if port.cause:
        assert re.search(port.cause, " | ".join(report.causes)), text
    else:
        assert not first.cause, text
    if port.name == "float32 inside":
        assert report.verdict == "same", text
    else:
        assert report.verdict == "differs", text

"""A derivation in a notebook."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

import gradparity as gp

TEXT = """\
case: mine
about: A <b>line</b>.
params: {a: [0.5, 2.0]}
sweep: {f: [exp, sin]}
program: y = $f(a)
"""


def test_a_notebook_shows_the_text_and_the_graph():
    worked = gp.explain("one-layer", adapters=["numpy"])
    assert "∂loss/∂W = ∂loss/∂a · ∂a/∂z · ∂z/∂W = 1 · 1 · 1 = 1" in repr(worked)
    html = worked._repr_html_()
    assert html.count("<svg") == 1
    assert "∂loss/∂W" in html
    assert "<!doctype" not in html
    picture = ET.fromstring(worked.graph._repr_svg_())  # noqa: S314  ours
    texts = "".join(picture.itertext())
    assert "loss" in texts
    assert str(worked.graph).startswith("flowchart LR\n")


def test_a_point_and_a_dtype_are_chosen_and_every_text_is_escaped():
    worked = gp.explain(TEXT, adapters=["numpy"], dtype="float32", point="f=sin")
    assert worked.derivation.title == "mine[f=sin-float32]"
    assert "A &lt;b&gt;line&lt;/b&gt;." in worked._repr_html_()


def test_what_cannot_be_chosen_is_said():
    with pytest.raises(gp.BadUsage, match="mine has no point f=cos"):
        gp.explain(TEXT, adapters=["numpy"], point="f=cos")
    with pytest.raises(gp.BadUsage, match="2 cases, expected one: mine, other"):
        gp.explain(f"{TEXT}---\n{TEXT.replace('mine', 'other')}", adapters=["numpy"])

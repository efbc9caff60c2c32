"""Edits of operations for which there is no one value."""

import numpy as np

from gradparity.cases.program import Instruction, Ref
from gradparity.verify.edits.table import Known, edits_of


def test_an_operation_of_several_results_has_edits_without_a_value_of_its_own():
    x, w = np.ones((2, 1, 2)), np.ones((8, 2))
    values = {"x": x, "w": w, "u": w}
    arguments = (Ref("x"), Ref("w"), Ref("u"))
    said = [e.says for e in edits_of(Instruction("t", "lstm", arguments), Known(values))]
    assert any("gates' order" in text for text in said)
    assert any("are exchanged" in text for text in said)

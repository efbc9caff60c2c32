"""A framework's own functions: what reads or loops beyond its arrays is stopped before it does."""

import inspect

import pytest
import torch

from gradparity.adapters.torch_lowerings import LOWERINGS
from gradparity.cases import load_text
from gradparity.cases.native_calls import WRITING, objection
from gradparity.cases.native_names import NAMES
from gradparity.cases.program import Const, Ref
from gradparity.verify import load_cases, run
from gradparity.verify.engine import local
from gradparity.verify.engine.work import Here
from gradparity.verify.engine.workers import Workers

F = "torch.nn.functional"


def case(call, *, inputs="{m: [1.0, 2.0]}", params="{w: [[0.5, 0.25], [1.0, 2.0]]}", name="a"):
    return (
        f"case: {name}\nabout: b\ninputs: {inputs}\nparams: {params}\n"
        f"program:\n  torch: loss = sum({call}) + sum(w * m)\n  numpy: loss = sum(w * m)\n"
        "dtypes: [float64]\n"
    )


REFUSED = {
    **{
        f"{name} in place": (f"{F}.{name}(w, {more}True)", "would write to its argument")
        for name, more in {
            **dict.fromkeys(("relu", "relu6", "selu", "silu", "mish"), ""),
            **dict.fromkeys(("hardsigmoid", "hardswish"), ""),
            **dict.fromkeys(("elu", "celu", "leaky_relu"), "0.5, "),
            **dict.fromkeys(("hardtanh", "threshold"), "0.5, 0.75, "),
        }.items()
    },
    "inplace by keyword": (f"{F}.relu(w, inplace=True)", "inplace="),
    "in place by an array": (f"{F}.relu(w, m)", "would write to its argument"),
    "max_norm": (f"{F}.embedding(w, w, None, 1.0)", "max_norm"),
    "max_norm by keyword": (f"{F}.embedding(w, w, max_norm=1.0)", "max_norm"),
    "max_norm of a bag": (f"{F}.embedding_bag(w, w, None, 1.0)", "max_norm"),
    "dropout": (f"{F}.scaled_dot_product_attention(w, w, w, None, 0.5)", "dropout_p"),
    "dropout by keyword": (f"{F}.scaled_dot_product_attention(w, w, w, dropout_p=0.5)", "dropout"),
    "dropout by an array": (f"{F}.scaled_dot_product_attention(w, w, w, None, m)", "dropout_p"),
    "degree": ("torch.special.legendre_polynomial_p(w, 1.0e+18)", "expected at most 1000"),
    "degree of nan": ("torch.special.legendre_polynomial_p(w, nan)", "expected at most 1000"),
    "order": ("torch.polygamma(16000000, w)", "expected at most 1000"),
    "differences": ("torch.diff(w, 16000000)", "expected at most 1000"),
    "power": ("torch.linalg.matrix_power(w, 16000000)", "expected at most 1000"),
    "terms": ("torch.special.multigammaln(w, 16000000)", "expected at most 1000"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_pure_or_endless_is_refused(tmp_path, name):
    call, reason = REFUSED[name]
    cases, (fault,) = load_text(case(call), tmp_path / "t.yaml")
    assert cases == []
    assert reason in fault.message


def test_every_flag_to_write_is_known():
    for namespace, names in NAMES["torch"].items():
        for name in names:
            function = LOWERINGS.function(f"{namespace}.{name}")
            try:
                parameters = list(inspect.signature(function).parameters)
            except (TypeError, ValueError):
                continue  # of C, whose flags go by keyword
            for flag in WRITING & set(parameters) - {"out"}:
                arguments = [Ref("w")] * parameters.index(flag) + [Const(value=True)]
                assert objection(f"{namespace}.{name}", arguments, {}), f"{namespace}.{name}"


#: Would read foreign memory, or never return: each is an error of its own row, in this process.
BEYOND = {
    "ctc class": (f"{F}.ctc_loss(w, t, i, i)", "{t: [[1, 900000]], i: [2]}"),
    "ctc class below": (f"{F}.ctc_loss(w, t, i, i)", "{t: [[1, -5]], i: [2]}"),
    "ctc blank": (f"{F}.ctc_loss(w, t, i, i, 77)", "{t: [[1, 1]], i: [2]}"),
    "ctc target length": (f"{F}.ctc_loss(w, t, i, j)", "{t: [[1, 1]], i: [2], j: [900000]}"),
    "ctc input length": (f"{F}.ctc_loss(w, t, i, j)", "{t: [[1, 1]], i: [900000], j: [1]}"),
    "ctc lengths in one": (f"{F}.ctc_loss(w, t, i, j)", "{t: [1, 1], i: [2], j: [900000]}"),
    "ctc too few lengths": (
        f"{F}.ctc_loss(w, t, i, i)",
        "{t: [[1, 1]], i: {zeros: 0, dtype: int64}}",
    ),
    "pivots": ("torch.linalg.lu_solve(s, p, s)", "{p: [900000, 2]}"),
    "pivots below": ("torch.linalg.lu_solve(s, p, s)", "{p: [-7, 2]}"),
    "embedding": (f"{F}.embedding(i, s)", "{i: [900000]}"),
    "embedding below": (f"{F}.embedding(i, s)", "{i: [-3]}"),
    "embedding bag": (f"{F}.embedding_bag(i, s)", "{i: [[900000]]}"),
    "gather": ("torch.gather(s, 0, i)", "{i: [[900000]]}"),
    "take": ("torch.take(s, i)", "{i: [900000]}"),
    "index select": ("torch.index_select(s, 0, i)", "{i: [900000]}"),
    "scatter": ("torch.scatter(s, 0, i, s)", "{i: [[900000]]}"),
    "scatter add": ("torch.scatter_add(s, 0, i, s)", "{i: [[-900000]]}"),
    "index add": ("torch.index_add(s, 0, i, s)", "{i: [900000, 0]}"),
    "nll": (f"{F}.nll_loss(s, i)", "{i: [900000, 0]}"),
    "cross entropy": (f"{F}.cross_entropy(s, i)", "{i: [900000, 0]}"),
    "multi margin": (f"{F}.multi_margin_loss(s, i)", "{i: [900000, 0]}"),
    "multilabel margin": (f"{F}.multilabel_margin_loss(s, i)", "{i: [[900000, 0], [0, 0]]}"),
    "one hot": (f"{F}.one_hot(i, 2)", "{i: [900000]}"),
    "one hot below": (f"{F}.one_hot(i)", "{i: [-900000]}"),
    "degree": ("torch.special.legendre_polynomial_p(w, n)", "{n: 1.0e+18}"),
    "degree of nan": ("torch.special.chebyshev_polynomial_t(w, n)", "{n: .nan}"),
    "degree of whole numbers": ("torch.special.hermite_polynomial_h(w, n)", "{n: [5, 1000000000]}"),
    "degree below": ("torch.special.laguerre_polynomial_l(w, n)", "{n: -1.0e+300}"),
}


@pytest.mark.thinned(3)
@pytest.mark.parametrize("name", BEYOND)
def test_what_would_be_read_or_looped_beyond_is_an_error(tmp_path, name):
    call, inputs = BEYOND[name]
    first = "s = w[0] + 0\n    " if " s" in call or "(s" in call else ""
    text = (
        f"case: a\nabout: b\ninputs: {inputs}\nparams: {{w: {{normal: [2, 1, 2]}}}}\nprogram:\n"
        f"  torch: |\n    {first.replace('w[0] + 0', 'torch.squeeze(w, 1)')}"
        f"loss = sum({call}) + sum(w)\n  numpy: loss = sum(w)\n"
        "dtypes: [float64]\n"
    )
    path = tmp_path / "t.yaml"
    path.write_text(text, "utf-8")
    frame = run(path, adapters=["torch"])
    (row,) = frame.to_dict("records")
    assert (row["verdict"], row["check"]) == ("error", "run")


def test_a_native_case_goes_to_workers_were_it_but_one(tmp_path):
    assert isinstance(local.local(1, ["torch"], native=True), Workers)
    assert isinstance(local.local(1, ["torch"]), Here)
    assert isinstance(local.local(1, ["torch"], 0, native=True), Here)
    (tmp_path / "t.yaml").write_text(case("torch.tanh(w)"), "utf-8")
    (found,) = load_cases(tmp_path / "t.yaml")
    assert found.native


def test_a_result_that_changes_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "t.yaml").write_text(case("torch.tanh(w)"), "utf-8")
    numbers = iter(range(100))
    monkeypatch.setattr(torch, "tanh", lambda x: x * next(numbers))
    (row,) = run(tmp_path / "t.yaml", adapters=["torch"]).to_dict("records")
    assert row["verdict"] == "error"
    assert "another result when it is run again" in row["reason"]


@pytest.mark.slow
def test_memory_beyond_the_limit_costs_its_own_row(tmp_path):
    text = "---\n".join(
        case(call, name=name)
        for name, call in {
            "large": "torch.tile(w, (4096, 4096))",
            "small": "torch.tanh(w)",
        }.items()
    )
    (tmp_path / "t.yaml").write_text(text, "utf-8")
    frame = run(tmp_path / "t.yaml", adapters=["torch"], jobs=1, memory=200 * 2**20)
    assert set(frame[frame.case == "large"].verdict) == {"error"}
    assert "error" not in set(frame[frame.case == "small"].verdict)

"""A module beside its port, as a user compares them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from torch import nn

import gradparity as gp


class Net(nn.Module):
    """Two layers, the second of which has a square matrix."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(3, 4), nn.Linear(4, 4)

    def forward(self, x):
        return self.second(torch.tanh(self.first(x)))


def port(p, x):
    hidden = jnp.tanh(x @ p["first"]["kernel"] + p["first"]["bias"])
    return hidden @ p["second"]["kernel"] + p["second"]["bias"]


def layer(state, name):
    return {"kernel": state[f"{name}.weight"].T, "bias": state[f"{name}.bias"]}


def params(state):
    return {"first": layer(state, "first"), "second": layer(state, "second")}


def in_numpy(state):
    return {
        name: {k: np.asarray(x) for k, x in layer(state, name).items()}
        for name in ("first", "second")
    }


def in_torch(state):
    return {
        name: {
            "kernel": state[f"{name}.weight"].t().contiguous().numpy(),
            "bias": state[f"{name}.bias"].clone().numpy(),
        }
        for name in ("first", "second")
    }


def without_bias(state):
    made = in_torch(state)
    made["second"]["bias"] = np.zeros(4, np.float64)
    return made


X = {"x": {"normal": [5, 3]}}

EMPTY = {
    name: {"kernel": jnp.zeros(shape), "bias": jnp.zeros(shape[1])}
    for name, shape in (("first", (3, 4)), ("second", (4, 4)))
}

NAMES = {
    "first.weight": "first.kernel",
    "first.bias": "first.bias",
    "second.weight": "second.kernel",
    "second.bias": "second.bias",
}


@pytest.fixture
def net():
    torch.manual_seed(0)
    return Net().double()


@pytest.mark.parametrize("convert", [params, in_numpy, in_torch])
def test_a_converter_is_in_jax_numpy_or_torch(net, convert):
    report = gp.compare(net, port, X, convert)
    assert report.verdict == "same", report
    assert any("probed" in note for note in report.notes) == (convert is not params)


def test_a_converter_in_torch_is_part_of_what_is_verified(net):
    report = gp.compare(net, port, X, without_bias)
    assert report.verdict == "differs"
    assert report.causes == ("`second.bias` is not added in jax",)


def test_a_converter_that_computes_is_refused(net):
    def squared(state):
        return jax.tree.map(lambda x: x**2, in_numpy(state))

    with pytest.raises(gp.BadUsage, match="more than moving"):
        gp.compare(net, port, X, squared)


def test_what_a_converter_raises_is_told_in_one_line(net):
    with pytest.raises(gp.BadUsage, match=r"params raises KeyError: 'first\.weigth'"):
        gp.compare(net, port, X, lambda state: state["first.weigth"])


@pytest.mark.parametrize("names", [NAMES, "auto"])
def test_names_are_enough_and_squares_are_decided_by_the_outputs(net, names):
    assert gp.compare(net, (port, EMPTY), X, names).verdict == "same"

    def odd(p, x):  # it keeps the square as PyTorch does
        hidden = jnp.tanh(x @ p["first"]["kernel"] + p["first"]["bias"])
        return hidden @ p["second"]["kernel"].T + p["second"]["bias"]

    report = gp.compare(net, (odd, EMPTY), X, names)
    assert report.verdict == "same"
    assert "decided by the outputs: second.kernel = second.weight" in report.notes


def test_a_layout_that_nothing_decides_is_said_or_refused(net):
    def wrong(p, x):
        return port(p, x) + 1

    report = gp.compare(net, (wrong, EMPTY), X, NAMES)
    assert report.verdict == "differs"
    assert any(note.startswith("taken to be as usual: second.kernel") for note in report.notes)
    renamed = {"first": EMPTY["first"], "second": {"m": jnp.zeros((4, 4)), "bias": jnp.zeros(4)}}

    def other(p, x):
        return wrong({**p, "second": {"kernel": p["second"]["m"], "bias": p["second"]["bias"]}}, x)

    with pytest.raises(gp.BadUsage, match=r"second\.m fits in several layouts"):
        gp.compare(net, (other, renamed), X, {**NAMES, "second.weight": "second.m"})


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({**NAMES, "first.weihgt": "first.kernel"}, "did you mean first.weight"),
        ({**NAMES, "first.weight": "first.kernle"}, "did you mean first.kernel"),
        ({k: x for k, x in NAMES.items() if k != "first.bias"}, "gives the port no first.bias"),
        ({**NAMES, "first.weight": "first.bias", "first.bias": "first.kernel"}, "does not fit"),
    ],
)
def test_names_that_are_wrong_are_named(net, names, message):
    with pytest.raises(gp.BadUsage, match=message):
        gp.compare(net, (port, EMPTY), X, names)


def test_inputs_are_arrays_tensors_tuples_or_names(net):
    x = np.random.default_rng(0).standard_normal((5, 3))
    for inputs in (torch.as_tensor(x), [x], {"x": x}, {"normal": [5, 3]}):
        assert gp.compare(net, port, inputs, params).verdict == "same"
    report = gp.compare(net, port, X, params, draws=3)
    assert sorted(set(report.frame.draw)) == [0, 1, 2]


def test_a_side_in_float32_is_held_against_the_truth_of_its_own_program():
    torch.manual_seed(0)
    report = gp.compare(Net(), port, X, params, modes=("jit", "eager"))
    assert report.verdict == "same", report
    assert set(report.frame.side[report.frame.check == "run"]) == {
        "torch eager",
        "jax jit",
        "jax eager",
    }


def test_one_element_that_is_off_by_a_hundred_units_is_found(net):
    slightly = np.ones((5, 4))
    slightly[2, 1] += 2e-14
    report = gp.compare(net, lambda p, x: port(p, x) * slightly, X, params)
    assert report.verdict == "differs"
    off = [r for r in report.rows if r["verdict"] != "agree"]
    assert [(r["check"], r["tensor"]) for r in off if r["kind"] == "value"] == [
        ("mathematics", "output")
    ]


def test_zeros_and_ones_are_varied_unless_that_is_not_wanted(net):
    with torch.no_grad():
        net.second.bias.zero_()
    report = gp.compare(net, port, X, without_bias)
    assert report.verdict == "differs"
    assert "1 parameters that were one number throughout were varied" in report.notes
    assert not net.second.bias.any()


class Scaled(nn.Module):
    """A parameter of no axes, as CLIP's scale of its logits."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(2.5))

    def forward(self, x):
        return x * self.scale.exp()


def test_a_parameter_of_no_axes_is_varied_as_others_are():
    report = gp.compare(Scaled(), lambda p, x: x * jnp.exp(p["scale"]), X, dict)
    assert report.verdict == "same", report
    assert "grad" in set(report.frame[report.frame.tensor == "scale"].kind)
    off = gp.compare(Scaled(), lambda p, x: x * p["scale"], X, dict)
    assert off.verdict == "differs"


def test_a_loss_is_put_on_top(net):
    def halved(y):
        return (y**2).mean() / 2

    report = gp.compare(net, port, X, params, loss=(lambda y: (y**2).mean(), halved))
    assert report.verdict == "differs"
    assert any("divide by 2" in cause for cause in report.causes), report
    assert gp.compare(net, port, X, params, loss=lambda y: (y**2).mean()).verdict == "same"


class Several(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.out = nn.Embedding(7, 4), nn.Linear(4, 2)

    def forward(self, ids, *, mask, scale=1.0):
        kept = self.table(ids) * mask[..., None]
        return {"hidden": kept, "logits": self.out(kept) * scale}


def several(p, ids, *, mask, scale=1.0):
    kept = p["table"][ids] * mask[..., None]
    return {"hidden": kept, "logits": (kept @ p["kernel"] + p["bias"]) * scale}


def several_params(state):
    return {
        "table": state["table.weight"],
        "kernel": state["out.weight"].T,
        "bias": state["out.bias"],
    }


def test_whole_numbers_masks_keywords_and_several_outputs():
    torch.manual_seed(0)
    inputs = {
        "ids": np.array([[0, 3, 3], [6, 1, 0]]),
        "mask": np.array([[True, True, False], [True, False, True]]),
        "scale": 0.5,
    }
    report = gp.compare(Several().double(), several, inputs, several_params)
    assert report.verdict == "same", report
    assert {"hidden", "logits"} <= set(report.frame.tensor)

    def doubled(p, ids, *, mask, scale):
        return several(p, ids, mask=mask, scale=2 * scale)

    report = gp.compare(Several().double(), doubled, inputs, several_params)
    off = report.frame[(report.frame.verdict == "differs") & (report.frame.kind == "value")]
    assert list(off.tensor) == ["logits"]


def test_outputs_that_are_not_as_many_are_refused():
    def one(p, ids, *, mask):
        return several(p, ids, mask=mask)["logits"]

    inputs = {"ids": np.array([[0]]), "mask": np.array([[True]])}
    with pytest.raises(
        gp.BadUsage, match="torch hands back hidden, logits; jax hands back one array"
    ):
        gp.compare(Several().double(), one, inputs, several_params)


def test_random_numbers_are_refused_with_their_place():
    class Dropped(Net):
        def forward(self, x):
            return nn.functional.dropout(super().forward(x), 0.5)

    with pytest.raises(gp.Unsupported, match=r"test_compare\.py"):
        gp.compare(Dropped(), port, X, params)


class Masked(nn.Module):
    """As a library does it: the mask has the default dtype, its number another tensor's."""

    def forward(self, x):
        hidden = torch.full(x.shape, torch.finfo(x.dtype).min).triu(1)
        return torch.softmax(x + hidden.to(x.dtype), -1)


def test_code_that_float64_breaks_at_the_default_dtype_is_compared_all_the_same():
    def masked(x):
        return jax.nn.softmax(jnp.where(jnp.triu(jnp.ones(x.shape, bool), 1), -jnp.inf, x), -1)

    report = gp.compare(Masked(), masked, {"x": {"normal": [4, 4]}})
    assert report.verdict == "same", report
    assert torch.get_default_dtype() == torch.float32


def test_a_failure_in_a_test_is_the_table_and_no_stack_of_ours(net):
    gp.assert_parity(net, port, X, params)
    with pytest.raises(AssertionError) as caught:
        gp.assert_parity(net, port, X, without_bias)
    assert "`second.bias` is not added in jax" in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_report_is_a_page_of_its_own(net, tmp_path):
    report = gp.compare(net, port, X, without_bias)
    page = report.save(tmp_path / "port.html").read_text("utf-8")
    assert "<!doctype html>" in page
    assert "`second.bias` is not added in jax" in page
    assert "http" not in page
    assert "to agree" in page
    assert "Every comparison" in page
    assert "`second.bias` is not added in jax" in report._repr_html_()
    assert list(report.frame.columns[:4]) == ["draw", "check", "side", "kind"]
    assert report.first is report.findings[0]
    assert report.sentence in str(report)


def test_what_cannot_be_captured_is_named_and_the_sides_are_compared_as_they_run():
    class Bessel(Net):
        def forward(self, x):
            return super().forward(torch.special.bessel_j0(x))

    report = gp.compare(Bessel().double(), port, X, params)
    assert report.verdict == "differs"
    assert "bessel_j0" in report.gaps[0]
    assert "test_compare.py" in report.gaps[0]

"""Every entry of PyTorch's database of operations: the reference has what PyTorch has."""

import pytest

from gradparity.adapters.captures.torch.lowerings import ROWS
from gradparity.refimpl.errors import GradparityError

from .opinfo import differing, entries, samples_of
from .torch_held import doubles

#: Entries that are not compared, and why.
LEFT_OUT = {
    "chalf": "NumPy has no complex numbers of two halves",
    "sparse.mm.reduce": "sparse arrays, of which the table has none",
    "sparse.sampled_addmm": "sparse arrays, of which the table has none",
    "to_sparse": "sparse arrays, of which the table has none",
}

#: Entries in which PyTorch is off, by what is said of it, and why.
FAULTS = {
    "as_strided_scatter": (
        "gradient by args.0",
        "what is written over has the gradient, what is kept has none: the other way round",
    ),
    "nn.functional.hardsigmoid": (
        "gradient by args.0 by 3e-08",
        "its slope is the sixth of float32 in float64 as well",
    ),
}

#: What is said of some samples of an entry that are not compared, and why; others are.
SAMPLES_LEFT_OUT = {
    "as_strided.partial_views": ("setStorage", "memory beyond the tensor's own"),
    "linalg.pinv": ("left out by a cutoff", "the table's pinv has rounding's cutoff alone"),
    "nn.functional.scaled_dot_product_attention": (
        "StopIteration",
        "what is dropped is drawn within the operation, where nothing sees it",
    ),
    **dict.fromkeys(
        ("svd", "linalg.svd"),
        ("are arbitrary", "the vectors that complete a basis are anybody's choice"),
    ),
    **dict.fromkeys(
        tuple(f"nn.functional.max_unpool{n}d" for n in (1, 2, 3)),
        ("gradient by args.0", "places twice: the last is written, all have a gradient"),
    ),
}

#: One of each kind: a draw, a wrapper, complex numbers, several results, whole numbers of the run.
QUICK = ("add", "fft.rfft", "linalg.eigh", "masked.amax", "mode", "nn.functional.dropout")

#: Parts of the database, of as many entries, each a test.
PARTS = 8


def found(name, op, count):
    """What is said of an entry's samples, the reasons that are known left out."""
    known = {**SAMPLES_LEFT_OUT, **FAULTS}.get(name, ("no such words", ""))[0]
    said, compared = [], 0
    for sample in samples_of(op, count):
        try:
            off = list(differing(op, sample))
        except (GradparityError, RuntimeError) as error:
            off = [f"{type(error).__name__}: {error}"]
        off = [words for words in off if known not in words]
        said += off
        compared += not off
    return said if compared or said else ["no samples"]


@pytest.mark.parametrize("name", QUICK)
def test_an_entry_is_as_pytorch_has_it(name):
    with doubles():
        assert found(name, entries()[name], 2) == []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # PyTorch's, of what is in beta or deprecated
@pytest.mark.parametrize("part", range(PARTS))
def test_the_whole_database_is_as_pytorch_has_it(part):
    names = sorted(entries().keys() - LEFT_OUT)[part::PARTS]
    with doubles():
        said = {name: found(name, entries()[name], 6) for name in names}
    assert {name: words for name, words in said.items() if words} == {}


def test_all_that_differentiates_is_compared_or_left_out_for_a_reason():
    names = entries().keys()
    assert LEFT_OUT.keys() | FAULTS.keys() | SAMPLES_LEFT_OUT.keys() <= names
    assert len(names - LEFT_OUT) >= 515


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_pytorchs_is_still_there(name):
    words, _ = FAULTS[name]
    op = entries()[name]
    with doubles():
        off = [said for sample in samples_of(op, 3) for said in differing(op, sample)]
    assert any(words in said for said in off)


def test_a_row_that_is_wrong_is_seen(monkeypatch):
    monkeypatch.setitem(ROWS, "tanh", lambda w, x: w.emit("sigmoid", x))
    with doubles():
        assert found("tanh", entries()["tanh"], 1) != []

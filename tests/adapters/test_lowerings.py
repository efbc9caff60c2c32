"""Every row of the operation table, as each framework spells it, against the reference."""

import zlib
from dataclasses import replace

import numpy as np
import pytest

from gradparity.adapters.base import on_path
from gradparity.adapters.jax_lowerings import unsupported as jax_lacks
from gradparity.adapters.numpy_reference import reference
from gradparity.adapters.registry import make
from gradparity.adapters.torch_lowerings import unsupported as torch_lacks
from gradparity.cases.program import Instruction, Program, Ref
from gradparity.cases.task import Task
from gradparity.refimpl.errors import AdapterFailed, Unsupported
from gradparity.refimpl.ops import TABLE
from gradparity.refimpl.sampling import draw, interval

pytestmark = pytest.mark.usefixtures("quick_compilation")

FRAMEWORKS = ("torch", "jax")

#: What each has no way to do, as tests/adapters/test_lacking.py holds it to say.
LACKS = {"torch": torch_lacks.OPERATIONS, "jax": jax_lacks.OPERATIONS}

SPELLED = [(f, row) for row in TABLE.values() for f in FRAMEWORKS if row.name not in LACKS[f]]


def _empty(example):
    return any(0 in shape for shape in example.shapes if shape is not None)


#: Calls that a framework has no operation for.
BEYOND = {
    ("jax", "max_pool"): lambda example: example.attributes.get("dilation", 1) != 1,
    ("jax", "grid_sample"): lambda example: example.attributes["mode"] == "bicubic",
    ("jax", "nextafter"): lambda _: True,
    ("jax", "gradient"): lambda example: example.attributes.get("edge_order", 1) != 1,
    **{(f, name): _empty for f in ("torch", "jax") for name in ("stft", "istft")},
    ("torch", "quantile"): _empty,
    ("torch", "quantiles"): _empty,
    ("torch", "nanquantile"): _empty,
    ("torch", "nanmedian"): _empty,
    ("torch", "median"): _empty,
    ("torch", "pixel_shuffle"): _empty,
    ("torch", "pixel_unshuffle"): _empty,
    ("torch", "weight_norm"): _empty,
    ("torch", "instance_norm"): _empty,
    ("torch", "ctc"): _empty,
    ("torch", "multi_margin"): _empty,
    ("torch", "multilabel_margin"): _empty,
    **{
        ("torch", name): _empty
        for name in TABLE
        if name.startswith("fft.") and not name.endswith("shift")
    },
}

#: Examples in which a framework itself is off or refuses: other orders than these.
APART = {
    ("torch", name): lambda example: example.attributes.get("p", 2.0) not in (1.0, 2.0, 3.0)
    for name in ("cdist", "pairwise_distance", "triplet_margin")
} | {
    ("jax", "expn"): lambda example: example.attributes["n"] == 0,
    ("jax", "istft"): lambda example: example.attributes["hop_length"] == 3,
}

#: Domains in which a framework has a derivative that is NaN elsewhere, as cases record.
WHERE_RIGHT = {("jax", "spence"): interval(0.1, 0.9)}

#: What PyTorch and JAX say of an argument that they have no derivative by.
NO_DERIVATIVE = (
    "is not differentiable with respect to argument",
    "gradients are only implemented if `unique_indices=True`",
)

#: Far above rounding at these sizes, far below any other meaning of a name or an attribute.
WITHIN = 1e-11

#: Where a framework's own function is that far off at float64: torch's trigamma is a series cut
#: after 1/x⁷, its hardsigmoid holds 1/6 and its celu 1/alpha in float32, for the gradient;
#: jax.nn.dot_product_attention carries out its softmax in float32, whatever it is given.
COARSE = {
    ("jax", "scaled_dot_product_attention"): 1e-6,
    ("jax", "multi_head_attention"): 1e-5,
    ("torch", "digamma"): 1e-8,
    ("torch", "polygamma"): 1e-8,
    ("torch", "hard_sigmoid"): 1e-7,
    ("torch", "celu"): 1e-7,
}


#: Rows that read one triangle in one framework and both in another: the same on these matrices.
SYMMETRIC = {"linalg.eigh", "linalg.eigvalsh"}

#: Rows whose results are known up to a sign: their squares are compared.
UP_TO_SIGN = {"linalg.eigh", "linalg.svd", "linalg.qr", "linalg.eig"}


def within(framework, row):
    """The examples that a framework can express."""
    beyond, apart = (t.get((framework, row.name), lambda _: False) for t in (BEYOND, APART))
    return [example for example in row.examples if not (beyond(example) or apart(example))]


class Builder:
    """Writes a program that contracts the results of several calls with random weights."""

    def __init__(self, seed):
        self.generator = np.random.default_rng(seed)
        self.params, self.inputs, self.lines, self.terms = {}, {}, [], []

    def assign(self, target, operation, *names, **attributes):
        refs = tuple(None if name is None else Ref(name) for name in names)
        self.lines.append(Instruction(target, operation, refs, attributes))
        return target

    def arguments(self, row, arrays, k):
        names = [None if x is None else f"x{k}_{n}" for n, x in enumerate(arrays)]
        for n, (name, x) in enumerate(zip(names, arrays, strict=True)):
            if x is not None:
                smooth = x.dtype.kind in "fc" and row.differentiable(n)
                (self.params if smooth else self.inputs)[name] = x
        return names

    def contract(self, name, value, *, squared):
        if squared and value.dtype.kind == "c":  # up to a phase
            name, value = self.assign(f"|{name}|", "abs", name), np.abs(value)
        if squared:
            name, value = self.assign(f"{name}²", "square", name), value * value
        if value.dtype.kind == "c":
            for part in ("real", "imag"):
                self.contract(
                    self.assign(f"{name} {part}", part, name), getattr(value, part), squared=False
                )
        if value.dtype.kind == "f":
            self.inputs[f"w {name}"] = self.generator.standard_normal(value.shape)
            weighted = self.assign(f"{name} weighted", "multiply", name, f"w {name}")
            self.terms.append(self.assign(f"{name} summed", "sum", weighted))

    def task(self, name):
        params = self.params or {"x": np.asarray(1.5)}
        total = self.terms[0] if self.terms else next(iter(params))
        for n, term in enumerate(self.terms[1:]):
            total = self.assign(f"total{n}", "add", total, term)
        program = Program(tuple(self.lines), total)
        checks = frozenset({"value", "grad"})
        return Task(name, {}, "float64", {"*": program}, self.inputs, params, checks)


def task_of(row, examples):
    """Several examples of a row in one program."""
    build = Builder(zlib.crc32(row.name.encode()))
    for k, example in enumerate(examples):
        arrays = draw(row, example, zlib.crc32(f"{row.name} {k}".encode()), np.float64)
        if row.name in SYMMETRIC:
            arrays = [x + np.swapaxes(x, -1, -2) for x in arrays]
        names = build.arguments(row, arrays, k)
        whole = build.assign(f"y{k}", row.name, *names, **example.attributes)
        y = row.forward(*arrays, **example.attributes)
        parts = [(whole, y)]
        if isinstance(y, tuple):
            parts = [
                (build.assign(f"y{k}_{n}", "select", whole, index=n), v) for n, v in enumerate(y)
            ]
        for name, value in parts:
            build.contract(name, value, squared=row.name in UP_TO_SIGN)
    return build.task(row.name)


def near(expected, actual, within=WITHIN):
    if expected is None or actual is None:
        return expected is None and actual is None
    if expected.shape != actual.shape or expected.dtype.kind != actual.dtype.kind:
        return False
    if expected.dtype.kind not in "fc":
        return bool((expected == actual).all())
    # an infinity or a NaN is the same at its place alone
    same = (expected == actual) | (np.isnan(expected) & np.isnan(actual))
    size = np.max(np.abs(expected[np.isfinite(expected)]), initial=1.0)
    with np.errstate(invalid="ignore"):
        return bool((same | (np.abs(expected - actual) <= within * size)).all())


def alike(want, got, bound):
    """As near; what is not differentiated or has no part has none in some, zeros in others."""
    if got is None and want is not None:
        return not np.any(want)
    if want is None:
        return got is None or not np.any(got)
    return near(want, got, bound)


def underivable(failure):
    """Whether a framework has no derivative by something that it was asked for."""
    return any(words in str(failure) for words in NO_DERIVATIVE)


#: Compiled for half a minute.
LONG = {("jax", "hyp2f1")}


def calls():
    """A framework and a row with all of its examples, and some of the rows with two of them.

    JAX compiles each by itself: all examples of two rows in three are rare there.
    """
    for k, (framework, row) in enumerate(SPELLED):
        name, examples = f"{row.name}-{framework}", within(framework, row)
        ends = examples[:: max(1, len(examples) - 1)]
        if framework == "torch" or (k % 10 == 0 and (framework, row.name) not in LONG):
            yield pytest.param(framework, row, ends, id=name)
        often = framework == "torch" or k % 3 == 0
        marks = [pytest.mark.slow] if often else [pytest.mark.slow, pytest.mark.rare]
        yield pytest.param(framework, row, examples, id=f"{name}-all", marks=marks)


@pytest.mark.thinned(4)
@pytest.mark.parametrize(("framework", "row", "examples"), list(calls()))
def test_it_means_the_same(framework, row, examples):
    adapter = make(framework)
    assert adapter.has(row.name)
    row = replace(row, domain=WHERE_RIGHT.get((framework, row.name), row.domain))
    task = task_of(row, examples)
    try:
        actual = adapter.run(task).steps[0]
    except (AdapterFailed, Unsupported) as failure:
        if not underivable(failure):
            raise
        task = replace(task, params={}, inputs={**task.inputs, **task.params})
        actual = adapter.run(task).steps[0]
    expected = reference(task).steps[0]
    assert list(actual.values) == list(expected.values)
    assert list(actual.grads) == list(expected.grads)
    signed = [i.target for i in task.programs["*"].instructions if i.operation == "select"]
    skipped = set(signed) if row.name in UP_TO_SIGN else set()
    bound = COARSE.get((framework, row.name), WITHIN)
    off = [k for k, x in expected.values.items() if not near(x, actual.values[k], bound)]
    off += [f"∂{k}" for k, x in expected.grads.items() if not alike(x, actual.grads[k], bound)]
    off = [k for k in off if k.removeprefix("∂") not in skipped]
    assert off == []


@pytest.mark.parametrize("row", TABLE.values(), ids=list(TABLE))
def test_the_comparison_is_not_empty(row):
    task = task_of(row, row.examples)
    program = task.programs["*"]
    step = reference(task).steps[0]
    assert len(step.values) >= len(row.examples)
    assert {*on_path(program, task.params), *task.params} >= set(step.grads)
    if any(map(row.differentiable, range(len(row.arguments)))):
        moved = [g for g in step.grads.values() if g is not None and np.any(g != 0)]
        assert moved


@pytest.mark.parametrize(("framework", "operation"), BEYOND)
def test_what_a_framework_cannot_express_is_unsupported(framework, operation):
    row = TABLE[operation]
    holds = BEYOND[framework, operation]
    beyond = [example for example in row.examples if holds(example)]
    assert beyond
    for example in beyond:
        with pytest.raises(Unsupported, match=framework):
            make(framework).run(task_of(row, [example]))

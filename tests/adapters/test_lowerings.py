"""Every row of the operation table, as each framework spells it, against the reference."""

import zlib

import numpy as np
import pytest

from gradparity.adapters.base import on_path
from gradparity.adapters.numpy_reference import reference
from gradparity.adapters.registry import make
from gradparity.cases.program import Instruction, Program, Ref
from gradparity.cases.task import Task
from gradparity.refimpl.errors import Unsupported
from gradparity.refimpl.ops import TABLE
from gradparity.refimpl.sampling import draw

FRAMEWORKS = ("torch", "jax")

#: Attributes with which a framework has no such operation.
BEYOND = {("jax", "max_pool"): lambda attributes: attributes.get("dilation", 1) != 1}

#: Far above rounding at these sizes, far below any other meaning of a name or an attribute.
WITHIN = 1e-11


def within(framework, row):
    """The examples that a framework can express."""
    beyond = BEYOND.get((framework, row.name), lambda _: False)
    return [example for example in row.examples if not beyond(example.attributes)]


def task_of(row, examples):
    """Several examples of a row in one program: Σ of their results, each weighted at random."""
    params, inputs, lines, terms = {}, {}, [], []
    generator = np.random.default_rng(zlib.crc32(row.name.encode()))

    def assign(target, operation, *names, **attributes):
        refs = tuple(None if name is None else Ref(name) for name in names)
        lines.append(Instruction(target, operation, refs, attributes))
        return target

    for k, example in enumerate(examples):
        arrays = draw(row, example, zlib.crc32(f"{row.name} {k}".encode()), np.float64)
        names = [None if x is None else f"x{k}_{n}" for n, x in enumerate(arrays)]
        for n, (name, x) in enumerate(zip(names, arrays, strict=True)):
            if x is not None:
                smooth = x.dtype.kind in "fc" and row.differentiable(n)
                (params if smooth else inputs)[name] = x
        whole = assign(f"y{k}", row.name, *names, **example.attributes)
        y = row.forward(*arrays, **example.attributes)
        parts = [(whole, y)]
        if isinstance(y, tuple):
            parts = [(assign(f"y{k}_{n}", "select", whole, index=n), v) for n, v in enumerate(y)]
        for name, value in parts:
            if value.dtype.kind == "f":
                inputs[f"w {name}"] = generator.standard_normal(value.shape)
                weighted = assign(f"{name} weighted", "multiply", name, f"w {name}")
                terms.append(assign(f"{name} summed", "sum", weighted))
    params = params or {"x": np.asarray(1.5)}
    total = next(iter(params)) if not terms else terms[0]
    for n, term in enumerate(terms[1:]):
        total = assign(f"total{n}", "add", total, term)
    checks = frozenset({"value", "grad"})
    return Task(
        row.name, {}, "float64", {"*": Program(tuple(lines), total)}, inputs, params, checks
    )


def near(expected, actual):
    if expected is None or actual is None:
        return expected is None and actual is None
    if expected.shape != actual.shape or expected.dtype.kind != actual.dtype.kind:
        return False
    if expected.dtype.kind not in "fc":
        return bool((expected == actual).all())
    size = np.max(np.abs(expected), initial=1.0)
    return bool((np.abs(expected - actual) <= WITHIN * size).all())


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("row", TABLE.values(), ids=list(TABLE))
def test_it_means_the_same(framework, row):
    adapter = make(framework)
    assert adapter.has(row.name)
    task = task_of(row, within(framework, row))
    expected, actual = reference(task).steps[0], adapter.run(task).steps[0]
    assert list(actual.values) == list(expected.values)
    assert list(actual.grads) == list(expected.grads)
    off = [k for k, x in expected.values.items() if not near(x, actual.values[k])]
    off += [f"∂{k}" for k, x in expected.grads.items() if not near(x, actual.grads[k])]
    assert off == []


@pytest.mark.parametrize("row", TABLE.values(), ids=list(TABLE))
def test_the_comparison_is_not_empty(row):
    task = task_of(row, row.examples)
    program = task.programs["*"]
    step = reference(task).steps[0]
    assert len(step.values) >= len(row.examples)
    assert set(on_path(program, task.params)) >= set(step.grads)
    if any(map(row.differentiable, range(len(row.arguments)))):
        moved = [g for g in step.grads.values() if g is not None and np.any(g != 0)]
        assert moved


@pytest.mark.parametrize(("framework", "operation"), BEYOND)
def test_what_a_framework_cannot_express_is_unsupported(framework, operation):
    row = TABLE[operation]
    beyond = [example for example in row.examples if example not in within(framework, row)]
    assert beyond
    for example in beyond:
        with pytest.raises(Unsupported, match=framework):
            make(framework).run(task_of(row, [example]))

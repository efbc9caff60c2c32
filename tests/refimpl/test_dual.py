"""Dual numbers differentiate every VJP as it stands: held against differences of gradients."""

import zlib

import numpy as np
import pytest

from gradparity.refimpl import dual_special  # noqa: F401  the rules
from gradparity.refimpl.differences import STEP, extrapolated
from gradparity.refimpl.dual import Dual
from gradparity.refimpl.ops import TABLE
from gradparity.refimpl.sampling import draw
from gradparity.refimpl.tape import Tape

#: Relative to the largest element: far above what the differences leave.
WITHIN = 1e-9

#: Vectors that are known up to a phase: their second derivatives hang on it.
PHASES = {"linalg.eigh", "linalg.svd"}


def calls():
    return [
        pytest.param(row, example, id=f"{row.name}-{k}", marks=[pytest.mark.slow] if k else [])
        for row in TABLE.values()
        if any(row.derivatives)
        for k, example in enumerate(row.examples)
        if not row.stopped(**example.attributes)
    ]


def gradients(row, example, arrays, weights):
    """The cotangents of all arguments, of the results contracted with weights."""
    tape = Tape()
    leaves = [
        None if x is None else tape.leaf(x, differentiated=x.dtype.kind in "fc") for x in arrays
    ]
    node = tape.apply(row, *leaves, **example.attributes)
    several = isinstance(node.value, tuple)
    parts = [tape.select(node, k) for k in range(len(node.value))] if several else [node]
    total = None
    for part, w in zip(parts, weights, strict=True):
        if part.value.dtype.kind in "fc":
            term = tape.apply(TABLE["sum"], tape.apply(TABLE["multiply"], part, w))
            total = term if total is None else tape.apply(TABLE["add"], total, term)
    tape.backward(total)
    return [None if leaf is None else leaf.cotangent for leaf in leaves]


@pytest.mark.thinned(3)
@pytest.mark.parametrize(("row", "example"), calls())
def test_a_dual_array_through_the_tape_is_the_second_derivative(row, example):
    seed = zlib.crc32(f"{row.name} {example}".encode())
    arrays = draw(row, example, seed, np.longdouble)
    generator = np.random.default_rng(seed + 1)
    y = row.forward(*arrays, **example.attributes)
    weights = [generator.standard_normal(p.shape) for p in (y if isinstance(y, tuple) else (y,))]
    moves = [
        generator.standard_normal(x.shape).astype(x.dtype)
        if x is not None and x.dtype.kind in "fc" and row.differentiable(k)
        else None
        for k, x in enumerate(arrays)
    ]
    with np.errstate(all="ignore"):
        lifted = [
            x
            if x is None or x.dtype.kind not in "fc"
            else Dual(x, np.zeros_like(x) if v is None else v)
            for x, v in zip(arrays, moves, strict=True)
        ]
        found = gradients(row, example, lifted, weights)

        def at(h):
            moved = [x if v is None else x + h * v for x, v in zip(arrays, moves, strict=True)]
            return gradients(row, example, moved, weights)

        steps = [np.longdouble(STEP) / 2**k for k in range(5)]
        ends = [(at(h), at(-h)) for h in steps]
    compared = 0
    for k, v in enumerate(moves):
        whole = found[k]
        if v is None or whole is None:
            continue
        quotients = [
            (np.asarray(a[k]) - b[k]) / (2 * h) for (a, b), h in zip(ends, steps, strict=True)
        ]
        want, rough = extrapolated(quotients[1:]), extrapolated(quotients[:-1])
        size = max(float(np.max(np.abs(want), initial=0)), 1)
        assert np.all(np.abs(want - rough) <= WITHIN * size), f"argument {k} is not smooth there"
        got = whole.tangent if type(whole) is Dual else np.zeros_like(want)
        assert np.all(np.abs(got - want) <= WITHIN * size), k
        compared += 1
    assert compared

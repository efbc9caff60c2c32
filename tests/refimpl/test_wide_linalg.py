"""Factorisations in longdouble: exact to its roundoff, in LAPACK's gauge."""

import numpy as np
import pytest
import scipy.linalg

from gradparity.refimpl import wide_linalg
from gradparity.refimpl.conjugation import adjoint

WIDE = [np.longdouble, np.clongdouble]
BATCHES = [(), (3,), (2, 2), (0,)]

pytestmark = [
    pytest.mark.parametrize("dtype", WIDE),
    pytest.mark.parametrize("batch", BATCHES, ids=str),
    pytest.mark.parametrize("n", [1, 2, 5]),
]


def drawn(dtype, *shape, seed=0):
    generator = np.random.default_rng(seed)
    x = generator.standard_normal(shape)
    if dtype is np.clongdouble:
        x = x + 1j * generator.standard_normal(shape)
    return x.astype(dtype)


def narrow(x):
    return x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)


def near(expected, actual):
    size = 1 + np.abs(expected).max(initial=0)
    return bool((np.abs(actual - expected) <= 300 * np.finfo(actual.dtype).eps * size).all())


def same_gauge(ours, narrow_ones):
    return bool((np.abs(ours - narrow_ones) < 1e-10).all())


def identity(n, batch, dtype):
    return np.broadcast_to(np.eye(n, dtype=dtype), (*batch, n, n))


def test_cholesky(dtype, batch, n):
    a = drawn(dtype, *batch, n, n)
    a = a @ adjoint(a) + np.eye(n)
    lower = wide_linalg.cholesky(a)
    assert near(a, lower @ adjoint(lower))
    assert np.array_equal(np.tril(lower), lower)


def test_solving_and_inverting(dtype, batch, n):
    a, b = drawn(dtype, *batch, n, n), drawn(dtype, *batch, n, 3, seed=1)
    assert near(b, a @ wide_linalg.solve(a, b))
    assert near(identity(n, batch, dtype), a @ wide_linalg.inv(a))


@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("unit", [True, False])
def test_triangular_solving_reads_one_triangle(dtype, batch, n, upper, unit):
    a = drawn(dtype, *batch, n, n) * 0.3 + np.eye(n) * 2
    b = drawn(dtype, *batch, n, 2, seed=1)
    x = wide_linalg.solve_triangular(a, b, upper=upper, unit=unit)
    triangle = np.triu(a) if upper else np.tril(a)
    if unit:
        triangle = np.where(np.eye(n, dtype=bool), 1, triangle)
    assert near(b, triangle @ x)


def test_determinants(dtype, batch, n):
    a = drawn(dtype, *batch, n, n)
    sign, log = wide_linalg.slogdet(a)
    assert near(wide_linalg.det(a), sign * np.exp(log))
    np.testing.assert_allclose(
        narrow(np.asarray(wide_linalg.det(a))), np.linalg.det(narrow(a)), rtol=1e-9
    )


@pytest.mark.parametrize("more", [-1, 0, 2])
def test_qr(dtype, batch, n, more):
    rows = max(n + more, 1)
    a = drawn(dtype, *batch, rows, n)
    q, r = wide_linalg.qr(a)
    k = min(rows, n)
    assert near(a, q @ r)
    assert near(identity(k, batch, dtype), adjoint(q) @ q)
    assert np.array_equal(np.triu(r), r)
    assert same_gauge(q, np.linalg.qr(narrow(a))[0])


@pytest.mark.parametrize("more", [-1, 0, 2])
def test_lu_changes_rows_as_lapack_does(dtype, batch, n, more):
    rows = max(n + more, 1)
    a = drawn(dtype, *batch, rows, n)
    packed, pivots = wide_linalg.lu_packed(a)
    k = min(rows, n)
    lower = np.tril(packed[..., :, :k], -1) + np.eye(rows, k)
    assert bool((np.abs(np.tril(packed[..., :, :k], -1)) <= 2**0.5).all())
    for at in np.ndindex(batch):
        moved = a[at].copy()
        for here, there in enumerate(pivots[at]):
            moved[[here, there]] = moved[[there, here]]
        assert near(moved, lower[at] @ np.triu(packed[at][:k]))
        assert list(pivots[at]) == list(scipy.linalg.lu_factor(narrow(a[at]))[1])


def test_eigh(dtype, batch, n):
    a = drawn(dtype, *batch, n, n)
    a = a + adjoint(a)
    values, vectors = wide_linalg.eigh(a)
    assert near(a @ vectors, vectors * values[..., None, :])
    assert near(identity(n, batch, dtype), adjoint(vectors) @ vectors)
    assert bool((np.diff(values) >= 0).all())
    assert same_gauge(vectors, wide_linalg.eigh(narrow(a))[1])


def test_eig(dtype, batch, n):
    a = drawn(dtype, *batch, n, n)
    values, vectors = wide_linalg.eig(a)
    assert near(a @ vectors, vectors * values[..., None, :])
    assert near(np.ones((*batch, n), dtype), (np.abs(vectors) ** 2).sum(axis=-2))
    assert bool((np.diff(wide_linalg.leaning(values)) >= 0).all())
    if dtype == np.longdouble:
        pairs = np.sort(np.where(values.imag != 0, values.imag, 0), axis=-1)
        assert bool((pairs == -pairs[..., ::-1]).all())
    ranked = wide_linalg.eig(narrow(a))
    assert same_gauge(values, ranked[0])
    assert same_gauge(vectors, ranked[1])


@pytest.mark.parametrize("more", [-1, 0, 2])
def test_svd(dtype, batch, n, more):
    rows = max(n + more, 1)
    a = drawn(dtype, *batch, rows, n)
    u, s, vh = wide_linalg.svd(a)
    k = min(rows, n)
    assert near(a, (u * s[..., None, :]) @ vh)
    assert near(identity(k, batch, dtype), adjoint(u) @ u)
    assert near(identity(k, batch, dtype), vh @ adjoint(vh))
    assert same_gauge(u, wide_linalg.svd(narrow(a))[0])


def test_no_sign_of_a_library_is_left(dtype, batch, n):
    vectors = wide_linalg.eigh(drawn(dtype, *batch, n, n) + np.eye(n))[1]
    turned = vectors * np.where(np.arange(n) % 2, -1, 1) * (1j if np.iscomplexobj(vectors) else 1)
    assert near(vectors, turned * wide_linalg.gauge(turned))


def test_what_has_no_factorisation_is_refused(dtype, batch, n):
    if 0 in batch:
        return
    zero = np.zeros((*batch, n, n), dtype)
    with pytest.raises(np.linalg.LinAlgError, match="positive definite"):
        wide_linalg.cholesky(zero)
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        wide_linalg.inv(zero)

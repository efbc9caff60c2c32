"""The other frameworks: every operation, as each spells it, beside the reference.

Those that are not installed are left out; autograd and MLX always are, and ``make test-frameworks``
installs all of them. ``GRADPARITY_ELSEWHERE`` names others as ``--adapters`` does: NAME@PYTHON.
"""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gradparity.adapters import registry
from gradparity.adapters.asking import answers
from gradparity.adapters.conformance import check
from gradparity.adapters.elsewhere import interpreter_of, name_of
from gradparity.adapters.numpy_reference import NumpyAdapter, reference
from gradparity.adapters.registry import make
from gradparity.adapters.values import in_dtype, kind_of
from gradparity.cases import load_text
from gradparity.cases.ways import batchings, over
from gradparity.refimpl.errors import AdapterFailed, Unsupported
from gradparity.refimpl.ops import TABLE

from .test_lowerings import UP_TO_SIGN, task_of

ELSEWHERE = {
    name_of(item): item for item in os.environ.get("GRADPARITY_ELSEWHERE", "").split(",") if item
}

OTHERS = [
    name
    for name in dict.fromkeys([*registry.installed(), *ELSEWHERE])
    if name not in registry.defaults()
]

#: What each is to have at least.
LEAST = {"autograd": 150, "mlx": 150, "tensorflow": 250, "paddle": 250}

#: Each in its main dtype, and how near its own functions come.
WITHIN = {"mlx": ("float32", 3e-4)}

#: Those that end their process at an example, which is then another one than the tests'.
APART = {"paddle"}

#: Where a framework's derivative is wrong, raises, or is another by convention, as cases record it:
#: an example of the operation shows it.
RECORDED = {
    "autograd": {
        "where", "masked_fill", "normalize", "linalg.vector_norm", "pairwise_distance", "cdist",
        "triplet_margin", "permute_dims", "broadcast_to", "broadcast_arrays", "tile", "repeat",
        "meshgrid", "diagonal", "diag", "cross", "einsum", "linalg.solve", "linalg.eigh",
        "linalg.eigvalsh",
    },
    "mlx": {
        "logsumexp", "logmeanexp", "argmax", "argmin", "diagonal", "kron", "conv",
        "interpolate", "smooth_l1", "cross_entropy", "triplet_margin",
    },
    "tensorflow": {
        "leaky_relu", "gelu", "geglu", "log_cosh", "permute_dims", "linalg.eigh", "linalg.eigvalsh",
    },
    "paddle": {
        "lerp", "gammainc", "gammaincc", "nextafter", "fft.fftshift", "fft.ifftshift", "elu",
        "celu", "selu", "hard_sigmoid", "normalize", "sum", "linalg.vector_norm", "meshgrid",
        "masked_fill", "matmul", "einsum", "linalg.solve_triangular", "linalg.eigh",
        "linalg.eigvalsh", "linalg.eig", "linalg.eigvals", "avg_pool",
        "lp_pool", "adaptive_avg_pool", "interpolate", "layer_norm", "batch_norm", "group_norm",
        "instance_norm", "local_response_norm", "embedding", "bce_with_logits", "bce", "focal",
        "kl_div", "gaussian_nll", "cross_entropy", "nll", "multi_margin", "pairwise_distance",
        "cdist", "diag_embed", "linalg.householder_product",
    },
}  # fmt: skip

#: Ways of differentiating that a framework has not.
WITHOUT = {"autograd": {"vmap"}, "paddle": {"vmap"}}

WAYS = """
case: ways
about: Products, whose derivatives of any order and way every framework has; of complex numbers too.
inputs: {{x: {{normal: [2, 3]}}}}
params: {{w: {{normal: [3]}}, u: {number}}}
program: |
  y = w * w * x
  z = y * u
  out = sum(z, axis=0)
checks: [value, grad, jvp, hvp, vmap]
dtypes: [{dtype}]
"""

#: Where double backward of a complex product is wrong, as ``ways.yaml`` records it.
COMPLEX_TWICE = {"paddle"}

pytestmark = pytest.mark.filterwarnings("ignore")

each = pytest.mark.parametrize("name", OTHERS)


def narrowed(task, dtype):
    """A task in a narrower dtype."""
    held = {
        part: {k: in_dtype(x, np.dtype(dtype)) for k, x in getattr(task, part).items()}
        for part in ("params", "inputs")
    }
    return replace(task, dtype=dtype, **held)


def off(adapter, row, example, dtype, within):
    """What of an example is not as the reference has it; nothing where it is unsupported."""
    wanted = narrowed(task_of(row, [example]), dtype)
    try:
        got = adapter.run(wanted).steps[0]
    except Unsupported:
        return []
    except AdapterFailed as failure:
        return [str(failure)]
    expected = reference(wanted).steps[0]
    signed = [i.target for i in wanted.programs["*"].instructions if i.operation == "select"]
    skipped = set(signed) if row.name in UP_TO_SIGN else set()
    pairs = [(k, x, got.values[k]) for k, x in expected.values.items()]
    pairs += [(f"∂{k}", x, got.grads[k]) for k, x in expected.grads.items() if x is not None]
    return [
        k
        for k, x, y in pairs
        if k.removeprefix("∂") not in skipped and not alike(x, y, within, within_grad=k[0] == "∂")
    ]


def alike(expected, actual, within, *, within_grad):
    if actual is None:
        return within_grad and not np.any(expected)
    if expected.shape != actual.shape or kind_of(expected.dtype) != kind_of(actual.dtype):
        return False
    if expected.dtype.kind not in "fc":
        return bool((expected == actual).all())
    size = np.max(np.abs(expected), initial=1.0)
    return bool((np.abs(expected - actual) <= within * size).all())


def made(name):
    """The adapter; in a process of its own, where it ends that."""
    apart = f"{name}@{sys.executable}" if name in APART else name
    return make(ELSEWHERE.get(name, apart))


def test_some_are_looked_at():
    """The two that are small are installed wherever tests run."""
    assert {"autograd", "mlx"} <= set(OTHERS)


@each
def test_it_is_as_the_interface_says(name):
    report = check(made(name))
    assert not report.findings, report


@each
def test_it_has_an_operation_or_says_why_not(name):
    adapter = made(name)
    assert [n for n in TABLE if bool(adapter.has(n)) == bool(adapter.lacks(n))] == []
    assert sum(bool(adapter.has(n)) for n in TABLE) >= LEAST[name]


@each
def test_what_it_has_means_the_same(name):
    adapter = made(name)
    dtype, within = WITHIN.get(name, ("float64", 1e-11))
    found = {
        row.name
        for row in TABLE.values()
        if adapter.has(row.name) and row.name not in RECORDED.get(name, ())
        for example in row.examples
        if off(adapter, row, example, dtype, within)
    }
    assert found == set()


@each
def test_what_is_recorded_shows(name):
    adapter = made(name)
    dtype, within = WITHIN.get(name, ("float64", 1e-11))
    held = RECORDED.get(name, set())
    assert held <= set(TABLE)
    quiet = {
        n
        for n in held
        if not any(off(adapter, TABLE[n], example, dtype, within) for example in TABLE[n].examples)
    }
    assert quiet == set()


@each
@pytest.mark.parametrize(
    ("dtype", "number"),
    [("float64", "1.5"), ("float32", "1.5"), ("complex64", "{complex: {re: 1.5, im: -0.5}}")],
)
def test_its_other_ways_are_those_of_the_reference(name, dtype, number):
    cases, faults = load_text(WAYS.format(dtype=dtype, number=number), Path("ways.yaml"))
    assert not faults, faults
    (task,) = cases[0].tasks([dtype])
    wanted, told = answers(NumpyAdapter(), task), answers(made(name), task)
    lacking = WITHOUT.get(name, set())
    assert {way for way, _ in told.failed} == lacking
    assert all(isinstance(failure, Unsupported) for failure in told.failed.values())
    left_out = {"hvp"} if dtype == "complex64" and name in COMPLEX_TWICE else set()
    ends = {"jvp": ("y", "z", "out"), "hvp": ("w", "u")}
    ends["vmap"] = tuple(
        over(k, batched) for batched in batchings("xwu") for k in ("w", "u", "out")
    )
    compared = 0
    for way in set(ends) - lacking - left_out:
        for key in ((way, tensor, 0) for tensor in ends[way]):
            np.testing.assert_allclose(
                told.found[key], wanted.found[key], rtol=1e-4, atol=1e-4, err_msg=str(key)
            )
            compared += 1
    assert compared >= 3


@each
def test_an_error_inside_a_derivative_leaves_the_next_task_as_it_was(name):
    """Paddle raises in the second derivative of put_along_axis, and recorded nothing after that."""
    adapter = made(name)
    first, second = (
        narrowed(task_of(TABLE[n], TABLE[n].examples[:1]), WITHIN.get(name, ("float64",))[0])
        for n in ("put_along_axis", "matmul")
    )
    asked = frozenset(("value", "grad", "hvp"))
    answers(adapter, replace(first, checks=asked))
    told = answers(adapter, replace(second, checks=asked))
    wanted = answers(NumpyAdapter(), replace(second, checks=asked))
    assert not told.failed
    for key, x in wanted.found.items():
        np.testing.assert_allclose(told.found[key], x, rtol=1e-4, atol=1e-4, err_msg=str(key))


WRITTEN = """
case: written
about: Numbers that are written by index, slice by slice of a batch.
inputs: {i: [2, 0], j: [[2, 0, 1], [0, 1, 3]]}
params: {x: {normal: [4, 3]}, u: {normal: [2, 3]}}
program: |
  y = index_set(x, i, u, axis=0) + put_along_axis(x, j, u, axis=0)
checks: [value, grad, vmap]
dtypes: [float32]
"""


@pytest.mark.parametrize("name", [name for name in OTHERS if "vmap" not in WITHOUT.get(name, ())])
def test_a_batch_is_written_by_index(name):
    """TensorFlow puts a slice's own index, of 32 bits, before those that are given.

    Of indices that are batched alone it says that it cannot, with a trace around it.
    """
    cases, faults = load_text(WRITTEN, Path("written.yaml"))
    assert not faults, faults
    (task,) = cases[0].tasks()
    wanted, told = answers(NumpyAdapter(), task), answers(made(name), task)
    alone = {"tensorflow": {("vmap", "i"), ("vmap", "j")}}
    assert told.failed.keys() == alone.get(name, set())
    for failure in told.failed.values():
        assert isinstance(failure, Unsupported)
        assert "expected to be not loop invariant" in str(failure)
    assert len(told.found) == 3 * (len([*batchings("ijxu")]) - len(told.failed))
    for key, x in told.found.items():
        np.testing.assert_allclose(x, wanted.found[key], rtol=1e-5, atol=1e-6, err_msg=str(key))


NOTHING = """
import mlx.core as mx
import numpy as np
from gradparity.adapters.mlx_lowerings.arrays import as_array
with mx.stream(mx.cpu):
    for _ in range(200):
        strided = [mx.broadcast_to(mx.ones((3, 1)), (3, 4))[::2] for _ in range(20)]
        strided += [mx.ones((4, 6))[:, ::2].T for _ in range(20)]
        mx.eval(strided)
        del strided
        made = [as_array(np.zeros(shape, "f")) for shape in ((0,), (0, 3))]
        found = [mx.prod(x).item() for x in made] + [mx.sum(x).item() for x in made]
        assert found == [1, 1, 0, 0], found
"""


def test_sums_of_no_elements_end():
    """Of NumPy's arrays MLX's went on for ever, after arrays that are not contiguous."""
    command = [sys.executable, "-P", "-c", NOTHING]
    subprocess.run(command, capture_output=True, check=True, timeout=100)  # noqa: S603


TURNED = """
case: turned
about: A sum along an axis of no elements, of an array that is turned.
params: {x: {zeros: [2, 0]}}
program: y = sum(matrix_transpose(x), axis=0)
dtypes: [float32]
"""


def test_mlx_is_not_asked_for_what_may_not_end():
    """Its loop over the rest of the sum read sizes that are none."""
    cases, faults = load_text(TURNED, Path("turned.yaml"))
    assert not faults, faults
    (task,) = cases[0].tasks()
    with pytest.raises(Unsupported, match="turned arrays of no elements"):
        made("mlx").run(task)


PARTS = """
case: parts
about: The imaginary part and the angle of a real number do not move with it.
params: {x: [1.5, -2.0]}
program: y = $f(x)
sweep: {f: [imag, angle]}
dtypes: [float32]
"""


@each
def test_parts_of_real_numbers_have_a_gradient(name):
    """TensorFlow has none, where it is zero, and Paddle takes complex numbers alone."""
    cases, faults = load_text(PARTS, Path("parts.yaml"))
    assert not faults, faults
    adapter = made(name)
    for task in cases[0].tasks():
        if adapter.has(task.point["f"]):
            np.testing.assert_array_equal(adapter.run(task).steps[0].grads["x"], [0.0, 0.0])


HERMITIAN = """
case: hermitian
about: Eigenvalues of complex matrices are real; each vector is in the reference's gauge.
params: {x: {complex: {re: {normal: [2, 3, 3]}, im: {normal: [2, 3, 3]}}}}
program: |
  a = x + conj(matrix_transpose(x))
  w, v = linalg.eigh(a)
  u, s, vh = linalg.svd(x, full_matrices=False)
  y = linalg.eigvalsh(a) + s
checks: [value]
dtypes: [complex64]
"""


@each
def test_vectors_of_complex_matrices_are_those_of_the_reference(name):
    """TensorFlow has the eigenvalues in the matrix's dtype, and each library phases of its own."""
    cases, faults = load_text(HERMITIAN, Path("hermitian.yaml"))
    assert not faults, faults
    adapter = made(name)
    if not adapter.has("linalg.eigh"):
        pytest.skip(adapter.lacks("linalg.eigh"))
    (task,) = cases[0].tasks()
    wanted = reference(task).steps[0].values
    got = adapter.run(task).steps[0].values
    for k, x in wanted.items():
        assert got[k].dtype == x.dtype, k
        np.testing.assert_allclose(got[k], x, rtol=1e-4, atol=1e-4, err_msg=k)


#: Signals by which a process ends at once, or is ended.
DEADLY = ("SIGILL", "SIGABRT", "SIGBUS", "SIGFPE", "SIGSEGV", "SIGTERM")

CAUGHT = """
from gradparity.adapters.registry import make
make({name!r})
with open("/proc/self/status") as lines:
    print(next(line.split()[1] for line in lines if line.startswith("SigCgt")))
"""


@each
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the signals stand in /proc")
def test_it_catches_no_signal_that_ends_its_process(name):
    """Paddle's handlers allocate for their trace: an abort inside malloc waited for ever."""
    python = interpreter_of(ELSEWHERE[name]) if name in ELSEWHERE else sys.executable
    command = [python, "-P", "-c", CAUGHT.format(name=name)]
    told = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    caught = int(told.stdout.splitlines()[-1], 16)
    assert [s for s in DEADLY if caught >> (getattr(signal, s) - 1) & 1] == []


#: What each calls SGD, a rate that goes down in steps, and clipping by the norm.
NATIVE = {
    "mlx": (
        "SGD: {learning_rate: 0.05}",
        "step_decay: {init: 0.05, decay_rate: 0.5, step_size: 2}",
        "clip_grad_norm: {max_norm: 1.0}",
    ),
    "tensorflow": (
        "SGD: {learning_rate: 0.05}",
        "PiecewiseConstantDecay: {boundaries: [1, 3], values: [0.05, 0.025, 0.0125]}",
        "clip_by_global_norm: {clip_norm: 1.0}",
    ),
    "paddle": (
        "SGD: {learning_rate: 0.05}",
        "StepDecay: {learning_rate: 0.05, step_size: 2, gamma: 0.5}",
        "ClipGradByGlobalNorm: {clip_norm: 1.0}",
    ),
}

#: The case has another rate, another schedule and another bound than what is called by name.
TRAINED = """
case: trained
about: Five steps whose parts are the framework's own.
inputs: {{x: {{normal: [3]}}}}
params: {{w: {{normal: [3], scale: 3}}, u: 2.0}}
program: loss = sum((w * u - x) ** 2)
optimizer: {{sgd: {{lr: {lr}}}}}
groups: {groups}
schedule: {{step: {{every: {every}, factor: {factor}}}}}
clip: {{global_norm: {{max: {most}, eps: {eps}}}}}
native: {native}
steps: 5
dtypes: [float32]
"""


SETTINGS = {"lr": 0.05, "every": 2, "factor": 0.5, "most": 1.0, "eps": 0.0, "groups": "{}"}


def moved(adapter, native, given):
    """The parameters, step by step."""
    text = TRAINED.format(native=native, **{**SETTINGS, **given})
    cases, faults = load_text(text, Path("trained.yaml"))
    assert not faults, faults
    return [step.params for step in adapter.run(cases[0].tasks()[0]).steps]


@pytest.mark.parametrize("name", [name for name in OTHERS if name in NATIVE])
@pytest.mark.parametrize("part", ["optimizer", "schedule", "clip"])
def test_a_part_of_training_may_be_its_own(name, part):
    optimizer, schedule, clip = NATIVE[name]
    own = {"optimizer": optimizer, "schedule": schedule, "clip": clip}[part]
    other = {
        "optimizer": {"lr": 0.5, "groups": "{u: {lr: 0.7}}"},
        "schedule": {"every": 1, "factor": 0.1},
        "clip": {"most": 0.1},
    }[part]
    eps = {"eps": 1e-6} if name == "mlx" else {}  # it always adds that to the norm
    wanted = moved(NumpyAdapter(), "{}", eps)
    got = moved(made(name), f"{{{name}: {{{part}: {{{own}}}}}}}", {**eps, **other})
    for mine, theirs in zip(wanted, got, strict=True):
        for k, x in mine.items():
            np.testing.assert_allclose(theirs[k], x, rtol=1e-5, atol=1e-6, err_msg=k)


@each
def test_every_operation_runs_or_is_unsupported_in_one_go(name):
    adapter = made(name)
    for row in TABLE.values():
        if adapter.has(row.name):
            continue
        with pytest.raises(Unsupported, match=row.name.replace(".", r"\.")):
            adapter.run(task_of(row, row.examples[:1]))

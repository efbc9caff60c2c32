"""Cases become tasks: arrays drawn once, rounded once, handed over as they are."""

import zlib

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradparity.cases import drawing
from gradparity.cases.models import DTYPES
from gradparity.cases.task import Batch, Divergence, Tolerance, Update
from gradparity.refimpl.errors import BadUsage


def params(case, spec, **keys):
    """A case of one parameter w."""
    more = "".join(f"{key}: {value}\n" for key, value in keys.items())
    return case(f"case: a\nabout: b\nparams: {{w: {spec}}}\n{more}program: loss = sum(w)\n")


def inputs(case, spec, **keys):
    """A case of one input x."""
    more = "".join(f"{key}: {value}\n" for key, value in keys.items())
    return case(
        f"case: a\nabout: b\ninputs: {{x: {spec}}}\nparams: {{w: 1.0}}\n{more}"
        "program: loss = sum(x * w)\n"
    )


@pytest.mark.parametrize(
    ("spec", "array"),
    [
        ("2", np.array(2.0)),
        ("[1, 2.5, .inf]", np.array([1, 2.5, np.inf])),
        ("[[1.0], [2.0]]", np.array([[1.0], [2.0]])),
        ("[]", np.zeros(0)),
        ("[[], []]", np.zeros((2, 0))),
        ("[1, 2]", np.array([1, 2])),
        ("[true, false]", np.array([True, False])),
        ("{zeros: [2, 3]}", np.zeros((2, 3))),
        ("{zeros: 2}", np.zeros(2)),
        ("{ones: []}", np.ones(())),
        ("{full: [2], value: -3}", np.array([-3.0, -3.0])),
        ("{eye: 2}", np.eye(2)),
        ("{linspace: [0, 1, 5]}", np.array([0, 0.25, 0.5, 0.75, 1])),
        ("{zeros: [0, 3]}", np.zeros((0, 3))),
        ("{full: [1], value: 2, dtype: int64}", np.array([2])),
        ("{ones: [1], dtype: bool}", np.array([True])),
        (
            "{complex: {re: [1.0, 2.0], im: [0.5, -.inf]}}",
            np.array([1 + 0.5j, complex(2, -np.inf)]),
        ),
    ],
)
def test_a_tensor_is_what_it_says(case, spec, array):
    (task,) = inputs(case, spec, dtypes="[float64]").tasks()

    assert task.inputs["x"].dtype == array.dtype
    np.testing.assert_array_equal(task.inputs["x"], array, strict=True)


def test_random_tensors_are_numpys_from_the_seed(case):
    found = params(case, "{normal: [3, 4], scale: 0.5, loc: 2, seed: 7}").tasks(["float64"])

    expected = np.random.default_rng(7).standard_normal((3, 4)) * 0.5 + 2
    np.testing.assert_array_equal(found[0].params["w"], expected, strict=True)


def test_a_seed_is_made_of_the_cases_and_the_tensors_name(case):
    (task,) = params(case, "{uniform: [3], low: -1, high: 1}", dtypes="[float64]").tasks()

    seed = zlib.crc32(b"a|[]|w")
    expected = -1 + 2 * np.random.default_rng(seed).random(3)
    np.testing.assert_array_equal(task.params["w"], expected, strict=True)


def test_numbers_are_the_same_at_every_point_and_rounded_once_at_every_dtype(case):
    found = case(
        "case: a\nabout: b\nparams: {w: {normal: [50]}}\nsweep: {n: [1, 2]}\n"
        "dtypes: [float64, float32, float16, bfloat16]\nprogram: loss = sum(w * n)\n"
    )

    tasks = found.tasks()
    wide = tasks[0].params["w"]
    assert [(t.point["n"], t.dtype) for t in tasks] == [
        (n, dtype) for n in (1, 2) for dtype in ("float64", "float32", "float16", "bfloat16")
    ]
    for task in tasks:
        dtype = ml_dtypes.bfloat16 if task.dtype == "bfloat16" else np.dtype(task.dtype)
        assert task.params["w"].dtype == dtype
        np.testing.assert_array_equal(task.params["w"], drawing.rounded(wide, task.dtype))


@given(st.floats(-1e38, 1e38, allow_subnormal=False))
def test_bfloat16_is_the_nearest_number(number):
    got = float(drawing.rounded(np.array(number), "bfloat16"))

    bits = np.array([got]).astype(ml_dtypes.bfloat16).view(np.int16)
    around = [
        float((bits + np.int16(step)).astype(np.int16).view(ml_dtypes.bfloat16)[0])
        for step in (-1, 1)
    ]
    near = [n for n in around if np.isfinite(n)]
    assert all(abs(number - got) <= abs(number - other) for other in near)


def test_a_tie_goes_to_the_even_number_and_what_lies_beyond_it_does_not():
    tie = 1 + 2.0**-8

    got = drawing.rounded(np.array([tie, tie + 2.0**-40, tie - 2.0**-40]), "bfloat16")

    assert got.tolist() == [1.0, 1 + 2.0**-7, 1.0]


def test_whole_numbers_stay_whole_in_inputs_and_become_the_dtype_in_parameters(case):
    spec = "{integers: [100], low: -3, high: 3}"
    (given_as_input,) = inputs(case, spec, dtypes="[float32]").tasks()
    (given_as_param,) = params(case, spec, dtypes="[float32]").tasks()

    drawn = given_as_input.inputs["x"]
    assert drawn.dtype == np.int64
    assert sorted(set(drawn.tolist())) == [-3, -2, -1, 0, 1, 2]
    assert given_as_param.params["w"].dtype == np.float32


def test_complex_dtypes_draw_complex_numbers_of_unit_variance(case):
    tasks = params(case, "{normal: [20000]}", dtypes="[complex128, complex64]").tasks()

    wide, narrow = (task.params["w"] for task in tasks)
    assert (wide.dtype, narrow.dtype) == (np.complex128, np.complex64)
    assert abs(np.mean(np.abs(wide) ** 2) - 1) < 0.05
    assert abs(np.mean(wide.real * wide.imag)) < 0.05
    np.testing.assert_array_equal(narrow, wide.astype(np.complex64))


def test_a_complex_tensor_takes_the_partner_of_the_dtype(case):
    tasks = inputs(case, "{complex: {re: 1.0, im: 2.0}}", dtypes="[float64, float32]").tasks()

    assert [task.inputs["x"].dtype for task in tasks] == [np.complex128, np.complex64]


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_matrices_have_the_properties_they_are_named_for(case, dtype):
    (spd,) = params(case, "{spd: 6}", dtypes=f"[{dtype}]").tasks()
    (orthogonal,) = params(case, "{orthogonal: 6}", dtypes=f"[{dtype}]").tasks()

    a, q = spd.params["w"], orthogonal.params["w"]
    np.testing.assert_array_equal(a, a.conj().T)
    assert np.linalg.eigvalsh(a).min() > 0.9
    np.testing.assert_allclose(q @ q.conj().T, np.eye(6), atol=1e-14)
    assert np.iscomplexobj(q) == (dtype == "complex128")
    assert np.abs(q - np.eye(6)).min() > 0


def test_sweep_names_stand_in_shapes_and_numbers(case):
    tasks = case(
        "case: a\nabout: b\nparams: {w: {full: [n, 2], value: s}, v: {full: shape, value: 1}}\n"
        "sweep: {n: [1, 3], s: [0.5], shape: [[2], [1, 2]], rate: [0.1]}\n"
        "dtypes: [float64]\nprogram: loss = sum(w * v)\noptimizer: {sgd: {lr: rate}}\n"
    ).tasks()

    assert [(t.params["w"].shape, t.params["v"].shape) for t in tasks] == [
        ((1, 2), (2,)),
        ((1, 2), (1, 2)),
        ((3, 2), (2,)),
        ((3, 2), (1, 2)),
    ]
    assert tasks[0].params["w"].tolist() == [[0.5, 0.5]]
    assert tasks[0].update == Update("sgd", {"lr": 0.1})


def test_arrays_of_a_task_are_its_own(case):
    found = inputs(case, "{file: digits.npz, key: labels, rows: [0, 3]}", dtypes="[float64]")

    (first,) = found.tasks()
    first.inputs["x"][:] = -1
    (second,) = found.tasks()

    assert second.inputs["x"].tolist() == [0, 1, 2]
    assert second.inputs["x"].dtype == np.int64


def test_a_file_may_be_scaled_to_the_dtype(case):
    (task,) = inputs(
        case, "{file: digits.npz, key: images, rows: [0, 2], scale: 0.0625}", dtypes="[float32]"
    ).tasks()

    images = task.inputs["x"]
    assert (images.dtype, images.shape[0]) == (np.float32, 2)
    assert 0 <= images.min() < images.max() <= 1


def test_a_file_beside_the_case_goes_before_a_shipped_one(case, tmp_path):
    np.savez(tmp_path / "digits.npz", labels=np.array([5.0, 6.0]))

    (task,) = inputs(case, "{file: digits.npz, key: labels}", dtypes="[float32]").tasks()

    assert task.inputs["x"].tolist() == [5.0, 6.0]
    assert task.inputs["x"].dtype == np.float32


def test_truths_divergences_and_the_rest_are_handed_on_at_their_points(case):
    found = case(
        "case: a\nabout: b\ntags: [t]\ninputs: {x: [1.0, 2.0]}\nparams: {w: [1.0, 1.0]}\n"
        "sweep: {n: [1, true]}\nprogram: |\n  y = w * x * n\n"
        "cotangent: [3, 4]\noptimizer: {sgd: {lr: 0.5}}\nsteps: 4\n"
        "batch: {size: 1, order: shuffled}\n"
        "expect:\n"
        "  - value: {y: [1.0, 2.0]}\n"
        "  - at: {n: 1}\n    value: {y: {is: [1.01, 2.0], within: 0.05}}\n    grad: {w: 3.0}\n"
        "tolerance: {rel: 1e-3, because: c}\nskip: {jax: d}\n"
        "divergences:\n"
        "  - {adapters: [torch], check: grad, tensor: w, kind: kink, because: e, value: [1, 2],\n"
        "     agree-by: f, see: 'https://g.org', at: {n: 1}, dtypes: [float32]}\n"
    )

    tasks = {(str(task.point["n"]), task.dtype): task for task in found.tasks()}
    task = tasks["1", "float32"]
    assert task.where.endswith("t.yaml:1")
    assert (task.tags, task.steps, task.batch) == (("t",), 4, Batch(1, "shuffled"))
    assert task.update == Update("sgd", {"lr": 0.5})
    assert task.checks == {"value", "grad", "update"}
    assert task.tolerance == Tolerance("c", rel=1e-3, abs=0.0)
    assert task.skip == {"jax": "d"}
    assert task.cotangent((2,)).tolist() == [3.0, 4.0]
    truth = task.expect["value"]["y"]
    assert (truth.value.tolist(), truth.within) == ([1.01, 2.0], 0.05)
    assert tasks["True", "float32"].expect["value"]["y"].value.tolist() == [1.0, 2.0]
    assert "grad" not in tasks["True", "float32"].expect
    (divergence,) = task.divergences
    assert divergence.value.tolist() == [1, 2]
    assert divergence == Divergence(
        ("torch",), "grad", "w", "kink", "e", divergence.value, "f", "https://g.org"
    )
    assert [key for key, other in tasks.items() if other.divergences] == [("1", "float32")]


def test_dtypes_are_chosen_among_the_cases_own(case):
    found = params(case, "1.0", dtypes="[float64, float32]")

    assert found.dtypes == ("float64", "float32")
    assert [task.dtype for task in found.tasks(["float32", "float16"])] == ["float32"]
    with pytest.raises(BadUsage, match="did you mean 'float32'"):
        found.tasks(["flaot32"])


def test_every_dtype_can_be_asked_for(case):
    found = params(case, "{normal: [2]}", dtypes=f"[{', '.join(DTYPES)}]")

    assert [task.params["w"].dtype.name for task in found.tasks()] == list(DTYPES)

"""What alarms in random programs, and what it is sorted as."""

import math
from dataclasses import replace
from functools import partial

import pytest

from gradparity.adapters.base import Adapter
from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.verify import load_cases
from gradparity.verify.engine.work import Here
from gradparity.verify.fuzz.alarms import Alarm, alarms, alarms_in, plain, sort_of
from gradparity.verify.fuzz.drawing import drawn
from gradparity.verify.fuzz.records import Records, Shown, explains, explains_other

from ...adapters import wrong
from .recorded import records_of

#: The seed of the programs, and which of it a framework runs, in parts that workers share: JAX
#: compiles for half a second an operation.
SEED = 1
RUN = [
    ("torch", 0, 500),
    ("jax", 0, 100),
    pytest.param("jax", 100, 300, marks=pytest.mark.rare),
]

#: What a row says where a value of JAX's is off.
ROW = {
    "verdict": "differs",
    "kind": "error",
    "outlier": "jax",
    "cause": "",
    "kink": "",
    "adapter": "jax",
    "dtype": "float64",
    "got_imag": 0.0,
    "want_imag": 0.0,
    "operation": "",
    "direction": "",
    "own_kind": "",
    "own_over": math.nan,
    "textbook_ratio": math.nan,
}

#: Faults of frameworks whose size no record can tell: the adapter, a part of the reason, and why.
CONFIRMED = [
    ("jax", "fft_thunk.cc", "XLA's CPU compiler hands a Fourier transform a layout it refuses"),
    ("torch", "isFloatingType(grad", "where of a real and a complex array has no backward pass"),
    ("jax", "the VJP of normalize", "NaN at zero, as normalize-of-zero records"),
    ("torch", "the VJP of expit", "the slope far out is y·(1 - y), as sigmoid-tail records"),
    ("jax", "the VJP of expit", "the slope far out is y·(1 - y), as sigmoid-tail records"),
    ("torch", "the VJP of linalg.slogdet", "the sign's gradient is None, where it is zero"),
    ("torch", "the VJP of sinc", "a difference of like numbers, as sinc-slope-near-zero records"),
    ("torch", "the vmap of cdist", "one slice's cotangent for all, as a-batch-of-distances"),
    ("torch", "the VJP of glu", "the slope far out is y·(1 - y), as sigmoid-tail records"),
    ("torch", "the VJP of lstm", "its gates' slopes far out, as sigmoid-tail and tanh-tail record"),
    ("torch", "the VJP of gru", "its gates' slopes far out, as sigmoid-tail and tanh-tail record"),
    ("torch", "the VJP of rnn", "its slope far out, as tanh-tail records"),
    ("jax", "the VJP of gru", "its gates' slopes far out, as sigmoid-tail and tanh-tail record"),
    ("jax", "the VJP of multi_head_attention", "a softmax in float32, as heads-softmax records"),
    (
        "jax",
        "the VJP of hyp2f1",
        "a series beyond its disc, as hyp2f1-just-below-minus-one records",
    ),
    ("torch", "the VJP of stft", "of an expanded signal, as stft-of-a-repeated-number records"),
    ("torch", "the hvp of betaln", "trigamma has nine digits, as trigamma-at-its-worst records"),
    ("torch", "the hvp of multigammaln", "trigamma has nine digits"),
    ("torch", "the jvp of embedding", "as tangent-of-an-embedding-s-padding records in float64"),
    ("torch", "the VJP of pairwise_distance", "it gives no gradient where p is 0"),
    ("torch", "(2) must match the size of tensor b (3)", "vmap of solve takes stacks for vectors"),
    ("torch", "match the broadcast shape", "clip of an input that broadcasts against its bounds"),
    ("jax", "the forward pass of betaln", "eight digits, as records of precision-gamma.yaml say"),
    ("jax", "the forward pass of linalg.det", "of a singular matrix of three rows, by cofactors"),
    ("jax", "the forward pass of scaled_dot_product_attention", "its softmax is float32's"),
    ("jax", "the forward pass of standardize", "the variance as a difference of squares"),
    (
        "jax",
        "the forward pass of hyp2f1",
        "its series near and below -1, as hyp2f1-beyond-minus-one",
    ),
    ("jax", "the VJP of sinc", "a difference of like numbers near zero"),
    ("jax", "the VJP of tanh", "1 - y² far out, as tanh-tail records"),
    (
        "jax",
        "the VJP of i0",
        "a difference of two exponentials near zero, as bessel-i0-slope-near-zero records",
    ),
    ("jax", "the VJP of spence", "quotients fitted to the value, as spence-interior records"),
    (
        "jax",
        "stopped on purpose at `v2 = straight_through(v1, c1)`",
        "its scatter of maxima leaves a rounding of the cotangent, as scatter-reduce-axes records",
    ),
    ("jax", "the VJP of poch", "digits of a difference of digammas"),
]


def called(case):
    """The operations of a program."""
    return {i.operation for i in case.programs[0]["*"].instructions}


def of_every_parameter(trace):
    for name, g in trace.steps[0].grads.items():
        if name.startswith("p") and g is not None:
            trace.steps[0].grads[name] = g * 2 + 1


class Raising(Adapter):
    name = "numpy"

    def version(self):
        return "raises"

    def has(self, operation):
        return NumpyAdapter().has(operation)

    def run(self, task):  # noqa: ARG002  as every adapter's
        raise ArithmeticError("no")


def found(adapter, count=6):
    with Here([adapter]) as engine:
        return [alarm for _, alarm in alarms(engine, (drawn(SEED, n)[1] for n in range(count)))]


def test_right_programs_do_not_alarm():
    assert found("numpy") == []


def test_a_wrong_gradient_alarms():
    held = found(wrong.Wrong(NumpyAdapter(), of_every_parameter))
    assert [alarm.task.split("[")[0] for alarm in held] == [f"fuzz-{SEED}-{n}" for n in range(6)]
    assert {alarm.sort for alarm in held} == {"framework"}
    assert "exceeds" in held[0].reason


@pytest.mark.parametrize(
    ("own", "over", "explained"),
    [("error", 2.0, True), ("error", 200.0, False), ("", math.nan, False)],
)
def test_a_record_explains_what_is_off_by_itself(own, over, explained):
    row = {**ROW, "kind": "local", "blame": "v0", "check": "value", "tensor": "y"}
    row |= {"operation": "lgamma", "direction": "forward", "own_kind": own, "own_over": over}
    row |= {"reason": "off", "noise_ratio": 0.1, "max_rel": 1e-16, "got": 2.0, "want": 2.0}
    (alarm,) = alarms_in("task", [row])
    shown = Shown("forward", "precision", finite=True, max_rel=1e-13, noise_ratio=20.0)
    assert explains(shown, alarm) == explained


@pytest.mark.parametrize(
    ("of_zero", "ratio", "explained"),
    [(True, 1e13, True), (True, 1e14, False), (False, 30.0, True), (False, 1e13, False)],
)
def test_what_should_be_zero_is_explained_by_no_small_error_beside_it(of_zero, ratio, explained):
    row = {**ROW, "blame": "y", "check": "value", "tensor": "y"}
    row |= {"operation": "linalg.det", "direction": "forward", "reason": "off"}
    row |= {"noise_ratio": ratio, "got": 1e-3, "want": 0.0, "max_rel": 1e-16}
    (alarm,) = alarms_in("task", [row])
    shown = (math.inf, 1e13) if of_zero else (1e-13, 20.0)
    record = Shown("forward", "precision", finite=True, max_rel=shown[0], noise_ratio=shown[1])
    assert explains(record, alarm) == explained


@pytest.mark.parametrize(("got", "explained"), [(3e-17, True), (1e-3, False)])
def test_a_rounding_that_is_left_of_a_zero_explains_no_larger_one(got, explained):
    told = ("framework", "grad", "x", "differs", "error", "v", "index_reduce", "backward", "", "")
    alarm = Alarm("t", "jax", "float64", *told, noise_ratio=1e290, max_rel=math.inf, away=got)
    record = Shown(
        "backward", "precision", finite=True, max_rel=math.inf, noise_ratio=1e288, away=2e-17
    )
    assert explains(record, alarm) == explained
    assert not explains(replace(record, max_rel=1e-16), alarm)
    assert not explains(record, replace(alarm, noise_ratio=1e5, away=1e-3))


@pytest.mark.parametrize(("want", "count"), [(math.nan, 0), (1.0, 1)])
def test_a_program_that_training_leads_out_of_its_domain_is_no_alarm(want, count):
    row = {**ROW, "kind": "non-finite", "blame": "", "check": "value", "tensor": "y"}
    row |= {"reason": "NaN", "got": math.nan, "want": want}
    row |= {"noise_ratio": math.nan, "max_rel": math.nan}
    assert len(list(alarms_in("task", [row]))) == count


def test_a_record_of_no_gradient_explains_no_gradient():
    told = ("framework", "grad", "x", "differs", "missing", "v", "linalg.slogdet", "backward")
    alarm = Alarm("t", "torch", "float64", *told, "", "", noise_ratio=math.nan, max_rel=math.nan)
    none = Shown("backward", "unsupported", finite=False, max_rel=math.nan, noise_ratio=math.nan)
    assert explains(none, alarm)
    assert not explains(none, replace(alarm, kind="error", max_rel=1.0, noise_ratio=1.0))
    assert not explains(replace(none, kind="singular"), alarm)
    assert not explains(replace(none, finite=True, max_rel=1.0), alarm)


def test_a_share_of_a_sum_that_is_missing_is_no_gradient():
    told = ("framework", "grad", "x", "differs", "error", "v", "lerp", "backward", "", "off")
    alarm = Alarm("t", "paddle", "float64", *told, 1e15, 1.0, own_kind="error")
    none = Shown("backward", "unsupported", finite=False, max_rel=math.nan, noise_ratio=math.nan)
    assert not explains(none, alarm)
    silent = replace(alarm, own_kind="missing")
    assert explains(none, silent)
    assert not explains(replace(none, kind="bug", finite=True, max_rel=1.0), silent)


@pytest.mark.parametrize(
    ("kind", "own", "explained"),
    [("shape", "", True), ("error", "shape", True), ("error", "error", False)],
)
def test_a_record_of_a_convention_explains_another_shape(kind, own, explained):
    told = ("framework", "value", "y", "differs", kind, "v", "sum", "forward", "", "off")
    alarm = Alarm("t", "paddle", "float64", *told, math.nan, math.nan, own_kind=own)
    shown = Shown("forward", "convention", finite=True, max_rel=1e-16, noise_ratio=1.0)
    assert explains(shown, alarm) == explained
    assert not explains(replace(shown, kind="precision"), alarm)
    assert not explains(replace(shown, direction="backward"), alarm)


def test_what_the_blamed_operation_has_in_place_of_a_number_is_explained():
    """Though what comes of it is one."""
    row = {
        **ROW,
        "check": "grad",
        "tensor": "x",
        "blame": "v",
        "got": 0.0,
        "want": 0.5,
        "path": "v → x",
        "noise_ratio": 1e15,
        "max_rel": 1.0,
        "reason": "off",
        "operation": "ndtri",
        "direction": "backward",
    }
    (alarm,) = alarms_in("t", [{**row, "own_kind": "non-finite"}])
    (other,) = alarms_in("t", [{**row, "own_kind": "error", "own_over": 1e15}])
    none = Shown("backward", "bug", finite=False, max_rel=math.nan, noise_ratio=math.nan)
    assert explains(none, alarm)
    assert not explains(none, other)
    assert not explains(replace(none, direction="forward"), alarm)


@pytest.mark.parametrize(("operation", "explained"), [("sigmoid", True), ("abs", False)])
def test_a_smooth_operation_that_is_off_beside_anothers_kink_is_explained(operation, explained):
    told = ("kink", "grad", "x", "differs", "kink", "v", operation, "backward", "", "")
    alarm = Alarm("t", "torch", "float64", *told, noise_ratio=20.0, max_rel=1e-14)
    record = Shown("backward", "precision", finite=True, max_rel=1e-12, noise_ratio=4e3)
    assert explains(record, alarm) is explained
    assert explains(replace(record, kind="kink"), alarm) is not explained


def test_an_alarm_is_of_a_row_that_the_blamed_operation_leads_to():
    row = {
        **ROW,
        "check": "value",
        "blame": "v4",
        "reason": "off",
        "got": 1e-16,
        "want": 0.0,
        "noise_ratio": 1e14,
        "max_rel": 0.0,
    }
    before, after = {**row, "tensor": "v1", "path": ""}, {**row, "tensor": "v4", "path": "v4"}
    (alarm,) = alarms_in("t", [before, after])
    assert alarm.tensor == "v4"
    (alarm,) = alarms_in("t", [before])
    assert alarm.tensor == "v1"


def test_what_no_bound_sees_may_be_seen_in_a_smaller_program():
    told = ("framework", "value", "y", "differs", "local", "v0", "lgamma", "forward", "", "")
    alarm = Alarm("t", "jax", "float64", *told, noise_ratio=20.0, max_rel=math.inf)
    assert alarm.alike(replace(alarm, kind="error", max_rel=1e-14))
    assert not alarm.alike(replace(alarm, kind="error", operation="digamma"))
    assert not alarm.alike(replace(alarm, kind="non-finite"))


def test_an_adapter_that_raises_alarms():
    held = found(Raising(), 2)
    assert [alarm.sort for alarm in held] == ["error", "error"]
    assert held[0].raises
    assert held[0].group == held[1].group


@pytest.mark.parametrize(
    ("said", "sort"),
    [
        ({"kind": "kink"}, "kink"),
        ({"verdict": "error"}, "error"),
        ({"outlier": "reference"}, "reference"),
        ({"verdict": "error", "kind": "case"}, "reference"),
        ({"outlier": "torch"}, "framework"),
        ({}, "open"),
    ],
)
def test_alarms_are_sorted_by_what_the_rows_say(said, sort):
    row = {"verdict": "differs", "kind": "error", "outlier": "", "kink": "", **said}
    assert sort_of([row]) == sort


def test_a_text_without_a_programs_own_names_and_numbers_is_the_same_for_another_program():
    one = "torch computed celu in float32: digits of p0 beyond 1e-7 do not reach `celu(p0)`"
    assert plain(one) == plain(one.replace("p0", "v3_1").replace("1e-7", "-2.5"))


@pytest.mark.parametrize(
    ("shown", "off_by", "explained"),
    [
        (1e-8, 1e-9, True),
        (1e-8, 1e-3, False),
        (1.0, 1e-3, False),
        (1.0, 0.7, True),
        (1e9, 30.0, True),
        (1e9, 3.0, False),
    ],
)
def test_a_record_explains_errors_of_its_size_and_a_gross_one_no_smaller_fault(
    shown, off_by, explained
):
    told = ("framework", "grad", "x", "differs", "error", "v", "exp", "backward", "", "")
    alarm = Alarm("t", "torch", "float64", *told, noise_ratio=off_by * 2**52, max_rel=off_by)
    record = Shown("backward", "precision", finite=True, max_rel=shown, noise_ratio=shown * 2**52)
    assert explains(record, alarm) is explained


@pytest.mark.parametrize(
    ("shown", "own", "explained"),
    [
        ((1e-13, 20.0), 18.0, True),
        ((1e-13, 20.0), 300.0, False),
        ((0.7, 800.0), 1000.0, True),
        ((0.7, 800.0), 18.0, False),
        ((1e-13, 20.0), math.inf, False),
    ],
)
def test_what_the_blamed_operation_is_off_by_itself_is_explained(shown, own, explained):
    """Whatever share of the tensor that alarms it is."""
    told = ("framework", "grad", "x", "differs", "error", "v", "exp", "backward", "", "")
    alarm = Alarm("t", "torch", "float64", *told, noise_ratio=2e3, max_rel=0.03, own_ratio=own)
    record = Shown("backward", "precision", finite=True, max_rel=shown[0], noise_ratio=shown[1])
    assert explains(record, alarm) is explained


@pytest.mark.parametrize(
    ("shown", "ratio", "max_rel", "explained"),
    [
        (2.0**28, 2.0**29, 5e-5, True),
        (2.0**28, 2.0**29, math.inf, True),
        (2.0**28, 2.0**31, 5e-5, False),
        (2.0**20, 2.0**29, 5e-5, False),
        (2.0**40, 2.0**29, 5e-5, False),
    ],
)
def test_what_is_computed_in_float32_is_off_by_its_noise_at_any_numbers(
    shown, ratio, max_rel, explained
):
    told = ("framework", "grad", "x", "differs", "error", "v", "exp", "backward", "", "")
    alarm = Alarm("t", "torch", "float64", *told, noise_ratio=ratio, max_rel=max_rel)
    rel = shown * 2.0**-52
    record = Shown("backward", "precision", finite=True, max_rel=rel, noise_ratio=shown)
    assert explains(record, alarm) is explained


@pytest.mark.parametrize(
    ("shown", "off_by", "explained"),
    [(1.0, 0.7, True), (1.0, 1e-3, False), (1e-12, 1e-4, True), (1e-12, 1e-2, False)],
)
def test_a_record_in_another_dtype_explains_what_is_as_large_or_of_as_many_units(
    shown, off_by, explained
):
    told = ("framework", "grad", "x", "differs", "error", "v", "exp", "backward", "", "")
    alarm = Alarm("t", "torch", "float32", *told, noise_ratio=off_by * 2**23, max_rel=off_by)
    record = Shown("backward", "precision", finite=True, max_rel=shown, noise_ratio=shown * 2**52)
    assert explains_other(2.0**-53, record, alarm) is explained
    assert not explains_other(2.0**-53, record, replace(alarm, direction="forward"))
    assert not explains_other(2.0**-53, record, replace(alarm, max_rel=math.inf))


def test_a_record_of_another_default_explains_nothing():
    """JAX's GELU is the tanh one unless it is told: a program tells it."""
    told = ("framework", "grad", "x", "differs", "error", "v", "gelu", "backward", "", "")
    alarm = Alarm("t", "jax", "float64", *told, noise_ratio=1e12, max_rel=1e-3)
    with records_of("gelu-default", "jax") as records:
        assert records.explaining(alarm) == ""


def test_a_record_of_a_tail_explains_no_error_of_its_size_far_above_noise():
    """A sigmoid that is off by 1 % anywhere was taken for one that is so at 1e-17."""
    told = ("framework", "grad", "x", "differs", "error", "v", "sigmoid", "backward", "", "")
    alarm = Alarm("t", "jax", "float64", *told, noise_ratio=40.0, max_rel=0.02)
    tail = Shown("backward", "precision", finite=True, max_rel=0.02, noise_ratio=37.0)
    assert explains(tail, alarm)
    for unit, told_of in ((2.0**-53, explains), (2.0**-24, partial(explains_other, 2.0**-24))):
        assert not told_of(tail, replace(alarm, noise_ratio=4e13)), unit
    everywhere = replace(tail, noise_ratio=5e13)
    assert explains(everywhere, replace(alarm, noise_ratio=4e13))


def test_a_record_of_what_a_word_means_explains_nothing_of_a_program():
    """JAX's 'SAME' pads otherwise than the table does, which no lowering calls."""
    told = ("framework", "grad", "w", "differs", "error", "v", "conv", "backward", "", "")
    alarm = Alarm("t", "jax", "float64", *told, noise_ratio=1e16, max_rel=6.4)
    with records_of("conv-same-even-size", "jax") as records:
        assert records.explaining(alarm) == ""


def test_a_record_of_one_of_several_results_explains():
    """Taking one of them is no operation of its own, nor a framework's of that name."""
    told = ("framework", "grad", "x", "differs", "missing", "s", "linalg.slogdet", "backward")
    alarm = Alarm("t", "torch", "float64", *told, "", "", noise_ratio=math.nan, max_rel=math.nan)
    name = "sign-of-a-determinant"
    with records_of(name, "torch") as records:
        assert records.explaining(alarm, {"linalg.slogdet"}) == name


@pytest.mark.parametrize(("dtype", "explained"), [("float64", True), ("float16", False)])
def test_a_record_of_another_dtype_explains_a_result_in_that_dtype_alone(dtype, explained):
    """autograd's cumulative normal of a float32."""
    told = ("framework", "value", "y", "differs", "dtype", "y", "ndtr", "forward", "")
    reason = f"dtype {dtype}, expected float32; blamed: the forward pass of ndtr"
    alarm = Alarm("t", "autograd", "float32", *told, reason, noise_ratio=math.nan, max_rel=math.nan)
    name = "cumulative-normal-in-float32"
    with records_of(name, "autograd") as records:
        assert records.explaining(alarm) == (name if explained else "")
        assert records.explaining(replace(alarm, direction="jvp")) == ""
        assert records.explaining(replace(alarm, operation="i0e")) == ""


def test_a_record_that_moves_what_an_operation_is_given_explains_one_that_is_moved_so():
    """PyTorch's stft of a number that is repeated, which it takes for one place."""
    told = ("framework", "grad", "x", "differs", "error", "v", "stft", "backward", "", "")
    alarm = Alarm("t", "torch", "float64", *told, noise_ratio=1e290, max_rel=math.inf, away=0.5)
    name = "stft-of-a-repeated-number"
    with records_of(name, "torch") as records:
        assert records.explaining(alarm, {"stft", "broadcast_to", "sum"}) == name
        assert records.explaining(alarm, {"stft", "sum"}) == ""
        assert records.explaining(replace(alarm, away=9.0), {"stft", "broadcast_to"}) == ""


def test_a_record_of_what_a_framework_names_explains_though_its_reference_is_written_out():
    told = ("framework", "grad", "x", "differs", "error", "v", "tanh", "backward", "", "")
    alarm = Alarm("t", "jax", "float64", *told, noise_ratio=1e4, max_rel=9.0)
    name = "tanh-slope-at-nineteen"
    with records_of(name, "jax") as records:
        assert records.explaining(alarm, {"tanh"}) == name
        assert records.explaining(replace(alarm, operation="exp"), {"exp"}) == ""


def test_what_is_raised_is_explained_by_a_record_of_an_operation_of_the_program():
    reason = "RuntimeError: output with shape [1, 1] doesn't match the broadcast shape [2, 1]"
    told = ("framework", "run", "", "error", "raised", "", "", "", "", reason)
    alarm = Alarm("t", "torch", "float64", *told, noise_ratio=math.nan, max_rel=math.nan)
    with Here(["torch"]) as engine:
        records = Records(load_cases(), engine, ["torch"])
        assert records.explaining(alarm, {"clip", "sum"})
        assert records.explaining(alarm, {"where", "sum"}) == ""


def test_what_a_library_s_own_check_stops_is_explained_by_one_of_that_kind():
    reason = "JaxRuntimeError: INTERNAL: RET_CHECK failure (external/xla/xla/backends/cpu/runtime/"
    told = ("framework", "run", "", "error", "raised", "", "", "", "", f"{reason}fft_thunk.cc:168)")
    alarm = Alarm("t", "jax", "float32", *told, noise_ratio=math.nan, max_rel=math.nan)
    with Here(["jax"]) as engine:
        records = Records(load_cases(), engine, ["jax"])
        assert records.explaining(alarm, {"linalg.inv", "fft.fftn"})
        assert records.explaining(alarm, {"linalg.inv", "exp"}) == ""
        assert records.explaining(replace(alarm, reason="off"), {"linalg.inv", "fft.fftn"}) == ""


@pytest.mark.slow
@pytest.mark.parametrize(("framework", "start", "stop"), RUN)
def test_random_programs_alarm_only_where_a_framework_is_off(framework, start, stop):
    """Every alarm is recorded by a case of the catalogue, on a kink, or as in ``CONFIRMED``."""
    with Here(["numpy", framework]) as engine:
        records = Records(load_cases(), engine, ["numpy", framework])
        cases = (drawn(SEED, n)[1] for n in range(start, stop))
        held = [
            (alarm, records.explaining(alarm, called(task.case)))
            for task, alarm in list(alarms(engine, cases))
        ]
    confirmed = [
        alarm
        for alarm, record in held
        if record
        or alarm.sort == "kink"
        or any(a == alarm.adapter and part in alarm.reason for a, part, _ in CONFIRMED)
    ]
    open_ = [alarm for alarm, _ in held if alarm not in confirmed]
    assert open_ == [], "\n".join(f"{a.task} in {a.adapter}: {a.reason}" for a in open_)

"""What training loops keep, and programs of several dtypes: what is read, and what is at fault."""

import pytest

HEAD = "case: a\nabout: b\nparams: {w: [1.0, 2.0]}\n"
PROGRAM = "program: |\n  m2 = 0.5 * m + 0.5 * w\n  loss = sum(w * m2)\n"
STATE = "state: {m: {from: {zeros: [2]}, next: m2}}\n"
TRAINED = "optimizer: {sgd: {lr: 0.1}}\n"
PLAIN = HEAD + "program: loss = sum(w * w)\n"


def cast(dtype, dtypes="[float64]", more=""):
    return HEAD + f"program: loss = sum(astype(w, dtype={dtype}))\ndtypes: {dtypes}\n{more}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            HEAD + PROGRAM + STATE.replace("m2}", "m3}"),
            "t.yaml:7:39: next of m: unknown variable 'm3', expected one of m2, loss",
        ),
        (
            PLAIN + STATE.replace("m2}", "loss}"),
            "t.yaml:5:9: the state m is not used, expected the program to use it",
        ),
        (
            HEAD + "inputs: {m: 1.0}\n" + PROGRAM + STATE,
            "t.yaml:8:9: m is an input, at line 4, and state, expected one of them",
        ),
        (PLAIN + "steps: 3\n", "t.yaml:5:1: steps without an optimizer, expected one"),
        (
            PLAIN.replace("w * w", "w * m")
            + "accumulate: {passes: 2, as: sum}\nsteps: 2\nstate: {m: {from: 0.0, next: loss}}\n",
            "t.yaml:5:1: accumulate without an optimizer, expected one",
        ),
        (PLAIN + "ema: {decay: 0.9, start: zeros}\n", "t.yaml:5:1: ema without an optimizer"),
        (PLAIN + "loss-scale: {init: 8}\n", "t.yaml:5:1: loss-scale without an optimizer"),
        (
            PLAIN + TRAINED + "steps: 3\naccumulate: {passes: 4, as: mean}\n",
            "t.yaml:7:1: 4 passes make an update and the case has 3 steps, each of which is a pass",
        ),
        (PLAIN + TRAINED + "ema: {decay: 0.9}\n", "t.yaml:6:1: the key 'start' of ema is missing"),
        (PLAIN + TRAINED + "ema: {decay: 1.5, start: zeros}\n", "t.yaml:6:14: "),
        (PLAIN + TRAINED + "accumulate: {passes: 4}\n", "the key 'as' of accumulate is missing"),
        (
            PLAIN + "modes: {jax: [jit, eagre]}\n",
            "t.yaml:5:20: unknown mode of jax 'eagre'",
        ),
        (PLAIN + "modes: {jax: [jit, jit]}\n", "t.yaml:5:20: 'jit' stands twice, expected once"),
        (PLAIN + "modes: {jax: jit}\n", "t.yaml:5:14: unknown mode of jax 'jit'"),
        (
            cast("'float23'"),
            (
                "t.yaml:4:37: unknown floating dtype 'float23', expected one of float16, bfloat16, "
                "float32, float64; did you mean 'float32'?"
            ),
        ),
        (
            cast("'float64'", "[float64, float32]"),
            (
                "t.yaml:4:21: astype to float64 in a case of float32, whose truth is computed in "
                "float64, expected dtypes: [float64]"
            ),
        ),
        (cast("'float32'", "[complex64]"), "t.yaml:4:21: astype in a case of complex64"),
        (
            cast("'float32'", more="checks: [value, jvp]\n"),
            "t.yaml:4:21: astype in a case with the check jvp, expected value, grad and update",
        ),
        (
            HEAD + "program: loss = sum(half(w))\n",
            "did you mean 'astype'?",
        ),
    ],
)
def test_faults_have_their_places(faults, text, said):
    found = faults(text)
    assert len(found) == 1
    assert said in found[0]


def test_state_is_an_input_of_every_step_that_batches_leave_alone(case):
    text = HEAD + "inputs: {x: [[1.0, 2.0], [3.0, 4.0]]}\n" + STATE + TRAINED
    text += "batch: {size: 1}\nsteps: 2\n" + PROGRAM.replace("0.5 * w", "mean(x, axis=0) * w")
    (task, _) = case(text).tasks()
    assert task.state == {"m": "m2"}
    assert [x.shape for x in task.rows(1).values()] == [(1, 2), (2,)]


def test_dtypes_are_promoted_where_arrays_meet(case):
    text = (
        "case: a\nabout: b\nparams: {w: {normal: [2], dtype: float16}, v: [1.0, 2.0]}\n"
        "inputs: {i: [1, 0], x: {normal: [2], dtype: bfloat16}}\n"
        "program: |\n"
        "  a = take(w, i, axis=0) * 2.0\n"
        "  b = a * x\n"
        "  c = where(v > 0, a, a)\n"
        "  d = a + v\n"
        "  e = astype(d, dtype='bfloat16')\n"
        "  loss = sum(b) + sum(c) + sum(e) + sum(d)\n"
    )
    task = case(text).tasks(["float64"])[0]
    assert {name: task.dtype_at(name) for name in "wvxabcde"} == {
        "w": "float16",
        "v": "float64",
        "x": "bfloat16",
        "a": "float16",
        "b": "float32",
        "c": "float16",
        "d": "float64",
        "e": "bfloat16",
    }
    assert task.dtype_at("loss") == "float64"
    assert task.dtype_at("w.m") == "float16"


def test_what_has_no_name_in_the_text_has_a_dtype_of_its_own(case):
    text = (
        "case: a\nabout: b\nparams: {s: {normal: [2]}}\ndtypes: [float16]\n"
        "program: p = astype(exp(astype(s, dtype='float32')), dtype='float16')\n"
    )
    task = case(text).tasks(["float16"])[0]
    program = task.program("numpy")
    made = {i.operation: task.dtype_at(i.target) for i in program.instructions}
    assert made == {"exp": "float32", "astype": "float16"}
    assert task.dtype_at(program.instructions[0].target) == "float32"


def test_a_case_of_one_dtype_has_none_to_tell(case):
    assert case(HEAD + "program: loss = sum(w)\n").tasks()[0].dtypes == {}

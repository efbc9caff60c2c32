"""Cases that are wrong must not pass, and cases that are right must not alarm: one of each kind."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.cases import load_text
from gradparity.verify import Runner

from ...adapters import wrong

SILENT = {
    "a zero beside one large element": """
params: {x: [0.1, 0.5, 2.0]}
program:
  numpy: loss = 1.0e8 * x[2]
  torch: loss = 1.0e8 * x[2] + 5.0 * x[0]
dtypes: [float32]
""",
    "zeros of what is not picked": """
params: {x: [0.25, -0.5, 2.0, 1.0]}
program:
  numpy: loss = 1.0e8 * max(x)
  torch: loss = 1.0e8 * max(x) + 0.05 * x[1]
""",
    "another whole number, and a gradient": """
params: {x: [0.5, 2.0, -1.0]}
program:
  numpy: |
    k = argmax(x)
    y = x * x
  torch: |
    k = argmin(x)
    y = x * x * 1.5
dtypes: [float32]
""",
    "six hundredths of a function in half precision": """
params: {x: [0.3, -1.75, 0.9]}
program:
  numpy: y = exp(x)
  torch: y = exp(x) * 1.0625
dtypes: [bfloat16]
""",
    "digits that a narrower dtype takes on the way": """
params: {x: [0.3, -1.7]}
program:
  numpy: y = tanh(x)
  torch: |
    h = astype(x, dtype='float16')
    k = astype(h, dtype='float64')
    y = tanh(k)
""",
    "another formula in a framework's own calls": """
params: {x: [1.0e-4, 0.5]}
program:
  numpy: y = log(-expm1(-x))
  torch: y = torch.log(1.0 - torch.exp(-1.003 * x))
dtypes: [float32]
""",
    "a text that detaches a parameter": """
params: {x: [1.5, -2.25]}
program:
  numpy: y = x * x
  torch: |
    d = stop_gradient(x)
    y = d * d
""",
    "a text that leaves a parameter out": """
inputs: {c: [1.5, -2.25]}
params: {x: [1.5, -2.25]}
program:
  numpy: y = x * x
  torch: y = c * c
""",
    "an output of another name": """
params: {x: [1.5, -2.25]}
program:
  numpy: y = sum(x * x)
  torch: z = sum(x * x) + 1000.0
""",
    "one large element beside small ones": """
params: {x: [-3.0, -1.125, 0.5, 14.0]}
program:
  numpy: y = exp(x)
  torch: y = exp(where(x < -1.0, stop_gradient(x), x))
dtypes: [float32]
""",
    "one element on a kink by rounding": """
params: {x: [1.9, 2.05, 2.15, 2.25]}
inputs: {c: 19.0}
cotangent: [1.0, 1.0, 1.0, 1.0]
program:
  numpy: y = relu(x * 10.0 - c)
  torch: |
    y = relu(x * 10.0 - c) + where(x > 2.0, 2.0, 0.0) * (x - stop_gradient(x))
""",
    "a gradient that is zero at later steps, the rate being tiny": """
inputs: {x: [[1.0], [-1.0], [-2.0]]}
params: {W: [[0.5]]}
program:
  numpy: loss = sum((x @ W) ** 2)
  torch: |
    V = where(sum(x) < 0.0, stop_gradient(W), W)
    loss = sum((x @ V) ** 2)
optimizer: {sgd: {lr: 1.0e-8}}
batch: {size: 1}
steps: 3
dtypes: [float32]
""",
    "a small element beside large ones": """
params: {x: [1.0, 0.5, 1.0e-5]}
program:
  numpy: y = x * x * 0.5
  torch: y = x * x * 0.5 + where(x < 0.001, 0.01 * x, 0.0) * (x - stop_gradient(x))
dtypes: [float32]
""",
    "the same, in calls of the framework's own": """
params: {x: [1.0, 0.5, 1.0e-5]}
program:
  numpy: y = x * x * 0.5
  torch: y = torch.mul(x, x) * 0.5 + where(x < 0.001, 0.01 * x, 0.0) * (x - stop_gradient(x))
dtypes: [float32]
""",
    "one part in a hundred of a tail": """
params: {x: [-8.0, -0.5, 3.0]}
program:
  numpy: g = gelu(x, approximate='none')
  torch: |
    h = gelu(x, approximate='none')
    g = h + where(x < -7.0, 0.01 * (h - stop_gradient(h)), 0.0)
output: g
""",
    "eight parts in a hundred, in half precision": """
params: {x: {normal: [6]}}
program:
  numpy: y = x * x
  torch: y = x * x * 1.08
dtypes: [bfloat16]
""",
    "a zero in a set where nothing is on a kink": """
params: {x: [2.0, 1.0]}
program:
  numpy: y = sum(x * x)
  torch: y = stop_gradient(sum(x * x)) + 0.0 * sum(x)
expect: {grad: {x: {between: [-10, 10]}}}
""",
    "a set of a kink, at an element that is on none": """
params: {x: [0.0, 2.0]}
program:
  numpy: y = abs(x)
  torch: y = abs(x) + where(x > 1.0, 0.3 * (x - stop_gradient(x)), 0.0 * x)
expect: {grad: {x: {between: [-10, 10]}}}
cotangent: [1.0, 1.0]
""",
    "a tie of two parameters that hands nothing to either": """
params: {a: [0.3], b: [0.1]}
program:
  numpy: y = maximum(a, 3.0 * b)
  torch: y = stop_gradient(maximum(a, 3.0 * b)) + 0.0 * a + 0.0 * b
cotangent: [1.0]
""",
    "a tie of two parameters that hands all to both": """
params: {a: [0.3], b: [0.1]}
program:
  numpy: y = maximum(a, 3.0 * b)
  torch: y = a + 3.0 * b - stop_gradient(3.0 * b)
cotangent: [1.0]
""",
    "a value that is recorded to be missed by a little more than the truth": """
params: {x: [2.0, 1.0]}
program:
  numpy: y = sum(x * x)
  torch: y = stop_gradient(sum(x * x)) + 0.0 * sum(x)
divergences:
  - {adapters: [torch], check: grad, tensor: x, kind: precision, because: some,
     value: {is: [4.0, 2.1], within: 10}}
""",
    "an infinity that is expected of six": """
params: {x: 2.0}
program: y = x * 3.0
expect: {value: {y: .inf}}
""",
    "an expectation that noise alone would let pass": """
params: {x: [1.0, 0.125]}
program: y = 1000.0 * sum(x) - 1125.0
dtypes: [float32]
expect: {value: {y: 1.0e-5}}
""",
    "a branch cut": """
params: {x: {complex: {re: 2.0, im: -0.0}}}
program:
  numpy: y = asin(x)
  torch: y = torch.asin(x) + 3.0 * (x - stop_gradient(x))
cotangent: 1.0
dtypes: [complex128]
""",
    "a gradient between those of a jump's two sides": """
inputs: {x: [1.5, -0.5], t: 0.7}
params: {W: [[0.5, -1.0], [2.0, 0.25]]}
program:
  numpy: |
    s = where(t * 10.0 >= 7.0, 1.0, -1.0)
    loss = s * sum((W @ x) ** 2)
  torch: |
    s = where(t * 10.0 >= 7.0, 1.0, -1.0)
    loss = s * sum((stop_gradient(W) @ x) ** 2) + 0.0 * sum(W)
""",
    "subnormal numbers of float16 that are zeros": """
inputs: {c: [1.0, 2.0e-5, 5.0e-5]}
params: {w: [0.5, -1.0, 2.0]}
program:
  numpy: y = sum(w * c)
  torch: y = sum(w * where(c < 0.001, 0.0, c))
dtypes: [float16]
""",
    "nothing to either of a maximum that rounding decides": """
inputs: {c: [3.0, 1.0, 1.0]}
params: {x: [0.1, 0.3, 0.2]}
program:
  numpy: y = max(x * c)
  torch: y = stop_gradient(max(x * c)) + 0.0 * sum(x)
""",
    "all to both of a maximum that rounding decides": """
inputs: {c: [3.0, 1.0, 1.0]}
params: {x: [0.1, 0.3, 0.2]}
program:
  numpy: y = max(x * c)
  torch: |
    z = x * c
    y = stop_gradient(max(z)) + sum(where(z > 0.25, z - stop_gradient(z), 0.0))
""",
    "the value of one branch with the gradient of the other": """
params: {x: [1.9]}
program:
  numpy: y = where(less(10.0 * x, 19.0), 2.0 * x, x)
  torch: y = x + (x - stop_gradient(x))
""",
    "a fault of a hundredth behind an ill-conditioned solve": """
params: {x: [1.0, 2.0]}
inputs: {A: [[1.0, 1.0], [1.0, 1.0001]]}
program:
  numpy: |
    s = sin(x)
    y = linalg.solve(A, s)
  torch: |
    s = sin(x) * 1.0005
    y = linalg.solve(A, s)
dtypes: [float32]
""",
}

RIGHT = {
    "a text of a framework's own calls that rounds otherwise": """
params: {x: [1.0e-4, 0.5]}
program:
  numpy: y = log(-expm1(-x))
  torch: y = torch.log(1.0 - torch.exp(-x))
dtypes: [float32]
""",
    "a softmax in float32, in one line": """
params: {s: {normal: [3, 5], scale: 3}}
program: y = astype(softmax(astype(s, dtype='float32'), axis=-1), dtype='float16')
dtypes: [float16]
""",
    "a condition that rounding decides, without a name": """
params: {x: [1.9, 2.5]}
program: y = where(x * 10.0 >= 19.0, 1000.0, 1.0) * x
""",
    "a line that is fitted exactly": """
inputs: {x: 3.0, y: 1.05}
params: {W: 0.35, b: 0.0}
program: |
  z = W * x + b
  loss = (z - y) ** 2
""",
    "a boolean that rounding decides": """
params: {x: 1.9}
program: |
  m = less(10.0 * x, 19.0)
  l = where(m, 2.0 * x, x)
""",
    "a maximum that is halved where it is tied": """
inputs: {c: [3.0, 1.0, 1.0]}
params: {x: [0.1, 0.3, 0.2]}
program:
  numpy: y = max(x * c)
  torch: |
    z = x * c
    y = stop_gradient(max(z)) + sum(where(z > 0.25, z - stop_gradient(z), 0.0)) * 0.5
""",
    "many relus that rounding decides": """
inputs: {c: [0.3, 0.6, 0.9, 1.2, 1.5, 1.8, 2.1, 2.4]}
params: {x: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], s: 1.5}
program: y = s * relu(x * 3.0 - c) + x
""",
    "a margin just met": """
inputs: {b: [0.1], t: [1.0]}
params: {a: [0.2]}
program:
  numpy: y = margin_ranking(a, b, t, margin=0.1)
  torch: y = torch.nn.functional.margin_ranking_loss(a, b, t, margin=0.1)
""",
}


#: What is right, and of which something cannot be told: said to be blind, and no alarm.
HIDDEN = {
    "a number just beyond the edge of a domain": """
params: {x: [0.333333333, 0.1]}
program: y = asin(3.0 * x)
dtypes: [float32]
""",
    "a logarithm of what rounding leaves of nothing": """
params: {x: [0.1]}
program: y = log(1.0 - 10.0 * x)
dtypes: [float64, float32]
""",
    "Newton's iteration, whose cotangents become subnormal": """
params: {x: [2.0, 3.0, 5.0]}
program: |
  z0 = 0.5 * (x + 2.0 / x)
  z1 = 0.5 * (z0 + 2.0 / z0)
  z2 = 0.5 * (z1 + 2.0 / z1)
  z3 = 0.5 * (z2 + 2.0 / z2)
  z4 = 0.5 * (z3 + 2.0 / z3)
  z5 = 0.5 * (z4 + 2.0 / z4)
  z6 = 0.5 * (z5 + 2.0 / z5)
  y = 0.5 * (z6 + 2.0 / z6)
dtypes: [float32]
""",
    "expm1 by hand": """
params: {x: [1.0e-9, 1.0e-4, 0.3]}
program:
  numpy: y = expm1(x)
  torch: y = exp(x) - 1.0
  jax: y = expm1(x)
""",
    "results of which one is used": """
inputs: {c0: [1.0, 1.0]}
params: {x: [1.0, 1.0, 0.0], w: [0.0, 0.0, 0.0, 1.0]}
program: |
  v0, v1, v2 = meshgrid(c0, x, w, indexing='xy')
  v3 = reshape(v1, shape=(2, 2, 3, 2))
  v4 = instance_norm(v3, eps=0.001)
  y = sum(v4)
output: y
""",
    "a gelu by hand, far out": """
params: {x: {normal: [20], scale: 3}}
program:
  numpy: y = gelu(x, approximate='none')
  torch: y = 0.5 * x * (1.0 + erf(x * 0.7071067811865476))
  jax: y = 0.5 * x * (1.0 + erf(x * 0.7071067811865476))
dtypes: [float32]
""",
    "a tanh that is spelled by a sigmoid": """
params: {x: {normal: [20]}}
program:
  numpy: y = tanh(x)
  torch: y = 2.0 * sigmoid(2.0 * x) - 1.0
  jax: y = 2.0 * jax.nn.sigmoid(2.0 * x) - 1.0
dtypes: [float64, float32]
""",
    "training that overflows": """
params: {w: [4.0, 2.0]}
program: loss = sum(w ** 2)
dtypes: [float32]
optimizer: {sgd: {lr: 1000.0}}
steps: 16
""",
    "a tensor of nothing but subnormal numbers": """
params: {x: [-800.0, -30.0, 0.0, 700.0]}
program: y = softmax(x, axis=0)
""",
    "a constant beside a sum that cancels": """
params: {w: 0.35}
program: |
  z = 3.0 * w
  loss = (z - 1.05) ** 2
dtypes: [float32]
""",
    "a relu at decimals": """
inputs: {c: [0.3, 0.6, 2.1]}
params: {x: [0.1, 0.2, 0.7]}
program: y = relu(3.0 * x - c)
""",
    "what is left of a product by fused arithmetic": """
inputs: {c: [1.2, 4.5]}
params: {x: [0.4, 1.5]}
program: y = relu(x * 3.0 - c)
""",
    "a deviation of what rounding makes equal": """
inputs: {c: [1.0, 0.0, -1.0]}
params: {a: [1.7, 1.7, 1.7]}
program: y = std(a + 1.0e-9 * c, correction=0)
dtypes: [float32]
""",
    "the angle between a vector and its multiple": """
params: {a: [1.3, -0.7, 2.9], s: 1.7}
program: y = cosine_similarity(a, a * s, axis=0, eps=1.0e-8) - 1.0
""",
    "sums in a row that a compiler adds up at once": """
params:
  a: -0.591
  b: [[[1.163, 0.442], [0.749, -0.153]], [[-0.342, 0.663], [1.804, 1.257]]]
program: |
  c = broadcast_to(broadcast_to(a, shape=(2,)), shape=(2, 2, 2))
  y = cosine_similarity(b, c, axis=1, eps=1.0e-8)
""",
    "a system of which float32 leaves nothing": """
inputs: {i: {linspace: [1, 8, 8]}}
params: {b: [0.3, -1.2, 0.7, 1.9, -0.4, 0.8, -1.1, 0.6], s: 1.0}
program: |
  H = s / (expand_dims(i, axis=1) + i - 1)
  x = linalg.solve(H, b)
  loss = mean(x * x)
dtypes: [float32]
""",
    "a class that is certain": """
inputs: {t: [0, 1]}
params: {x: [[40.0, 1.0, -3.0], [-8.0, 21.0, 0.5]]}
program: loss = cross_entropy(x, t)
dtypes: [float32]
""",
}


def tasks(body, name="held"):
    head = f"case: {name}\nabout: Held against the judge.\n"
    tail = "" if "dtypes:" in body else "dtypes: [float64]\n"
    (case,), faults = load_text(head + body.lstrip() + tail, Path("held.yaml"))
    assert not faults
    return case.tasks()


@pytest.fixture(scope="module")
def runner():
    return Runner(["numpy", "torch"])


@pytest.mark.thinned(4)
@pytest.mark.parametrize("body", SILENT.values(), ids=SILENT)
def test_what_is_wrong_does_not_pass(runner, body):
    verdicts = {row["verdict"] for task in tasks(body) for row in runner.rows(task)}
    assert verdicts & {"differs", "stale"}


@pytest.mark.parametrize("name", ["held", "other", "third"])
@pytest.mark.parametrize("body", RIGHT.values(), ids=RIGHT)
def test_what_is_right_does_not_alarm(runner, body, name):
    """A number of terms that cancel to zero may be labelled: as much as rounding leaves passes."""
    rows = [row for task in tasks(body, name) for row in runner.rows(task)]
    told = [row for row in rows if row["verdict"] != "blind" or row["want"] != 0]
    assert {row["verdict"] for row in told} == {"agree"}, [r["reason"] for r in rows]


@pytest.mark.thinned(5)
@pytest.mark.parametrize("name", ["held", "sixth"])
@pytest.mark.parametrize("body", HIDDEN.values(), ids=HIDDEN)
def test_what_cannot_be_told_is_no_alarm(body, name):
    everybody = Runner(["numpy", "torch", "jax"])
    rows = [row for task in tasks(body, name) for row in everybody.rows(task)]
    assert {row["verdict"] for row in rows} <= {"agree", "blind"}, [r["reason"] for r in rows]


def chaotic(steps=80):
    lines = ["  a0 = r * x * (1.0 - x)"]
    lines += [f"  a{k} = r * a{k - 1} * (1.0 - a{k - 1})" for k in range(1, steps)]
    return "inputs: {r: 3.9}\nparams: {x: 0.3}\nprogram: |\n" + "\n".join(lines) + "\n"


def test_where_no_bound_can_tell_each_operation_is_judged_by_itself():
    rows = Runner([NumpyAdapter()]).rows(tasks(chaotic())[0])
    (row,) = [row for row in rows if (row["check"], row["tensor"]) == ("grad", "x")]
    assert (row["verdict"], row["proof"], row["blind"]) == ("agree", "local", 1)
    assert row["power"] > 1


def test_a_fault_that_chaos_hides_is_found_by_itself():
    spoiled = wrong.Wrong(NumpyAdapter(), wrong.gradient("x", lambda g: g * 0.5))
    rows = Runner([spoiled]).rows(tasks(chaotic())[0])
    (row,) = [row for row in rows if (row["check"], row["tensor"]) == ("grad", "x")]
    assert (row["verdict"], row["kind"]) == ("differs", "local")


@pytest.mark.parametrize(
    ("adapter", "recorded", "verdict"),
    [("mlx", "none", "differs"), ("mlx", "mlx", "known"), ("numpy", "numpy", "stale")],
)
def test_a_fault_that_the_bound_does_not_see_can_be_recorded(adapter, recorded, verdict):
    """mlx.nn.celu has no expm1, which shows at t; the gradient by x is as near as its bound."""
    body = f"""
params: {{x: [-120.0, -55.5, 0.75], t: [-2.0e-4, 3.0e-5, -5.0e-4]}}
program: y = celu(x) + 2 * celu(t) + 0.5 * t
dtypes: [float32]
divergences:
  - adapters: [{"torch" if recorded == "none" else recorded}]
    check: grad
    tensor: x
    kind: precision
    bound: {{rel: 1.0e-1}}
    because: Digits are lost near zero.
"""
    rows = Runner([adapter]).rows(tasks(body)[0])
    (row,) = [row for row in rows if (row["check"], row["tensor"]) == ("grad", "x")]
    assert row["verdict"] == verdict, row["reason"]


@pytest.mark.thinned(2)
@pytest.mark.parametrize(("late", "verdict"), [("r * a59", "agree"), ("3.8 * a59", "differs")])
def test_a_text_of_its_own_is_proved_segment_by_segment(late, verdict):
    (whole,) = tasks(chaotic())
    (other,) = tasks(chaotic().replace("r * a59", late))
    task = replace(whole, programs={"numpy": whole.programs["*"], "torch": other.programs["*"]})
    rows = [row for row in Runner(["torch"]).rows(task) if row["tensor"] == "x"]
    assert {row["verdict"] for row in rows} == {verdict}


def test_a_loss_that_ignores_its_cotangent_is_seen():
    class Ignoring(NumpyAdapter):
        def run(self, task):
            trace = super().run(task)
            if task.given_cotangent is not None:
                trace.steps[0].grads = {
                    k: g / np.asarray(task.given_cotangent) for k, g in trace.steps[0].grads.items()
                }
            return trace

    body = "params: {x: [0.5, 1.5]}\nprogram: loss = sum(x * x)\n"
    rows = Runner([Ignoring()]).rows(tasks(body)[0])
    assert {(r["check"], r["tensor"]) for r in rows if r["verdict"] == "differs"} == {("vjp", "x")}


@pytest.mark.parametrize(
    ("dtype", "lr", "verdict"),
    [("float32", 3e-9, "blind"), ("float32", 3e-7, "differs"), ("bfloat16", 1e-3, "blind")],
)
def test_an_update_that_is_not_made_is_no_agreement(dtype, lr, verdict):
    body = f"""
inputs: {{x: {{normal: [4]}}}}
params: {{w: {{normal: [4]}}}}
program: loss = sum((w - x) ** 2)
dtypes: [{dtype}]
optimizer: {{adam: {{lr: {lr}}}}}
native:
  torch: {{optimizer: {{SGD: {{lr: 0.0}}}}}}
"""
    rows = Runner(["torch"]).rows(tasks(body)[0])
    (row,) = [row for row in rows if (row["check"], row["tensor"]) == ("update", "w")]
    assert row["verdict"] == verdict
    if verdict == "blind":
        assert "an update that is not made" in row["reason"]


@pytest.mark.slow
def test_a_wrong_link_of_a_chain_spoils_none_before_it():
    """Some of which no bound can tell, for what came before was magnified."""
    (whole,) = tasks(chaotic(100))
    (other,) = tasks(chaotic(100).replace("r * a79", "3.8 * a79"))
    task = replace(whole, programs={"numpy": whole.programs["*"], "torch": other.programs["*"]})
    values = [row for row in Runner(["torch"]).rows(task) if row["check"] == "value"]
    off = [row["tensor"] for row in values if row["verdict"] == "differs"]
    assert any(row["blind"] and row["tensor"] == "a79" for row in values)
    assert "a80" in off
    assert all(int(name.removeprefix("a")) >= 80 for name in off)


def test_what_cancels_to_zero_is_blind_whatever_its_last_bit():
    """A gradient of zero is no more told than one of 1e-11 is, where the bound is 2."""
    body = """
params: {x: [0.5, 0.5]}
program:
  numpy: loss = 1.0e6 * sum(softmax(x, axis=0))
  torch: loss = 1.0e6 * sum(softmax(x, axis=0)) + 0.01 * sum(x - stop_gradient(x))
dtypes: [float32]
"""
    rows = Runner(["torch"]).rows(tasks(body)[0])
    assert {row["verdict"] for row in rows if row["tensor"] == "x"} == {"blind"}

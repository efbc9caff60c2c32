"""The tasks that an adapter is given: each shows one thing that the interface asks for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ...cases.loading import load_text
from ...cases.program import Const, Instruction, Program, Ref
from ...cases.task import Task, Update

#: The first must be run by every adapter, at float64: nothing can be said of one that cannot.
CASES = """
case: one-layer
about: Scalars; a number; a variable that is another by another name.
inputs: {x: 2.0, y: 0.25}
params: {W: 0.5, b: 0.125}
program: |
  z = W * x + b
  a = z
  loss = (a - y) ** 2
dtypes: [float64, float32, float16, bfloat16]
---
case: cotangent-drawn
about: An output that is no scalar, contracted with what is drawn for it.
params: {w: [[1.0, -2.0], [0.5, 3.0]]}
program: y = w * 2.0
dtypes: [float64, float32]
---
case: cotangent-given
about: An output that is no scalar, contracted with what the case gives.
params: {w: [1.0, -2.0]}
program: y = w * w
cotangent: [3.0, 0.5]
dtypes: [float64]
---
case: off-the-way
about: Variables that no parameter reaches, or that do not reach the output, have no cotangent.
inputs: {x: [1.0, 2.0]}
params: {w: [3.0, -1.0]}
program: |
  scaled = x * 3.0
  unused = w * scaled
  loss = sum(w * scaled)
dtypes: [float64]
---
case: used-twice
about: What arrives at a variable from all its uses is added up; arrays of several shapes.
inputs: {x: [[1.0, 2.0, -1.0], [0.5, -0.25, 2.0]]}
params: {W: [[0.5, -1.0], [1.0, 0.25], [-0.5, 2.0]], b: [0.25, -0.5]}
program: |
  h = tanh(x @ W + b)
  loss = sum(h * h + h)
dtypes: [float64, float32]
---
case: constant-rounded
about: A number is rounded to the task's dtype, and an array keeps its dtype when it meets one.
params: {w: 0.1}
program: y = w - 0.1
dtypes: [float32]
---
case: whole-numbers
about: Whole numbers and booleans stay what they are.
inputs: {k: {integers: [3], low: 0, high: 5}}
params: {w: [1.0, 2.0, 4.0]}
program: |
  later = k + 1
  late = later > 2
  loss = sum(w * later)
dtypes: [float64]
---
case: several-results
about: Each result that is named is a variable.
params: {x: [1.0, 3.0, 2.0]}
program: |
  v, i = top_k(x, k=2)
  loss = sum(v * v)
dtypes: [float64]
---
case: branches
about: Of a branch that is not taken nothing is run, and nothing is handed back.
inputs: {s: -1.0}
params: {x: [1.0, 2.25]}
program: |
  z = x * s
  def root(a):
      return sqrt(a) * x
  def square(a):
      return a * a * x
  y = cond(s > 0.0, root, square, z)
  loss = sum(y)
dtypes: [float64]
---
case: complex
about: Gradients of complex numbers, the derivatives by both parts.
inputs: {c: {complex: {re: [0.5, -1.0], im: [2.0, 0.25]}}}
params: {z: {complex: {re: [1.0, 2.0], im: [3.0, -1.0]}}}
program: |
  u = z * c
  y = u * z
dtypes: [complex128, complex64]
---
case: values-alone
about: No gradient is asked for.
params: {w: [1.0, 2.0]}
program: loss = sum(w * w)
checks: [value]
dtypes: [float64]
---
case: descent
about: Gradient descent over batches, whose last one begins anew.
inputs: {x: [1.0, 2.0, 3.0, 4.0]}
params: {w: [0.5]}
program: loss = sum((w * x - 1.0) ** 2)
optimizer: {sgd: {lr: 0.01}}
batch: {size: 3, order: sequential}
steps: 3
dtypes: [float64]
---
case: adam
about: A rule that remembers.
params: {w: [0.5, -1.0]}
program: loss = sum(w * w * 2.0)
optimizer: {adam: {lr: 0.1}}
steps: 3
dtypes: [float64, float32]
"""


def tasks() -> tuple[Task, ...]:
    """Every case at each of its dtypes, drawn anew: an adapter may spoil what it is given."""
    cases, faults = load_text(CASES, Path("conformance.yaml"))
    assert not faults, faults
    return tuple(task for case in cases for task in case.tasks())


def refused(first: Task) -> dict[str, Task]:
    """The first task, asking for what nobody can run, by what that is."""

    def of(operation: str, *, native: bool) -> Task:
        made = Instruction("y", operation, (Ref("W"), Const(2.0)), native=native)
        return replace(first, case="refused", programs={"*": Program((made,), "y")})

    return {
        "an operation that is in no table": of("no_such_operation", native=False),
        "a function that torch has not": of("torch.no_such_function", native=True),
        "a function that jax has not": of("jax.numpy.no_such_function", native=True),
        "a case without a text for it": replace(first, programs={"nobody's": Program((), "W")}),
        "an update rule that is not known": replace(first, update=Update("no_such_rule")),
    }

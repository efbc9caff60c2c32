"""Two small cases, and a run that is wrong in them."""

from gradparity.adapters.numpy_reference import reference

GOOD = """\
case: small
about: A product.
tags: [basics]
inputs: {x: 2.0}
params: {w: 0.5}
program: |
  loss = w * x
optimizer: {sgd: {lr: 0.25}}
dtypes: [float64]
"""

SWEEP = """\
case: swept
about: Two points.
inputs: {x: [[1.0, 2.0], [3.0, 5.0]]}
params: {w: 0.5}
sweep: {axis: [0, null], act: [tanh, sin]}
program: |
  loss = mean($act(sum(w * x, axis=axis)))
dtypes: [float64, float32]
"""


def wrong(task):
    trace = reference(task)
    trace.steps[0].grads["w"] = -trace.steps[0].grads["w"]
    return trace

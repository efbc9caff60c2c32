"""The case that ``gradparity new`` writes to start from."""

from __future__ import annotations

_TEMPLATE = """\
# One case: the same computation in every framework, its gradients and updates compared.
# A file may hold several, with a line of --- between them.
case: @NAME@
about: Say in one line what this case shows.
tags: [draft]

# Constants, and the tensors to differentiate. A tensor is a number, nested lists, or one of
# {normal: [3, 4], scale: 0.5}   {uniform: [3], low: -1, high: 1}   {integers: [8], high: 10}
# {zeros: [3]}   {ones: [3]}   {full: [3], value: 2}   {eye: 3}   {linspace: [0, 1, 5]}
# {spd: 4}   {orthogonal: 4}   {complex: {re: 1.0, im: 2.0}}
# {file: digits.npz, key: images, rows: [0, 256]}
inputs:
  x: {normal: [8, 3]}
  y: {normal: [8, 1]}
params:
  W: {normal: [3, 1], scale: 0.5}
  b: {zeros: [1]}

# One assignment a line, each name once; `gradparity ops` lists the operations. The variable
# called loss, else the last one, is differentiated; `output: name` chooses another.
program: |
  z = x @ W + b
  a = tanh(z)
  loss = mean((a - y) ** 2)

# The update rule and how many steps of it; leave both out to compare gradients alone.
optimizer: {sgd: {lr: 0.1}}
steps: 3

# The dtypes to compare in: float64, float32, float16, bfloat16, complex128, complex64.
dtypes: [float64, float32]

# More keys, each optional:
# checks: [value, grad, jvp, hvp, vmap]            also tangents, Hessian-vector products, batches
# tangents: {W: 1.0}                               the direction of jvp and hvp; else a seeded one
# sweep: {act: [relu, tanh], axis: [0, 1, null]}   runs once for each choice; in the program the
#     names are constants, and $act(x) calls the operation of that name
# state: {m: {from: {zeros: [3]}, next: new_m}}    m is carried: at the next step it is what new_m
#     was, as running statistics are; it is not differentiated
# accumulate: {passes: 4, as: mean}                an update after four passes, of their mean or sum
# loss-scale: {init: 65536, every: 2000}           gradients of scale·loss, unscaled for the update;
#     where one is not finite there is no update and scale *= backoff (0.5), and after so many
#     updates in a row scale *= growth (2)
# ema: {decay: 0.99, start: params}                a moving average of the parameters, from params,
#     zeros or first (the first update); debias: true divides it by 1 - decay^t
# batch: {size: 4, order: shuffled}                the rows of the inputs that a step sees
# expect:                                          hand-derived truths
#   value: {loss: 0.25}
#   grad: {W: [[0.5], [0.0], [1.0]]}
#   update: {b: {is: 0.2984, within: 5e-5}}        a published number, rounded
#   grad: {x: {between: [0, 1]}}                   at a kink: any value of the subdifferential;
#     with `total: 1` its elements must add up to that, as the shares of tied maxima
# avoid: 0.05                                      no operation nearer to a kink than this
# tolerance: {rel: 1e-6, because: say why the derived one does not fit}
# skip: {jax: say why}
# divergences:                                     a known disagreement, recorded strictly
#   - adapters: [jax]
#     check: grad
#     tensor: x
#     kind: kink        # convention, default, kink, singular, precision, unsupported or bug
#     value: [0.5, 0.5] # or {is: 0.5, within: 1e-3}; .nan and .inf are values. Or in its place
#                       # bound: {rel: 1e-6, abs: 1e-9}, how far off the truth each element is at
#                       # most; or between: [low, high], a set; or raises: a part of the message of
#                       # the error. Of the kind unsupported, none of them says that there is no
#                       # gradient (None). returned-dtype: float32, where the dtype is off as well.
#     because: say why they differ
#     processors: some  # where other processors give the truth; all if left out
#     agree-by: say how to make them agree. Or {say: the same, jax: y = …}: the program with which
#       that adapter agrees with the truth, which the atlas runs and shows; jax: rule where the case
#       trains and `native` gives that adapter another optimizer
#     see: https://github.com/…
# versions: {torch: 2.13.0, jax: 0.10.2}           with which the divergences were recorded
# modes: {jax: eager}                              runs JAX without jit; also jax: conjugate (the
#     gradients as jax.grad returns them) and torch: create-graph; {jax: [jit, eager]} runs both
#     A tensor may have a dtype of its own, and astype(x, dtype='float16') casts in a program.
"""


def template(name: str) -> str:
    """A commented case of that name, complete and sound, as the text of a file."""
    return _TEMPLATE.replace("@NAME@", name)

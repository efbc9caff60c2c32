"""PyTorch's own database of operations (OpInfo), run by PyTorch and by the reference.

An entry's samples are called once by PyTorch, and captured by running them: what the capture's
program yields in the reference, and the gradients by everything that wants one, are held against
PyTorch's. Entries that are symmetric or triangular by contract say so with a wrapper of their own,
which is used, as PyTorch's own gradient checks do.
"""

# pyright: reportPrivateImportUsage=false
# torch exports neither its database nor its trees.

import random
from collections.abc import Iterator
from functools import cache

import numpy as np
import torch
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from gradparity.adapters.captures.torch import capture
from gradparity.adapters.torch import array

from .torch_held import WITHIN, apart, step_of


class Drawn(TorchDispatchMode):
    """Keeps what calls drew, so that the capture is answered with the same."""

    def __init__(self):
        super().__init__()
        self.draws = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        if torch.Tag.nondeterministic_seeded in func.tags and isinstance(made, torch.Tensor):
            # The noise of rrelu is an argument that is written.
            drawn = args[1] if func is torch.ops.aten.rrelu_with_noise.default else made
            self.draws.append(drawn.detach().clone())
        return made

    def answers(self):
        """What a capture asks for its draws."""
        draws = iter(self.draws)
        return lambda _: array(next(draws))


def name_of(op):
    """An entry's name, with its variant's where it has several."""
    return f"{op.name}.{op.variant_test_name}" if op.variant_test_name else op.name


@cache
def _database():
    """PyTorch's list of its operations, which takes it seconds to make."""
    from torch.testing._internal.common_methods_invocations import op_db  # noqa: PLC0415

    # Its test utilities lock the backends' settings for the whole process, which other tests set.
    torch.backends.disable_global_flags.__globals__["__allow_nonbracketed_mutation_flag"] = True
    return op_db


def entries():
    """The entries that differentiate float64, by name."""
    found = {name_of(op): op for op in _database() if op.supports_autograd}
    return {n: op for n, op in found.items() if torch.float64 in op.supported_dtypes("cpu")}


def samples_of(op, count=None):
    """An entry's samples; of many, as many as ``count``, evenly spread."""
    for seed in (torch.manual_seed, np.random.seed, random.seed):
        seed(0)
    found = list(op.sample_inputs("cpu", torch.float64, requires_grad=True))
    if count is None or len(found) <= count:
        return found
    return [found[round(k * (len(found) - 1) / (count - 1))] for k in range(count)]


class Sample:
    """A sample's call, as a function of its tensors alone."""

    def __init__(self, op, sample):
        self._op, self._process = op, sample.output_process_fn_grad
        tree = (sample.input, sample.args, sample.kwargs)
        self._leaves, self._spec = pytree.tree_flatten(tree)
        self._at = [k for k, x in enumerate(self._leaves) if isinstance(x, torch.Tensor)]
        given = [self._leaves[k] for k in self._at]
        self.tensors = [x.detach().clone().requires_grad_(x.requires_grad) for x in given]

    def __call__(self, *tensors):
        given = list(self._leaves)
        for k, x in zip(self._at, tensors, strict=True):
            given[k] = x
        x, args, kwargs = pytree.tree_unflatten(given, self._spec)
        y = self._op.gradcheck_wrapper(self._op.get_op(), x, *args, **kwargs)
        return self._process(y) if self._process is not None else y


def differing(op, sample) -> Iterator[str]:
    """What the reference has otherwise than PyTorch of one sample, in words."""
    call = Sample(op, sample)
    torch.manual_seed(1)
    with Drawn() as drawn:
        made = [y for y in pytree.tree_leaves(call(*call.tensors)) if isinstance(y, torch.Tensor)]
    found = capture(call, tuple(call.tensors), draws=drawn.answers(), export=False)
    if found.gaps:
        yield from sorted({f"{gap.operation}: {gap.reason}" for gap in found.gaps})
        return
    moving = [x for x in call.tensors if x.requires_grad]
    if len(found.outputs) != len(made) or len(found.params) != len(moving):
        yield f"{len(found.outputs)} of {len(made)} results, {len(found.params)} parameters"
        return
    within = max(map(_within, call.tensors), default=WITHIN)
    for path, y in zip(found.outputs, made, strict=True):
        words = _result(found, found.outputs[path], y, moving, max(within, _within(y)))
        yield from (f"{path} {one}" for one in words)


def _result(found, name, y, moving, within):
    """Of one result: its value, and its gradients for a cotangent that is drawn."""
    g = _cotangent(y)
    step = step_of(found, name, g)
    value = {**found.inputs, **found.params, **step.values}[name]
    if (error := _apart(value, array(y.detach()))) > within:
        yield f"value by {error:.2g}"
    if g is None or not y.requires_grad:
        return
    given = torch.from_numpy(g).to(y.dtype)
    grads = torch.autograd.grad(y, moving, given, retain_graph=True, allow_unused=True)
    sizes = [float(x.abs().max()) for x in grads if x is not None and x.numel()]
    # What is nothing but for rounding is not compared digit by digit.
    least = max([1e-4, *(s * 1e-3 for s in sizes if np.isfinite(s))])
    for param, x in zip(found.params, grads, strict=True):
        got = step.grads.get(param)
        # What nothing hangs on is None to PyTorch, and absent from the reference's.
        shape = found.params[param].shape
        got = np.zeros(shape) if got is None else got
        want = np.zeros(shape) if x is None else x.detach().resolve_neg().numpy(force=True)
        if (error := _apart(got, want, least)) > within:
            yield f"gradient by {param} by {error:.2g}"


def _cotangent(y):
    if not (y.is_floating_point() or y.is_complex()):
        return None
    generator = np.random.default_rng(0)
    g = generator.standard_normal(tuple(y.shape))
    g = g + 1j * generator.standard_normal(g.shape) if y.is_complex() else g
    return np.asarray(g, str(y.dtype).removeprefix("torch.").replace("bfloat16", "float32"))


def _within(y):
    """Far above rounding; of what is cast to a narrower dtype, some of its units."""
    inexact = y.is_floating_point() or y.is_complex()
    return max(WITHIN, 16 * torch.finfo(y.dtype).eps) if inexact else WITHIN


def _apart(got, want, least=0.0):
    """As ``apart``, where neither is finite the same is wanted."""
    got, want = np.asarray(got), np.asarray(want)
    odd = ~np.isfinite(want)
    if not np.array_equal(got[odd], want[odd], equal_nan=True):
        return np.inf
    return apart(np.where(odd, 0, got), np.where(odd, 0, want), least)

"""A capture's program, run by the reference, against PyTorch itself at float64."""

from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch

from gradparity.adapters.captures.torch import capture
from gradparity.adapters.captures.torch.calling import leaves
from gradparity.adapters.numpy_reference import reference
from gradparity.adapters.torch import array
from gradparity.cases.task import Task

#: Far above rounding at these sizes, far below any other meaning.
WITHIN = 1e-9


@contextmanager
def doubles():
    """Inside, tensors are made of float64."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def step_of(captured, output, cotangent=None):
    """What the reference computes of one output, and of its gradients."""
    program = replace(captured.program, output=output)
    checks = frozenset({"value", "grad"})
    task = Task(
        "captured",
        {},
        "float64",
        {"*": program},
        captured.inputs,
        captured.params,
        checks,
        given_cotangent=cotangent,
    )
    return reference(task).steps[0]


def apart(got, want, least=0.0):
    """The largest difference, in parts of the largest number (of ``least`` at least)."""
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape
    size = max(np.max(np.abs(want), initial=0.0), least) or 1.0
    return float(np.max(np.abs(got - want), initial=0.0) / size)


def off(module, args, kwargs=None, *, train=None, captured=None):
    """What a module's capture has otherwise than the module: values, gradients and buffers."""
    captured = captured or capture(module, args, kwargs, train=train)
    assert captured.gaps == ()
    if train is not None:
        module.train(train)
    made = module(*args, **(kwargs or {}))
    yielded = [(path, x) for path, x in leaves(made) if isinstance(x, torch.Tensor)]
    assert list(captured.outputs) == [path for path, _ in yielded]
    params = {k: x for k, x in module.named_parameters() if x.requires_grad}
    assert captured.params.keys() == params.keys()
    wrong = []
    for path, y in yielded:
        name = captured.outputs[path]
        g = np.random.default_rng(0).standard_normal(tuple(y.shape))
        step = step_of(captured, name, g)
        wrong += [path] * (apart(step.values[name], array(y)) > WITHIN)
        if not y.requires_grad:
            continue
        inexact = [*params.values()]
        grads = torch.autograd.grad(
            y, inexact, torch.from_numpy(g), retain_graph=True, allow_unused=True
        )
        sizes = [float(x.abs().max()) for x in grads if x is not None and x.numel()]
        for param, want in zip(params, grads, strict=True):
            got = step.grads.get(param)
            if want is None or got is None:
                empty = [x for x in (want, got) if x is not None]
                wrong += [f"{path} by {param}"] * any(np.any(np.asarray(x)) for x in empty)
            elif apart(got, want.numpy(), max(sizes, default=0.0) * 1e-3) > WITHIN:
                wrong.append(f"{path} by {param}")
    buffers = dict(module.named_buffers())
    last = next(iter(captured.outputs.values()))
    values = {**captured.inputs, **step_of(captured, last).values}
    for buffer, name in captured.state.items():
        if buffer in buffers and apart(values[name], buffers[buffer].numpy()) > WITHIN:
            wrong.append(buffer)
    return wrong

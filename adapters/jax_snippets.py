"""A task as a few lines of JAX."""

from __future__ import annotations

import numpy as np

from ..cases.task import Task
from .base import Shown
from .jax_lowerings import LOWERINGS
from .jax_training import spelled
from .snippets import (
    batches,
    cotangent,
    data,
    from_file,
    held,
    imports,
    joined,
    ones,
    printed,
    statements,
)


def snippet(task: Task, shown: Shown, mode: str) -> str:
    """As ``Adapter.snippet``; in 64 bits, as the adapter runs it."""
    program = task.program("jax")
    assert program is not None
    body = statements(task, program, LOWERINGS)
    head = [
        _imports(task, body),
        *imports(task, body, "jax"),
        'jax.config.update("jax_enable_x64", True)',
    ]
    head += [f"{held(task, k, x)} = {_input(task, k, x)}" for k, x in task.inputs.items()]
    head += [f"{k} = {_array(x)}" for k, x in task.params.items()]
    if task.update is not None:
        return joined(head, *_training(task, body, program.output))
    others = [k for k in shown.values if k != program.output]
    function = _function(body, [*task.params, *task.inputs], program.output, others)
    jit = "{}" if mode == "eager" else "jax.jit({})"
    run = _run(task, shown, program.output, others, function[-1], jit)
    labels = [(k, f"{k}.tolist()") for k in shown.values]
    grads = _gradients(task, shown, mode)
    return joined(head, [*function[:-1], *run, printed([*labels, *grads])])


def _imports(task: Task, body: list[str]) -> str:
    text = "\n".join(body) + (spelled(task) if task.update else "")
    names = ["jax"] + ["optax"] * ("optax" in text or task.update is not None)
    names += ["math"] * ("math." in text)
    shorts = "; import jax.numpy as jnp" if "jnp." in text else ""
    deep = "; import jax.scipy.special" if "jax.scipy.special" in text else ""
    return f"import {', '.join(names)}{shorts}{deep}"


def _input(task: Task, name: str, x: np.ndarray) -> str:
    if name not in task.files:
        return _array(x)
    return f'jax.numpy.array({from_file(*task.files[name])}, "{x.dtype.name}")'


def _array(x: np.ndarray) -> str:
    dtype = "" if x.dtype.kind in "bi" and x.size else f', "{x.dtype.name}"'
    made = f"jax.numpy.array({data(x)}" if x.size else f"jax.numpy.zeros({x.shape}"
    return f"{made}{dtype})"


def _function(body: list[str], names: list[str], output: str, others: list[str]) -> list[str]:
    """The program as a function, and what it is called: a lambda where it is one expression."""
    if len(body) == 1 and not others and body[0].startswith(f"{output} = "):
        return [f"lambda {', '.join(names)}: {body[0].partition(' = ')[2]}"]
    inside = "\n".join(f"    {line}" for line in body)
    result = f"{output}, ({', '.join(others)},)" if others else output
    return [f"def f({', '.join(names)}):\n{inside}\n    return {result}", "f"]


def _run(
    task: Task, shown: Shown, output: str, others: list[str], function: str, jit: str
) -> list[str]:
    """The calls that give the output, other variables and the gradients."""
    every = ", ".join([*task.params, *task.inputs])
    results = f"({output}, ({', '.join(others)},))" if others else output
    aux = ", has_aux=True" if others else ""
    if not shown.grads:
        bare = results if others else output
        called = jit.format(function)
        called = f"({called})" if called.startswith("lambda") else called
        return [f"{bare} = {called}({every})"]
    if shown.output.shape or not ones(task, shown.output) or shown.output.dtype.kind == "c":
        more = f", ({', '.join(others)},)" if others else ""
        return [
            f"{output}, back{more} = jax.vjp({jit.format(function)}, {every}{aux})",
            f"grads = back({_cotangent(task, shown.output, output)})",
        ]
    places = f", argnums={tuple(range(len(task.params)))}" if len(task.params) > 1 else ""
    made = f"jax.value_and_grad({function}{places}{aux})"
    return [f"{results}, grads = {jit.format(made)}({every})"]


def _cotangent(task: Task, output: np.ndarray, name: str) -> str:
    if ones(task, output):
        return f"jax.numpy.ones_like({name})"
    # JAX contracts with the cotangent itself, the contract with its conjugate.
    return _array(np.conj(cotangent(task, output)))


def _gradients(task: Task, shown: Shown, mode: str) -> list[tuple[str, str]]:
    single = len(task.params) == 1 and not (
        shown.output.shape or not ones(task, shown.output) or shown.output.dtype.kind == "c"
    )
    found = []
    for number, (name, x) in enumerate(task.params.items()):
        if name not in shown.grads:
            continue
        text = "grads" if single else f"grads[{number}]"
        if x.dtype.kind == "c" and mode != "conjugate":
            text = f"{text}.conj()"  # to ∂L/∂Re + i·∂L/∂Im
        found.append((f"{name}.grad", f"{text}.tolist()"))
    return found


def _training(task: Task, body: list[str], output: str) -> list[list[str]]:
    """The optimizer, its loop, and the parameters after it."""
    first, *others = spelled(task).split("\n")
    assert not others, "optax chains what torch has as several calls"
    names = ", ".join([*task.params, *task.inputs])
    inside = "".join(f"    {line}\n" for line in body)
    inputs = "".join(f", {k}" for k in task.inputs)
    given = "".join(f", {k}={k}" for k in task.inputs)
    params = ", ".join(f'"{k}": {k}' for k in task.params)
    complex_ = any(x.dtype.kind == "c" for x in task.params.values())
    turned = "    grads = jax.tree.map(jax.numpy.conj, grads)\n" if complex_ else ""
    step = (
        f"@jax.jit\ndef update(params, state{inputs}):\n"
        f"    grads = jax.grad(lambda params: loss_of(**params{given}))(params)\n{turned}"
        "    moves, state = optimizer.update(grads, state, params)\n"
        "    return optax.apply_updates(params, moves), state"
    )
    loop = [f"for step in range({task.steps}):", *(f"    {line}" for line in batches(task))]
    loop.append(f"    params, state = update(params, state{inputs})")
    return [
        [f"optimizer = {first.removeprefix('optimizer = ')}"],
        [f"params = {{{params}}}", "state = optimizer.init(params)"],
        [f"def loss_of({names}):\n{inside}    return {output}"],
        [step],
        ["\n".join(loop)],
        [printed([(k, f"params[{k!r}].tolist()") for k in task.params])],
    ]

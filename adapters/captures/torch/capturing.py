"""From a module or a function and the arguments of one call to a ``Captured``."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from ....cases.program import Program
from ....refimpl.errors import AdapterFailed, GradparityError
from ...torch import array
from ..captured import Captured, Custom, needed
from .calling import Call
from .exporting import NotExported, graph_of, written
from .leaves import Leaves
from .lowerings import Value
from .overriding import CustomRules
from .recording import record
from .writing import Draws, Missing, Writer


def capture(
    code: Any,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any] | None = None,
    *,
    train: bool | None = None,
    draws: Draws | None = None,
    export: bool = True,
) -> Captured:
    """A module, a method of one or a function, as a program of the reference.

    Tensors among parameters and arguments that want a gradient become ``params``, all others
    ``inputs``, under the names of the state dict and of the signature, as ``fc.weight`` and
    ``batch.image``. ``outputs`` has paths as ``logits`` or ``hidden.0``; ``state`` has the
    buffers (and arguments) that the call writes in place.

    Parameters
    ----------
    code
        What to capture. Of a function, the modules that it closes over are captured with it.
    args, kwargs
        One call's arguments. What does not depend on a floating tensor is worked out from them,
        so that whole numbers, masks and shapes are constants of the program.
    train
        Whether modules are captured as in training or as in evaluation; None: as they are.
    draws
        Answers every draw of random numbers (see ``Draw``); None refuses them.
    export
        Whether it is exported where it can be; else recorded, with the branches of this run.

    Raises
    ------
    Randomness
        Where random numbers are drawn, with the place.
    AdapterFailed
        Where the code itself raises, or does what cannot be followed.
    """
    call = Call(code, tuple(args), kwargs or {})
    with _quiet(call, train=train), torch.enable_grad():
        if not export:
            return _recorded(call, draws)
        try:
            made = _exported(call, draws)
        except NotExported as error:
            return _recorded(call, draws, error)
        if made.whole:
            return made
        try:
            again = _recorded(call, draws)
        except AdapterFailed:  # the export stands, gaps and all
            return made
        return again if again.whole else made


def _exported(call: Call, draws: Draws | None) -> Captured:
    with CustomRules() as rules:
        program = graph_of(call)
    leaves, writer = _begun(call, draws)
    try:
        yielded, moved = written(program, call, writer, leaves)
    except (GradparityError, NotExported):
        raise
    except Exception as error:  # what export let pass and cannot be run
        raise NotExported(f"{type(error).__name__}: {error}") from error
    return _assembled(call.paths, writer, leaves, yielded, moved, rules.found)


def _recorded(call: Call, draws: Draws | None, cause: Exception | None = None) -> Captured:
    """What ran, where the code cannot be exported."""
    leaves, writer = _begun(call, draws)
    with CustomRules() as rules:
        try:
            yielded, moved = record(call, writer, leaves)
        except GradparityError:
            raise
        except Exception as error:
            message = f"{type(error).__name__}: {_line(error)}"
            message += f" (and torch.export raised {_line(cause)})" if cause else ""
            raise AdapterFailed(message) from error
    return _assembled(call.paths, writer, leaves, yielded, moved, rules.found)


def _begun(call: Call, draws: Draws | None) -> tuple[Leaves, Writer]:
    leaves = Leaves(call.state, call.names, call.tensors)
    return leaves, Writer(leaves, draws)


def _line(error: Exception | None) -> str:
    """The first line of what an error says."""
    return str(error).strip().partition("\n")[0]


def _assembled(
    paths: list[str],
    writer: Writer,
    leaves: Leaves,
    yielded: list[Any],
    moved: dict[str, Any],
    custom: list[Custom],
) -> Captured:
    """What was written, less what nothing needs."""
    builder = writer.builder
    gaps: set[Any] = set()
    outputs: dict[str, str] = {}
    shapes: dict[str, tuple[int, ...] | None] = {}
    for path, value in zip(paths, yielded, strict=True):
        if isinstance(value, Missing):
            gaps |= value.gaps
        elif isinstance(value, Value):
            computed = value.name in writer.dtypes
            outputs[path] = value.name if computed else builder.emit("identity", value.name)
            shapes[path] = tuple(value.shape) if value.inexact else None
    state: dict[str, str] = {}
    for name, value in moved.items():
        if isinstance(value, Missing):
            gaps |= value.gaps
        elif value.name != leaves.variable(name):
            state[leaves.variable(name)] = value.name
    wanted = needed(builder.program(""), (*outputs.values(), *state.values()))
    moving = (x.name for x in yielded if isinstance(x, Value) and x.inexact)
    first = next(moving, next(iter(outputs.values()), ""))
    kept = tuple(i for i in builder.instructions if i.target in wanted)
    constants = {k: x for k, x in builder.constants.items() if k in wanted}
    return Captured(
        program=Program(kept, first),
        params={k: array(x) for k, x in leaves.params.items()},
        inputs={**{k: array(x) for k, x in leaves.inputs.items()}, **constants},
        outputs=outputs,
        state=state,
        places={k: x for k, x in builder.places.items() if k in wanted},
        dtypes={k: x for k, x in writer.dtypes.items() if k in wanted},
        gaps=tuple(sorted(gaps, key=str)),
        custom=tuple(custom),
        shapes=shapes,
    )


@contextmanager
def _quiet(call: Call, *, train: bool | None) -> Iterator[None]:
    """Modules in the mode that is asked for, torch's fused paths off and its warnings unheard."""
    modes = {m: m.training for m in call.modules() if m is not call}
    fused = torch.backends.mha.get_fastpath_enabled()
    log = logging.getLogger("torch.fx.experimental.symbolic_shapes")
    heard = log.disabled
    try:
        log.disabled = True
        torch.backends.mha.set_fastpath_enabled(False)
        if train is not None:
            for m in modes:
                m.training = train
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.disabled = heard
        torch.backends.mha.set_fastpath_enabled(fused)
        for m, mode in modes.items():
            m.training = mode

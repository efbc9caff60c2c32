"""A call, run once and written down as it runs, where its flow depends on data.

A dispatch mode sees every aten operation with its values, below autograd: composites are in
parts there. ``torch.func.functionalize`` undoes mutations and views before the mode sees them.
What the code takes out of a tensor (``.item()``, a branch) is that of this run.
Which gradients flow is not to be seen from there, but above: see ``overriding``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from ..captured import Gap
from .calling import Call, users_name
from .leaves import Leaves
from .lowerings import Value, lowering_of
from .lowerings.normalisation import moved_statistics
from .overriding import Calls
from .places import frames_here, place_of
from .writing import Missing, Writer


def record(call: Call, writer: Writer, leaves: Leaves) -> tuple[list[Any], dict[str, Any]]:
    """Run a call and write it down.

    Returns
    -------
    A value for each tensor that the call yields, and for each buffer or input that it moves.
    """
    named = {**dict(call.named_parameters()), **dict(call.named_buffers())}
    state = {k: x.detach().clone() for k, x in named.items()}
    tensors = [x.detach().clone() for x in call.tensors]
    calls = Calls(cutting=True)
    recorder = _Recorder(writer, calls)
    for name, x in state.items():
        recorder.name(x, leaves.state(users_name(name)))
    for name, x in zip(call.names, tensors, strict=True):
        recorder.name(x, leaves.input(name))

    def run(state: Mapping[str, torch.Tensor], tensors: Sequence[torch.Tensor]) -> Any:
        return torch.func.functional_call(call, dict(state), tuple(tensors))

    with recorder.paths(call), calls, recorder:
        results = torch.func.functionalize(run, remove="mutations_and_views")(state, tensors)
    yielded = [recorder.value(x) for x in results]
    moved = {users_name(name): recorder.value(x) for name, x in state.items()}
    moved |= {n: recorder.value(x) for n, x in zip(call.names, tensors, strict=True)}
    return yielded, moved


class _Recorder(TorchDispatchMode):
    """Each aten operation that runs, with the values that it is given and makes."""

    def __init__(self, writer: Writer, calls: Calls) -> None:
        super().__init__()
        self._writer, self._calls = writer, calls
        self._values: dict[int, Any] = {}
        #: Tensors that have a value: another must not get the same id.
        self._kept: list[torch.Tensor] = []
        #: Variable → the tensor of this run.
        self._tensors: dict[str, torch.Tensor] = {}
        self._modules: list[str] = []

    def name(self, x: torch.Tensor, value: Any) -> None:
        """Give a tensor its value."""
        self._values[id(x)] = value
        self._kept.append(x)
        if isinstance(value, Value):
            self._tensors[value.name] = x

    def value(self, x: torch.Tensor) -> Any:
        """The value of a tensor; one that was never seen is a constant."""
        if id(x) not in self._values:
            self.name(x, self._writer.known(x))
        return self._values[id(x)]

    @contextmanager
    def paths(self, call: Call) -> Iterator[None]:
        """Inside, the module that is running is known."""
        with ExitStack() as stack:
            for name, module in call.named_modules():
                path = users_name(name)
                before = module.register_forward_pre_hook(
                    lambda *_, path=path: self._modules.append(path)
                )
                after = module.register_forward_hook(lambda *_: self._leave())
                stack.callback(before.remove)
                stack.callback(after.remove)
            yield

    def _leave(self) -> None:
        self._modules.pop()

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """As torch calls it."""
        kwargs = kwargs or {}
        module = self._modules[-1] if self._modules else ""
        self._writer.builder.place = place_of(module, frames_here())
        given = pytree.tree_map(self._given, (args, kwargs))
        made = self._drawn(func, args, kwargs)
        if func._schema.is_mutable:
            self._write(func, args, kwargs, given)
            self._settle_others(func, args, kwargs, given, made)
            return made
        if not any(isinstance(x, torch.Tensor) for x in pytree.tree_leaves(made)):
            return made  # a number from now on
        if _by_strides(func) and not _in_order(args[0]):
            gap = Gap(str(func), "strides of what lies otherwise", self._writer.builder.place)
            self.name(made, Missing(frozenset({gap})))
            return made
        self._settle(made, self._written(func, given, made))
        if func is torch.ops.aten.native_batch_norm.default and args[5] and args[3] is not None:
            self._move_statistics(args, given[0])
        return made

    def _write(self, func: Any, args: Any, kwargs: Any, given: Any) -> None:
        """Name what was written in place: what functionalize sees to is pure, but not all is."""
        targets = _targets(func, args, kwargs)
        pure = _pure(func)
        if pure is None or len(targets) != 1:
            gap = Gap(str(func), "written in place", self._writer.builder.place)
            values: Any = [Missing(frozenset({gap})) for _ in targets]
        else:
            a, k = given
            k = {key: x for key, x in k.items() if key != "out"}
            values = [self._writer.apply(pure, a, k, targets[0])]
        for x, value in zip(targets, values, strict=True):
            self._rewrite_views(x, value, str(func))
            self.name(x, value)

    def _settle_others(self, func: Any, args: Any, kwargs: Any, given: Any, made: Any) -> None:
        """What an operation makes beside what it writes."""
        targets = {id(x) for x in _targets(func, args, kwargs)}
        fresh = [x for x in pytree.tree_leaves(made) if isinstance(x, torch.Tensor)]
        if fresh and not any(id(x) in targets for x in fresh):
            self._settle(made, self._written(func, given, made))

    def _rewrite_views(self, x: torch.Tensor, value: Any, operation: str) -> None:
        """What shares its memory with a tensor that was written is of that, where they overlap."""
        memory = x.untyped_storage().data_ptr()
        alike = [y for y in self._kept if y.untyped_storage().data_ptr() == memory]
        for other in alike if memory else ():
            if other is not x and _overlap(x, other):
                self._values[id(other)] = self._rewritten(other, x, value, operation)

    def _rewritten(self, other: torch.Tensor, x: torch.Tensor, value: Any, operation: str) -> Any:
        old, writer = self._values[id(other)], self._writer
        if isinstance(old, Missing) or isinstance(value, Missing) or other.dtype != x.dtype:
            gap = Gap(operation, "written through a view", writer.builder.place)
            return Missing(frozenset({gap}))
        at_other, at_x = _cells(other), _cells(x)
        shared = torch.isin(at_other, at_x)
        order = torch.argsort(at_x)
        sources = order[torch.searchsorted(at_x[order], at_other[shared])]
        flat, given = (writer.emit("reshape", v, shape=(-1,)) for v in (old, value))
        updates = writer.emit("take", given, writer.constant(sources), axis=0)
        places = writer.constant(torch.nonzero(shared)[:, 0])
        made = writer.emit("index_set", flat, places, updates, axis=0)
        name = writer.emit("reshape", made, shape=tuple(other.shape))
        return Value(name, tuple(other.shape), other.dtype)

    def _given(self, x: Any) -> Any:
        return self.value(x) if isinstance(x, torch.Tensor) else x

    def _drawn(self, func: Any, args: Any, kwargs: Any) -> Any:
        """What an operation yields; of a draw of random numbers, what it is answered with."""
        made = func(*args, **kwargs)
        random = torch.Tag.nondeterministic_seeded in func.tags and lowering_of(func) is None
        if random and isinstance(made, torch.Tensor):
            made.copy_(self._writer.drawn(str(func), made))
            self.name(made, self._writer.known(made))
        return made

    def _written(self, func: Any, given: Any, made: Any) -> Any:
        """The values of what an operation made."""
        writer = self._writer
        if isinstance(made, torch.Tensor) and id(made) in self._values:
            return self._values[id(made)]  # drawn, or its own argument
        if self._calls.hidden:
            reason = "no_grad within a function of torch's own"
            gap = Gap(str(func), reason, writer.builder.place)
            return pytree.tree_map(lambda _: Missing(frozenset({gap})), made)
        values = writer.apply(func, given[0], given[1], made)
        if _missing(values):
            values = self._decided(func, given, made, values)
        return values

    def _decided(self, func: Any, given: Any, made: Any, values: Any) -> Any:
        """The same, with the whole numbers and the masks of this run: data has decided."""
        if not any(_moves(x) for x in pytree.tree_leaves(made)):
            return pytree.tree_map(
                lambda x: self._writer.known(x) if isinstance(x, torch.Tensor) else x, made
            )
        decided = pytree.tree_map(self._fixed, given, is_leaf=lambda x: isinstance(x, Value))
        again = self._writer.apply(func, decided[0], decided[1], made)
        return values if _missing(again) else again

    def _fixed(self, x: Any) -> Any:
        if not isinstance(x, Value) or x.inexact or x.held is not None:
            return x
        return self._writer.known(self._tensors[x.name])

    def _settle(self, made: Any, values: Any) -> None:
        if isinstance(made, torch.Tensor):
            self.name(made, values)
            return
        for x, value in zip(made, values, strict=True):
            if isinstance(x, torch.Tensor):
                self.name(x, value)

    def _move_statistics(self, args: Any, given: Any) -> None:
        """Running statistics, which the operation has moved and its schema says it has not."""
        x, _, _, mean, var, _, momentum, _ = given
        if isinstance(x, Value) and isinstance(mean, Value) and isinstance(var, Value):
            after = moved_statistics(self._writer, x, mean, var, momentum)
            for place, old, name in zip((3, 4), (mean, var), after, strict=True):
                self.name(args[place], Value(name, old.shape, old.dtype))


def _by_strides(func: Any) -> bool:
    return func.name().removeprefix("aten::").startswith("as_strided")


def _in_order(x: torch.Tensor) -> bool:
    """Whether memory holds a tensor's elements, and begins with them, in their order."""
    return x.is_contiguous() and x.storage_offset() == 0


def _overlap(x: torch.Tensor, y: torch.Tensor) -> bool:
    """Whether two tensors of one storage have an element in common."""
    return x.dtype != y.dtype or bool(torch.isin(_cells(x), _cells(y)).any())


def _cells(x: torch.Tensor) -> torch.Tensor:
    """Where in its storage each element of a tensor lies, in the tensor's order."""
    numbers = torch.arange(x.untyped_storage().nbytes() // max(x.element_size(), 1))
    return torch.as_strided(numbers, x.shape, x.stride(), int(x.storage_offset())).reshape(-1)


def _targets(func: Any, args: Any, kwargs: Any) -> list[torch.Tensor]:
    """The arguments that an operation writes."""
    found = []
    for number, one in enumerate(func._schema.arguments):
        if one.alias_info is not None and one.alias_info.is_write:
            found.append(args[number] if number < len(args) else kwargs[one.name])
    return found


def _pure(func: Any) -> Any:
    """The operation that makes what another writes; None where there is none."""
    name, _, _ = func.name().removeprefix("aten::").partition(".")
    packet = getattr(torch.ops.aten, name.removesuffix("_"), None)
    wanted = [x.name for x in func._schema.arguments if x.name != "out"]
    for overload in packet.overloads() if packet else ():
        one = getattr(packet, overload)
        names = [x.name for x in one._schema.arguments]
        if names == wanted and not one._schema.is_mutable and _alike(one, func):
            return one
    return None


def _alike(pure: Any, func: Any) -> bool:
    """Whether two operations take arguments of the same types."""
    types = [
        [str(x.type) for x in one._schema.arguments if x.name != "out"] for one in (pure, func)
    ]
    return types[0] == types[1]


def _moves(x: Any) -> bool:
    return isinstance(x, torch.Tensor) and (x.is_floating_point() or x.is_complex())


def _missing(values: Any) -> bool:
    """Whether a result that is wanted, the first at least, has no value."""
    return isinstance(values[0] if isinstance(values, list) else values, Missing)

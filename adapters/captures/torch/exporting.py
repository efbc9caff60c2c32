"""A call, exported: ``torch.export``'s graph, its composites whole and its mutations undone."""

from __future__ import annotations

import io
import operator
from contextlib import redirect_stderr
from typing import Any

import torch
from torch import fx
from torch.export.graph_signature import InputKind, OutputKind
from torch.utils import _pytree as pytree

from ....refimpl.errors import GradparityError
from ..captured import Gap
from .calling import Call, users_name
from .leaves import Leaves
from .lowerings import Value, lowering_of
from .overriding import Calls
from .places import WholeTraces, frames_in, place_of
from .regions import inline
from .writing import Missing, Writer


class NotExported(Exception):
    """``torch.export`` cannot follow the code."""


def graph_of(call: Call) -> Any:
    """The exported program of a call.

    Raises
    ------
    NotExported
        With what ``torch.export`` raised as its cause.
    """
    try:
        # Torch prints the graph that it gave up.
        with Calls(cutting=False), WholeTraces(), redirect_stderr(io.StringIO()):
            program = torch.export.export(call, tuple(call.tensors), strict=False)
        inline(program.graph_module, frozenset(program.graph_signature.inputs_to_buffers))
        if not all(_stands(node.target) for node in program.graph.nodes if _calls(node)):
            program = program.run_decompositions({})
    except GradparityError:
        raise
    except Exception as error:
        raise NotExported(f"{type(error).__name__}: {error}") from error
    if any(_symbolic(node) for node in program.graph.nodes):
        raise NotExported("shapes that depend on data")
    return program


def _calls(node: fx.Node) -> bool:
    return node.op == "call_function" and node.target is not operator.getitem


def _stands(target: Any) -> bool:
    """Whether an operation is written down as it is; to decompose a graph takes long.

    One is that has a counterpart and neither writes nor draws: a view of what is never written is
    an array by itself. Running statistics are written without a word in the schema.
    """
    if not isinstance(target, torch._ops.OpOverload) or lowering_of(target) is None:
        return False
    arguments = target._schema.arguments
    writes = any(
        a.name == "running_mean" or (a.alias_info is not None and a.alias_info.is_write)
        for a in arguments
    )
    return not writes and torch.Tag.nondeterministic_seeded not in target.tags


def _symbolic(node: fx.Node) -> bool:
    made = pytree.tree_leaves(node.meta.get("val"))
    if any(isinstance(x, torch.SymInt | torch.SymFloat | torch.SymBool) for x in made):
        return True
    sizes = [n for x in made if isinstance(x, torch.Tensor) for n in x.shape]
    return not all(isinstance(n, int) for n in sizes)


def written(
    program: Any, call: Call, writer: Writer, leaves: Leaves
) -> tuple[list[Any], dict[str, Any]]:
    """Write an exported program down.

    Returns
    -------
    A value for each tensor that the call yields, and for each buffer or input that it moves.
    """
    walk = _Walk(program, call, writer, leaves)
    for node in program.graph.nodes:
        walk.visit(node)
    return walk.yielded, walk.moved


class _Walk:
    """One pass over the nodes of a graph."""

    def __init__(self, program: Any, call: Call, writer: Writer, leaves: Leaves) -> None:
        self._writer, self._leaves, self._constants = writer, leaves, program.constants
        signature = program.graph_signature
        self._inputs = {spec.arg.name: spec for spec in signature.input_specs}
        self._outputs = signature.output_specs
        self._names = dict(
            zip(signature.user_inputs, call.names, strict=False)  # as many as are tensors
        )
        self._known: dict[fx.Node, Any] = {}
        self.yielded: list[Any] = []
        self.moved: dict[str, Any] = {}

    def visit(self, node: fx.Node) -> None:
        """Write one node down."""
        if node.op == "placeholder":
            self._known[node] = self._leaf(node)
        elif node.op == "call_function":
            self._known[node] = self._call(node)
        elif node.op == "get_attr":  # the body of an operation of higher order
            self._known[node] = getattr(node.graph.owning_module, str(node.target))
        elif node.op == "output":
            self._hand_back(node)

    def _leaf(self, node: fx.Node) -> Any:
        spec = self._inputs[node.name]
        if spec.kind in (InputKind.PARAMETER, InputKind.BUFFER):
            return self._leaves.state(users_name(spec.target))
        if spec.kind is InputKind.USER_INPUT:
            return self._leaves.input(self._names[node.name])
        return self._writer.known(self._constants[spec.target])

    def _call(self, node: fx.Node) -> Any:
        target: Any = node.target
        if target is operator.getitem:
            whole, index = self._known[node.args[0]], node.args[1]  # pyright: ignore[reportArgumentType]
            return whole if isinstance(whole, Missing) else whole[index]
        if "_assert" in str(target):
            return None
        module, frames = _module_of(node), frames_in(node.meta.get("stack_trace") or "")
        self._writer.builder.place = place_of(module, frames)
        if not isinstance(target, torch._ops.OpOverload):
            if target is torch.ops.higher_order.cond:
                return self._branch(*node.args)
            reason = "flow that depends on data"
            gap = Gap(str(target), reason, self._writer.builder.place)
            return Missing(frozenset({gap}))
        args, kwargs = pytree.tree_map(
            lambda x: self._known[x] if isinstance(x, fx.Node) else x, (node.args, node.kwargs)
        )
        return self._writer.apply(target, tuple(args), kwargs, node.meta["val"])

    def _branch(self, condition: Any, *given: Any) -> Any:
        """A branch that is known to be taken; with one that is not, the call is recorded."""
        yes, no, operands = pytree.tree_map(
            lambda x: self._known[x] if isinstance(x, fx.Node) else x, given
        )
        holds = self._known[condition] if isinstance(condition, fx.Node) else condition
        held = holds.held if isinstance(holds, Value) else holds
        if isinstance(holds, Missing) or held is None:
            raise NotExported("a branch that depends on data")
        body = yes if bool(held) else no
        operands = iter(operands)
        results: Any = ()
        for node in body.graph.nodes:
            if node.op == "placeholder":
                self._known[node] = next(operands)
            elif node.op == "output":
                results = node.args[0]
            else:
                self.visit(node)
        return [self._known[x] for x in results]

    def _hand_back(self, node: fx.Node) -> None:
        (results,) = node.args
        for spec, result in zip(self._outputs, results, strict=True):  # pyright: ignore[reportArgumentType]
            value = self._known[result] if isinstance(result, fx.Node) else result
            if spec.kind is OutputKind.USER_OUTPUT:
                self.yielded.append(value)
            elif spec.kind is OutputKind.USER_INPUT_MUTATION:
                self.moved[self._names[spec.target]] = value
            else:
                self.moved[users_name(spec.target)] = value


def _module_of(node: fx.Node) -> str:
    """The path of the innermost module that a node was made in."""
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    return users_name(stack[-1][0]) if stack else ""

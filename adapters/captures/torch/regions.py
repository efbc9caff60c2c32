"""What ``no_grad`` and ``autocast`` enclose, put back into the graph around it.

Export makes each such block an operation of higher order, and decomposing the graph unpacks it
with no trace of what it was. So it is unpacked here first. Where no gradient is recorded, what
the block looks at is detached; a tensor that it writes in place keeps its own gradient, as in
PyTorch, which does not see the writing: that is what ``straight_through`` says.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import fx

from .lowerings.markers import STRAIGHT_THROUGH

#: Name → how many arguments stand before the block's body.
_BLOCKS = {"wrap_with_set_grad_enabled": 1, "wrap_with_autocast": 4}

_ATEN = torch.ops.aten


def inline(module: fx.GraphModule, buffers: frozenset[str]) -> None:
    """Unpack every block of a graph, and those within it.

    ``buffers`` are the placeholders that stand for buffers.
    """
    while blocks := [node for node in module.graph.nodes if _name(node) in _BLOCKS]:
        for node in blocks:
            _Block(module, node, buffers).unpack()
    module.graph.lint()
    module.recompile()


def _name(node: fx.Node) -> str:
    target = node.target
    known = node.op == "call_function" and hasattr(target, "_name")
    return str(target._name) if known else ""  # pyright: ignore[reportFunctionMemberAccess, reportAttributeAccessIssue]


class _Block:
    """One block, and the graph that it is put back into."""

    def __init__(self, module: fx.GraphModule, node: fx.Node, buffers: frozenset[str]) -> None:
        self._module, self._graph, self._node = module, module.graph, node
        before = _BLOCKS[_name(node)]
        self._cuts = _name(node) == "wrap_with_set_grad_enabled" and node.args[0] is False
        self._body: Any = getattr(module, str(node.args[before].target))  # pyright: ignore[reportAttributeAccessIssue, reportOptionalMemberAccess]
        self._given = node.args[before + 1 :]
        self._buffers = buffers

    def unpack(self) -> None:
        """Put the body's nodes in the block's place."""
        known: dict[fx.Node, Any] = {}
        given = iter(self._given)
        written = _written(self._body.graph) if self._cuts else frozenset()
        copies: list[tuple[fx.Node, fx.Node]] = []
        results: Any = ()
        with self._graph.inserting_before(self._node):
            for node in self._body.graph.nodes:
                if node.op == "placeholder":
                    outside: Any = next(given)
                    known[node] = self._let_in(outside, node, node in written, copies)
                elif node.op == "get_attr":
                    known[node] = self._attribute(node)
                elif node.op == "output":
                    results = node.args[0]
                else:
                    known[node] = self._graph.node_copy(node, known.__getitem__)
            outsides = {}
            for outside, inside in copies:
                made = self._call(STRAIGHT_THROUGH, (outside, inside), outside)
                self._call(_ATEN.copy_.default, (outside, made), outside)
                outsides[inside] = outside
        # A tensor that was written in place is the one outside, gradient and all.
        written_to = [known[_target(x)] if isinstance(x, fx.Node) else x for x in results]
        self._hand_back(
            [
                outsides.get(at, known.get(x, x)) if isinstance(x, fx.Node) else x
                for x, at in zip(results, written_to, strict=True)
            ]
        )
        self._graph.erase_node(self._node)

    def _let_in(
        self,
        outside: Any,
        node: fx.Node,
        written: bool,  # noqa: FBT001
        copies: list[tuple[fx.Node, fx.Node]],
    ) -> Any:
        """A tensor from outside, as the body sees it."""
        value = node.meta.get("val")
        moves = isinstance(value, torch.Tensor) and (
            value.is_floating_point() or value.is_complex()
        )
        if not (self._cuts and moves and isinstance(outside, fx.Node)):
            return outside
        if written and outside.name in self._buffers:
            return outside  # no gradient flows to it
        cut = self._call(_ATEN.detach.default, (outside,), outside)
        if not written:
            return cut
        inside = self._call(_ATEN.clone.default, (cut,), outside)
        copies.append((outside, inside))
        return inside

    def _call(self, target: Any, args: tuple[Any, ...], like: fx.Node) -> fx.Node:
        made = self._graph.call_function(target, args)
        made.meta = {**like.meta}
        for key in ("stack_trace", "nn_module_stack"):
            if key in self._node.meta:
                made.meta[key] = self._node.meta[key]
        return made

    def _attribute(self, node: fx.Node) -> fx.Node:
        """A body within the body, or a constant, under a name of its own outside."""
        held = getattr(self._body, str(node.target))
        name = f"unpacked_{len(self._graph.nodes)}_{str(node.target).replace('.', '_')}"
        setattr(self._module, name, held)
        made = self._graph.get_attr(name)
        made.meta = {**node.meta}
        return made

    def _hand_back(self, results: list[Any]) -> None:
        """What took the block's results takes the body's."""
        for user in list(self._node.users):
            number: Any = user.args[1]
            user.target = _ATEN.alias.default
            user.args = (results[number],)


def _target(node: fx.Node) -> fx.Node:
    """What a node that writes in place writes to; any other node itself."""
    while isinstance(node.target, torch._ops.OpOverload):
        first = node.target._schema.arguments[0]
        if first.alias_info is None or not first.alias_info.is_write:
            break
        node = node.args[0]  # pyright: ignore[reportAssignmentType]
    return node


def _written(graph: fx.Graph) -> frozenset[fx.Node]:
    """The placeholders that operations of a graph write in place, by themselves or by a view."""
    found = set()
    for node in graph.nodes:
        if isinstance(node.target, torch._ops.OpOverload):
            schema = node.target._schema
            for given, argument in zip(node.args, schema.arguments, strict=False):
                if argument.alias_info is not None and argument.alias_info.is_write:
                    found.add(_root(given))
    return frozenset(x for x in found if x.op == "placeholder")


def _root(node: Any) -> fx.Node:
    """What a node is a view of."""
    while isinstance(node.target, torch._ops.OpOverload):
        first = node.target._schema.arguments[0]
        if first.alias_info is None or not node.args:
            break
        node = node.args[0]
    return node

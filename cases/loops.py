"""``scan``, ``map`` and ``while_loop`` over functions of the text, unrolled turn by turn."""

from __future__ import annotations

import ast
from typing import Any

from .bodies import Places, Reader, Unrolled
from .branches import Branches
from .program import Ref, Turn
from .scope import Function
from .syntax import Fault
from .trees import alike, described, leaves, like

#: What a turn of a while is called that is gone through no more.
STAY = "stay"


class Loop(Unrolled):
    """One loop, unrolled.

    What the loop itself does between turns is an instruction too, with its ``role`` (see
    ``program.Turn``), so that its share of a gradient can be judged as any operation's.
    """

    def __init__(
        self,
        places: Places,
        reader: Reader,
        function: Function,
        call: ast.Call,
        kind: str,
        length: int,
        *,
        reverse: bool = False,
    ) -> None:
        super().__init__(places, reader, call)
        self._function, self._length, self._reverse = function, length, reverse
        self._label = places.label(function)
        self._id = places.name(self._label)
        self._kind = f"reverse {kind}" if reverse else kind
        self._names = [a.arg for a in function.node.args.args]

    def unroll(self, init: Any, xs: Any) -> tuple[Any, Any]:
        """Every turn; what the last one carries on, and what each one leaves."""
        label, of = self._label, self._length
        scans = self._kind != "map"
        with self._at(self._turn(-1, "each")):
            whole = self._each(
                leaves(xs), lambda k, ref: self._emit("unstack", (ref,), f":x{k}", label)
            )
        edges = self._started(init)
        left: list[Any] = []
        for turn in range(of):
            self._reader.budget.spend()
            parameters = []
            if scans:
                with self._at(self._turn(turn, "in")):
                    parameters.append(
                        self._found(self._names[0], init, label, turn, "identity", edges)
                    )
            at = {"index": of - 1 - turn if self._reverse else turn}
            with self._at(self._turn(turn, "slice")):
                parameters.append(
                    self._found(self._names[-1], xs, label, turn, "select", whole, at)
                )
            carried, made = self._ends(
                self._body(self._function, label, turn, parameters, self._turn(turn))
            )
            if scans:
                edges = self._carried(carried, init, turn)
            with self._at(self._turn(turn, "out")):
                outs = self._each(
                    leaves(made),
                    lambda k, ref, n=turn: self._emit("identity", (ref,), f":out{k}", label, n),
                )
            left.append(like(made, outs))
        columns = [list(column) for column in zip(*map(leaves, left), strict=True)]
        columns = [column[::-1] if self._reverse else column for column in columns]
        return like(init, edges), like(left[0], columns)

    def after(self, role: str, tree: Any, name: str) -> Any:
        """What is there after the loop, under a name; of several arrays, each under its number."""
        parts = leaves(tree)
        made = []
        with self._at(self._turn(self._length, role)):
            for k, part in enumerate(parts):
                target = f"{name}:{k}" if len(parts) > 1 else name
                if role == "stack":
                    ref = self._reader.emit("stack", tuple(part), {"axis": 0}, self._call, target)
                    self._reader.lengths[ref.name] = self._length
                else:
                    ref = self._reader.emit("identity", (part,), {}, self._call, target)
                made.append(ref)
        return like(tree, made)

    def _started(self, init: Any) -> list[Ref]:
        """What is carried into the first turn."""
        with self._at(self._turn(-1, "start")):
            return self._each(
                leaves(init),
                lambda k, ref: self._emit("identity", (ref,), f":carry{k}", self._label, 0),
            )

    def _carried(self, carried: Any, init: Any, turn: int) -> list[Ref]:
        """What a turn carries on."""
        if not alike(carried, init):
            raise Fault(
                f"{self._function.node.name} carries on {described(carried)} and is given "
                f"{described(init)}, expected the same",
                self._function.node.body[-1],
            )
        with self._at(self._turn(turn, "carry")):
            return self._each(
                leaves(carried),
                lambda k, ref: self._emit("identity", (ref,), f":carry{k}", self._label, turn + 1),
            )

    def _ends(self, returned: Any) -> tuple[Any, Any]:
        """What a body carries on and what it leaves."""
        if self._kind == "map":
            return (), returned
        if not isinstance(returned, tuple) or len(returned) != 2:
            raise Fault(
                f"{self._function.node.name} returns {described(returned)}, expected two: what it "
                "carries on, and what it leaves (None for nothing)",
                self._function.node.body[-1],
            )
        return returned

    def _turn(self, number: int, role: str = "") -> Turn:
        return Turn(self._id, self._kind, number, self._length, role)


class While(Loop):
    """A loop that ends as data has it, after so many turns at the latest.

    Every turn asks whether to go on, and is a cond on that: once a loop has ended, what is carried
    stays as it is, and is asked again to the same end.
    """

    def unroll_while(self, test: Function, init: Any) -> Any:
        """Every turn; what the last one carries on."""
        edges, several = self._started(init), isinstance(init, tuple)
        held = ":held:" if several else ":held"
        for turn in range(self._length):
            self._reader.budget.spend()
            with self._at(self._turn(turn, "in")):
                found = self._each(
                    edges,
                    lambda k, ref, n=turn: self._emit(
                        "identity", (ref,), f"{held}{k}", self._label, n
                    ),
                )
            self._places.enter(self._label, turn)
            try:
                with self._at(self._turn(turn)):
                    carried = self._gone_on(test, like(init, found))
            finally:
                self._places.leave()
            edges = self._carried(carried, init, turn)
        return like(init, edges)

    def _gone_on(self, test: Function, held: Any) -> Any:
        """What is carried on by a turn that goes on or not."""
        function = self._function
        guard = self._body(test, self._places.label(test), None, [held], None)
        if not isinstance(guard, Ref):
            raise Fault(
                f"{test.node.name} returns {described(guard)}, expected one truth value",
                test.node.body[-1],
            )
        called = (function.node.name, STAY)
        branches = Branches(self._places, self._reader, self._call, guard, ("", STAY), called)
        held = branches.given(held, 0)
        made = branches.side(0, function, [held])
        if not alike(made, held):
            return made  # which is at fault
        pairs = branches.paired(made, branches.out(1, held))
        joined = [
            branches.joined(x, self._places.name(f":next{k}"), named=False)
            for k, x in enumerate(leaves(pairs))
        ]
        return like(held, joined)

"""What an edit says of the other side, held against what that side has where it parts.

Numbers alone may agree by chance: what is multiplied by 2 twice here and once there is not divided
by 2 there, and a norm that comes later is not left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from ...cases.program import Const, Instruction
from ..edits.edit import Edit
from .evaluating import Evaluated

#: Arithmetic → what does the same with another number, and which number.
INVERSE: dict[str, tuple[str, Callable[[float], float]]] = {
    "multiply": ("divide", lambda x: 1 / x if x else np.inf),
    "divide": ("multiply", lambda x: 1 / x if x else np.inf),
    "add": ("subtract", lambda x: -x),
    "subtract": ("add", lambda x: -x),
}

#: Operations whose result is their operand's elements, as they are or in another order.
THROUGH = frozenset(
    {"identity", "reshape", "permute_dims", "matrix_transpose", "swapaxes", "broadcast_to"}
    | {"squeeze", "expand_dims", "stop_gradient"}
)

#: Operations that slide over an array, and may pad it.
WINDOWS = frozenset({"conv", "max_pool", "avg_pool"})


def source(side: Evaluated, name: str) -> str:
    """The parameter whose elements a variable has; nothing of what is computed."""
    while name in side.made and side.made[name].operation in THROUGH:
        name = side.made[name].refs[0]
    return name if name in side.captured.params else ""


def dropped(i: Instruction, edit: Edit) -> list[str]:
    """The operands of an instruction that an edit of it has not."""
    new = {r for made in edit.instructions for r in made.refs}
    return [r for r in i.refs if r not in new]


class Seen:
    """What a side has from where it parts.

    Parameters
    ----------
    here
        The side that is edited.
    there
        The other side.
    lost
        What the other side has from where it parts.
    """

    def __init__(self, here: Evaluated, there: Evaluated, lost: Sequence[str]) -> None:
        self._here = here
        self._made = [there.made[k] for k in lost if k in there.made]
        self._used = _uses(there, self._made)
        self._used_here = _uses(here, here.made.values())
        # A frame that is turned round has the same elements, and is not lost itself.
        names = dict.fromkeys(r for i in self._made for r in (i.target, *i.refs))
        near = (there.made[k] for k in names if k in there.made)
        self._frames = [f for f in _frames(there, near) if f]

    def may_have(self, i: Instruction, edit: Edit) -> bool:
        """Whether nothing of the other side speaks against an edit of an instruction."""
        for name in dropped(i, edit):
            leaf = source(self._here, name)
            if leaf and self._used[leaf] >= self._used_here[leaf]:
                return False  # it is not left out there, but comes in elsewhere
        if not self._has_frame(edit):
            return False
        new = edit.instructions[-1]
        if i.operation not in INVERSE or new.operation not in INVERSE:
            return True
        if new.operation == i.operation and new.refs != i.refs:
            return True
        return self._has_arithmetic(new, numbers_alone=new.operation == i.operation)

    def _has_frame(self, edit: Edit) -> bool:
        """Whether the other side pads so: with a stride, what is behind the last window is any."""
        padded = [_frame(i) for i in edit.instructions if i.operation == "pad"]
        return not padded or not self._frames or any(f in self._frames for f in padded)

    def _has_arithmetic(self, new: Instruction, *, numbers_alone: bool) -> bool:
        """Whether the other side has an operation with such numbers, or its inverse."""
        numbers = _numbers(new)
        if numbers_alone and not numbers:
            return True
        other, turned = INVERSE[new.operation]
        for j in self._made:
            theirs = _numbers(j)
            if j.operation == new.operation and _alike(theirs, numbers):
                return True
            if j.operation == other and theirs and _alike(map(turned, theirs), numbers):
                return True
        return False


def _frames(side: Evaluated, made: Iterable[Instruction]) -> Iterator[list[tuple[int, int]]]:
    """How much is padded before and after, of each axis that is, by what may pad."""
    for i in made:
        if i.operation == "pad":
            yield _frame(i)
        elif i.operation in WINDOWS:
            held = i.attributes.get("padding", 0)
            spatial = np.ndim(side.values.get(i.target, 0)) - 2
            each = [held] * spatial if isinstance(held, int) else held
            yield sorted((p, p) for p in each if p)


def _frame(i: Instruction) -> list[tuple[int, int]]:
    return sorted((int(a), int(b)) for a, b in i.attributes["pad_width"] if a or b)


def _uses(side: Evaluated, made: Iterable[Instruction]) -> Counter[str]:
    """How often operations that do more than carry it on take each parameter."""
    return Counter(
        leaf
        for i in made
        if i.operation not in THROUGH
        for r in i.refs
        if (leaf := source(side, r))
    )


def _numbers(i: Instruction) -> list[float]:
    return [float(np.real(x.value)) for x in i.arguments if isinstance(x, Const)]


def _alike(a: Iterable[float], b: Iterable[float]) -> bool:
    a, b = sorted(a), sorted(b)
    return len(a) == len(b) and bool(np.allclose(a, b, rtol=1e-6, atol=0))

"""What a function of the text is given and returns: nothing, an array, or a tuple of such."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .program import Ref


def leaves(tree: Any) -> list[Any]:
    """The arrays of a tree, which is None, an array, or a tuple of trees."""
    if isinstance(tree, tuple):
        return [leaf for part in tree for leaf in leaves(part)]
    return [] if tree is None else [tree]


def like(tree: Any, made: Sequence[Any]) -> Any:
    """Other arrays in a tree's places."""
    rest = iter(made)

    def filled(part: Any) -> Any:
        if isinstance(part, tuple):
            return tuple(map(filled, part))
        return None if part is None else next(rest)

    return filled(tree)


def is_tree(value: Any) -> bool:
    """Whether a value is nothing, an array, or a tuple of such."""
    return (
        value is None
        or isinstance(value, Ref)
        or (isinstance(value, tuple) and all(map(is_tree, value)))
    )


def alike(one: Any, other: Any) -> bool:
    """Whether two trees have their arrays at the same places."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    return (
        not isinstance(one, tuple)
        and not isinstance(other, tuple)
        and ((one is None) == (other is None))
    )


def described(tree: Any) -> str:
    """A tree in words."""
    if isinstance(tree, tuple):
        return f"({', '.join(map(described, tree))})" if tree else "no array"
    return "nothing" if tree is None else "an array"

"""Comparisons of users' own code as YAML documents."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...cases.faults import Enough, Faults, Place
from ...cases.folders import read
from ...cases.models import Tensor
from ...cases.yaml_nodes import Mapping, Node, Scalar, Sequence, read_documents
from ...refimpl.errors import BadCase

_Named = Annotated[str, Field(pattern=r"^[\w.]+:[\w.]+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=False)


class OwnCode(_Strict):
    """The two sides, each as ``package.module:name``; ``params`` may be ``auto``."""

    torch: _Named
    jax: _Named
    params: str = "auto"
    jax_params: Annotated[_Named | None, Field(alias="jax-params")] = None
    loss: _Named | None = None


class OwnModel(_Strict):
    """One document."""

    case: str
    about: str = ""
    own: OwnCode
    inputs: dict[str, Tensor]
    draws: Annotated[int, Field(ge=1)] = 1
    state: bool | None = None


@dataclass(frozen=True)
class Document:
    """What a document asks, and where it stands."""

    model: OwnModel
    #: As they are written.
    inputs: dict[str, Any]
    path: Path
    line: int
    column: int = 1

    @property
    def name(self) -> str:
        """The document's own."""
        return self.model.case

    @property
    def tags(self) -> tuple[str, ...]:
        """What it can be chosen by, beside its name and its file's."""
        return ("own",)

    @property
    def where(self) -> str:
        """FILE:LINE."""
        return f"{self.path}:{self.line}"


def documents(path: Path) -> tuple[list[Document], list[BadCase]]:
    """The documents of a file, and all their faults, placed at FILE:LINE:COLUMN."""
    faults = Faults(str(path))
    found: list[Document] = []
    try:
        text = read(path)
    except BadCase as unreadable:
        return [], [unreadable]
    with suppress(Enough):
        raw = text.decode(errors="replace") if isinstance(text, bytes) else text
        for node in read_documents(raw, faults):
            model = _model(node, faults)
            if model is not None:
                found.append(Document(model, _plain(node)["inputs"], path, node.place.line))
    if not found and not faults:
        faults.add("no document in the file, expected one with own:", Place(1, 1))
    return found, faults.in_order()


def _model(node: Node, faults: Faults) -> OwnModel | None:
    if not isinstance(node, Mapping) or "own" not in node.entries:
        faults.add("expected a mapping with the keys case, own, inputs", node.place)
        return None
    try:
        return OwnModel.model_validate(_plain(node))
    except ValidationError as error:
        for one in error.errors(include_url=False):
            where, keys = node, []
            for step in _steps(node, one["loc"]):
                where, keys = step[1], [*keys, step[0]]
            name = ".".join(keys)
            faults.add(f"{name}: {one['msg']}" if name else one["msg"], where.place)
    return None


def _steps(node: Node, path: tuple[Any, ...]) -> Iterator[tuple[str, Node]]:
    """As far down a path as the document goes; what is missing is told at its parent."""
    for key in path:
        if isinstance(node, Mapping) and key in node.entries:
            node = node.entries[key][1]
        elif isinstance(node, Sequence) and isinstance(key, int) and key < len(node.items):
            node = node.items[key]
        else:
            yield str(key), node
            return
        yield str(key), node


def _plain(node: Node) -> Any:
    if isinstance(node, Mapping):
        return {key: _plain(value) for key, (_, value) in node.entries.items()}
    if isinstance(node, Sequence):
        return [_plain(x) for x in node.items]
    return node.value if isinstance(node, Scalar) else None

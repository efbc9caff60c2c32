"""Where in a user's code an operation comes from."""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch.fx.proxy import TracerBase

from ..captured import Place

_TORCH = str(Path(torch.__file__).parent)
_MODULES = str(Path(torch.nn.modules.__file__).parent)
_OURS = str(Path(__file__).parent)
#: What a user's code is called by.
_CALL = str(Path(__file__).parent / "calling.py")

#: File, line, text.
Frame = tuple[str, int, str]


def place_of(module: str, frames: Iterable[Frame]) -> Place:
    """The innermost frame that is the user's; that of a module of torch's where there is none."""
    inside: list[Frame] = []
    for frame in frames:
        if frame[0] == _CALL:
            inside.clear()  # whoever asked for the capture
        elif not frame[0].startswith((_OURS, "<")):
            inside.append(frame)
    users = [f for f in inside if not f[0].startswith(_TORCH)]
    modules = [f for f in inside if f[0].startswith(_MODULES)]
    file, line, code = (users or modules or [("", 0, "")])[-1]
    return Place(module, _short(file), line, code.strip())


def _short(file: str) -> str:
    """A path from here, where it lies below here."""
    if not file:
        return ""
    path = Path(file)
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else file


def frames_in(text: str) -> Iterator[Frame]:
    """The frames of a stack trace as text."""
    lines = text.splitlines()
    for head, code in pairwise([*lines, ""]):
        if head.lstrip().startswith('File "'):
            file, _, rest = head.lstrip()[6:].partition('", line ')
            number = rest.partition(",")[0]
            yield file, int(number) if number.isdigit() else 0, code


def frames_here() -> Iterator[Frame]:
    """The frames that are running, outermost first."""
    for frame, line in reversed(list(traceback.walk_stack(None))):
        name = frame.f_code.co_filename
        yield name, line, linecache.getline(name, line)


class WholeTraces:
    """Inside, what is exported knows the whole way to it, and not the ``forward`` on it alone."""

    _NAME = "_filter_traceback_frames"

    def __enter__(self) -> None:
        self._before = getattr(TracerBase, self._NAME)

        def kept(_: Any, summary: traceback.StackSummary) -> traceback.StackSummary:
            frames = list(summary)
            calls = [k for k, frame in enumerate(frames) if frame.filename == _CALL]
            return traceback.StackSummary.from_list(frames[calls[-1] + 1 :] if calls else [])

        setattr(TracerBase, self._NAME, kept)

    def __exit__(self, *_: object) -> None:
        setattr(TracerBase, self._NAME, self._before)

"""From a YAML file or a mapping to tasks: a file becomes cases, a case becomes tasks.

``limits``     what a file may ask for at most
``yaml_nodes`` YAML as nodes with places, ``places`` those of a program's lines
``mappings``   a Python mapping as the same nodes
``models``     the keys and types of a case, with ``tensor_kinds``; ``shape_faults`` what is wrong
               with them, in words
``language``   the program language, with ``syntax``, ``constants``, ``calls`` and ``native``
``tensors``    shapes and numbers, with ``drawing``, ``files`` and ``locating``
``checks``     how the values of a case go together
``case``       a sound case and its tasks, with ``points``, ``truths`` and ``drawn``
``uncompared`` variables that only some texts name
``folders``    which files are case files
``loading``    from paths, texts and mappings to cases and faults
``template``   a case to start from
``program``    the parsed text, as data
``task``       what an adapter runs
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .case import Case
    from .folders import catalogue, is_case_file
    from .loading import load_files, load_mapping, load_text, select
    from .models import json_schema

#: name → the module that has it; loaded when it is asked for.
_HOMES = {
    "Case": "case",
    "catalogue": "folders",
    "is_case_file": "folders",
    "json_schema": "models",
    "load_files": "loading",
    "load_mapping": "loading",
    "load_text": "loading",
    "select": "loading",
}

__all__ = [
    "Case",
    "catalogue",
    "is_case_file",
    "json_schema",
    "load_files",
    "load_mapping",
    "load_text",
    "select",
]


def __getattr__(name: str) -> Any:
    """Load a public name's module on first use, so that importing a part costs only that part."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)

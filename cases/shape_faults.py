"""Validates a document against the models, and says in words, with places, where it fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from .faults import Faults, Place, nearest, one_of, shown, unknown
from .models import (
    CHECKS,
    LATER_CHECKS,
    LATER_KEYS,
    SPECS,
    BatchModel,
    CaseModel,
    DivergenceModel,
    ExpectModel,
    Parts,
    Rounded,
    ToleranceModel,
)
from .yaml_nodes import Mapping, Node, find, key_place, plain

#: pydantic's error type → what was expected, for those that need no more than that.
_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_BOUNDS = {
    "greater_than_equal": ("ge", "at least"),
    "greater_than": ("gt", "more than"),
    "less_than_equal": ("le", "at most"),
    "less_than": ("lt", "less than"),
}
#: The models of mappings at the top.
_PARTS = {
    "expect": ExpectModel,
    "divergences": DivergenceModel,
    "tolerance": ToleranceModel,
    "batch": BatchModel,
}
#: What names at a path look like, for those that are matched against a pattern.
_PATTERNS = {
    "case": "a name in kebab-case, such as one-layer",
    "tags": "a word of letters, digits, - and _",
}


def validate(document: Node, faults: Faults) -> CaseModel | None:
    """The document as a model; where it is no case, faults are added.

    A model comes back also where some faults do not hinder reading the rest: what is at fault is
    left out of it, so that the program's own faults are found in the same run.
    """
    if not isinstance(document, Mapping):
        faults.add(
            f"a document that is {shown(plain(document))}, expected a mapping with the keys "
            "case, about, params, program",
            document.place,
        )
        return None
    data = plain(document)
    try:
        return CaseModel.model_validate(data)
    except ValidationError as error:
        errors = error.errors(include_url=False)
    for one in errors:
        _add(document, one, faults)
    return _salvaged(data, errors)


def _salvaged(data: dict[str, Any], errors: Sequence[Any]) -> CaseModel | None:
    """What is left without the keys at fault, if the program can still be judged by it."""
    data = dict(data)
    for error in errors:
        path = [step for step in error["loc"] if not _is_tag(step)]
        key = path[0]
        if error["type"] == "extra_forbidden" and len(path) == 1:
            if nearest(str(key), ("inputs", "params", "sweep", "program", "output")):
                return None
            del data[key]
        elif key in ("inputs", "params") and len(path) > 1:
            data[key] = {**data[key], path[1]: 1.0}
        elif key in ("inputs", "params", "sweep", "program"):
            return None
        elif key in ("case", "about"):
            data[key] = "unknown"
        else:
            data.pop(key, None)
    try:
        return CaseModel.model_validate(data)
    except ValidationError:
        return None


def _add(document: Mapping, error: Any, faults: Faults) -> None:
    """Say one of pydantic's errors in our words."""
    kind, context, given = error["type"], error.get("ctx", {}), error.get("input")
    path = [step for step in error["loc"] if not _is_tag(step)]
    name = ".".join(str(step) for step in path if step != "[key]")
    place = _place(document, path, kind)
    text = f"{name}: " if name else ""
    if kind == "missing":
        parent = ".".join(map(str, path[:-1]))
        of = f" of {parent}" if parent else ""
        faults.add(f"the key {path[-1]!r}{of} is missing, expected {_meaning(path[-1])}", place)
    elif kind == "extra_forbidden":
        faults.add(_unknown_key(document, path), place)
    elif kind == "union_tag_not_found":
        faults.add(text + _unknown_tensor(given), _tensor_place(document, path, given))
    elif kind == "literal_error":
        faults.add(text + _unknown_word(path, given, context), place)
    elif kind == "string_pattern_mismatch":
        expected = _PATTERNS.get(str(path[0]), "a letter, then letters, digits and _")
        faults.add(f"{text}the name {shown(given)}, expected {expected}", place)
    elif kind in ("too_long", "string_too_long"):
        most = context["max_length"]
        if kind == "too_long" or most <= 100:
            faults.add(f"{text}too long, expected at most {most} {_counted(kind)}", place)
        else:
            faults.limit(f"{text}too long, expected at most {most} characters", place)
    elif kind == "too_short":
        faults.add(f"{text}too short, expected at least {context['min_length']}", place)
    elif kind == "limit":
        faults.limit(f"{text}{error['msg']}, expected at most that", place)
    elif kind == "plain":
        faults.add(text + error["msg"], place)
    elif kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        message = f"{text}{shown(given)}, expected {words} {context[bound]}"
        (faults.limit if bound == "le" else faults.add)(message, place)
    else:
        expected = _EXPECTED.get(kind, error["msg"])
        faults.add(f"{text}{shown(given)}, expected {expected}", place)


def _is_tag(step: Any) -> bool:
    """Steps that name the branch of a union, not a key."""
    return isinstance(step, str) and step.startswith("<") and step.endswith(">")


def _place(document: Mapping, path: Sequence[Any], kind: str) -> Place:
    """A missing key's parent, an unknown key, else the value at fault."""
    if path and path[-1] == "[key]":
        return key_place(document, path[:-1])
    if kind == "missing":
        return document.place if len(path) == 1 else key_place(document, path[:-1])
    if kind == "extra_forbidden":
        return key_place(document, path)
    return find(document, path).place


def _unknown_key(document: Mapping, path: Sequence[Any]) -> str:
    key = path[-1]
    if len(path) == 1:
        valid = _keys(CaseModel)
        if key in LATER_KEYS:
            return f"the key {key!r} is not supported yet, expected {one_of(valid)}"
        return unknown("key", key, valid)
    parent = find(document, path[:-1])
    given = list(parent.entries) if isinstance(parent, Mapping) else []
    name, model = _model_beside(path, given)
    return unknown(f"key of {name}", key, _keys(model))


def _model_beside(path: Sequence[Any], given: Sequence[str]) -> tuple[str, Any]:
    """The model that a mapping is read by, from its path and its keys."""
    for name, model in SPECS.items():
        if name in given:
            return name, model
    if path[-2] == "complex":
        return "complex", Parts
    if "is" in given:
        return "a rounded number", Rounded
    return str(path[0]), _PARTS[path[0]]


def _keys(model: Any) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _unknown_tensor(given: Any) -> str:
    kinds = ", ".join(SPECS)
    found = [key for key in given if key in SPECS]
    if len(found) > 1:
        return f"a tensor that is both {found[0]} and {found[1]}, expected one of {kinds}"
    if not given:
        return f"an empty mapping, expected a number, a list or one of {kinds}"
    close = [(key, nearest(str(key), SPECS)) for key in given]
    key, hint = next((pair for pair in close if pair[1]), close[0])
    end = f"; did you mean {hint!r}?" if hint else ""
    return f"no kind of tensor is called {key!r}, expected a number, a list or one of {kinds}{end}"


def _tensor_place(document: Mapping, path: Sequence[Any], given: Any) -> Place:
    """The key that should have named the kind of tensor."""
    names = [key for key in given if nearest(str(key), SPECS)] or list(given)
    return key_place(document, [*path, names[0]]) if names else find(document, path).place


def _unknown_word(path: Sequence[Any], given: Any, context: Any) -> str:
    valid = [word.strip("'") for word in context["expected"].replace(" or ", ", ").split(", ")]
    if given in LATER_CHECKS and "value" in valid:
        return f"the check {given!r} is not supported yet, expected {one_of(CHECKS)}"
    words = [step for step in path if isinstance(step, str)]
    what = {"dtypes": "dtype", "checks": "check"}.get(words[-1], words[-1])
    return unknown(what, given, valid)


def _meaning(key: Any) -> str:
    return {
        "case": "the case's name",
        "about": "one line that says what it is about",
        "params": "the tensors to differentiate",
        "program": "the computation",
        "because": "the reason in words",
        "within": "how far the published number was rounded",
    }.get(key, "it")


def _counted(kind: str) -> str:
    return "items" if kind == "too_long" else "characters"

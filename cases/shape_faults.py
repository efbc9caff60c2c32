"""Validates a document against the models, and says in words, with places, where it fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import ValidationError

from ..refimpl.errors import printable
from .faults import Faults, Place, nearest, shown, unknown
from .foreign import another_dtype, another_key, meant_together
from .models import (
    AccumulateModel,
    BatchModel,
    Between,
    BoundModel,
    CaseModel,
    DivergenceModel,
    EmaModel,
    ExpectModel,
    LossScaleModel,
    NativeModel,
    Rounded,
    StateModel,
    ToleranceModel,
)
from .tensor_kinds import SPECS, Parts
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
#: The models of mappings at the top.
_PARTS = {
    "expect": ExpectModel,
    "divergences": DivergenceModel,
    "tolerance": ToleranceModel,
    "batch": BatchModel,
    "state": StateModel,
    "accumulate": AccumulateModel,
    "loss-scale": LossScaleModel,
    "ema": EmaModel,
}
#: What a mapping at the end of a path looks like, where an example says more than the word.
_EXAMPLES = {
    "optimizer": "{adam: {lr: 0.1}}",
    "schedule": "{step: {every: 2, factor: 0.5}}",
    "native.torch.optimizer": "{AdamW: {lr: 0.1}}",
    "native.jax.optimizer": "{adamw: {learning_rate: 0.1}}",
}
#: What means nothing without a key, and is not blamed for what is wrong there.
_STAND_ON = {"optimizer": ("steps", "schedule", "clip", "groups", "native", "ema", "loss-scale")}
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
            for gone in (key, *_STAND_ON.get(key, ())):
                data.pop(gone, None)
    try:
        return CaseModel.model_validate(data)
    except ValidationError:
        return None


class _Error:
    """One of pydantic's errors, in a document."""

    def __init__(self, document: Mapping, error: Any) -> None:
        self.document = document
        self.kind: str = error["type"]
        self.context: dict[str, Any] = error.get("ctx", {})
        self.given = error.get("input")
        self.said: str = error["msg"]
        self.path = [step for step in error["loc"] if not _is_tag(step)]

    @property
    def name(self) -> str:
        """The path in words, for the front of a message."""
        return ".".join(_step(step) for step in self.path if step != "[key]")


def _step(step: Any) -> str:
    """A key or an index, short and without what no line can show."""
    text = printable(str(step))
    return text if len(text) <= 60 else f"{text[:57]}…"


def _add(document: Mapping, found: Any, faults: Faults) -> None:
    """Say one of pydantic's errors in our words."""
    error = _Error(document, found)
    say = _SAID.get(error.kind)
    if say is not None:
        message = say(error)
    elif error.kind in _EXPECTED:
        message = f"{error.name}: {shown(error.given)}, expected {_expected(error)}"
    else:
        message = f"{error.name}: {error.said}"
    add = faults.limit if _is_limit(error) else faults.add
    add(message, _place(error))


def _expected(error: _Error) -> str:
    """In words, with an example where one is known."""
    parent, _, _ = error.name.rpartition(".")
    example = _EXAMPLES.get(error.name) or _EXAMPLES.get(parent)
    expected = _EXPECTED[error.kind]
    return f"{expected} such as {example}" if example and expected == "a mapping" else expected


def _is_limit(error: _Error) -> bool:
    if error.kind == "too_long":
        return error.context["max_length"] > 10  # fewer is a matter of form
    return error.kind in ("limit", "less_than_equal", "string_too_long")


def _is_tag(step: Any) -> bool:
    """Steps that name the branch of a union, not a key."""
    return isinstance(step, str) and step.startswith("<") and step.endswith(">")


def _place(error: _Error) -> Place:
    """A missing key's parent, an unknown key, else the value at fault."""
    document, path = error.document, error.path
    if path and path[-1] == "[key]":
        return key_place(document, path[:-1])
    if error.kind == "missing":
        return document.place if len(path) == 1 else key_place(document, path[:-1])
    if error.kind == "extra_forbidden":
        return key_place(document, path)
    if error.kind == "union_tag_not_found" and error.given:
        names = [key for key in error.given if nearest(str(key), SPECS)] or list(error.given)
        return key_place(document, [*path, names[0]])
    return find(document, path).place


def _missing(error: _Error) -> str:
    *parents, key = error.path
    of = f" of {'.'.join(map(str, parents))}" if parents else ""
    return f"the key {key!r}{of} is missing, expected {_MEANINGS.get(key, 'a value for it')}"


def _unknown_key(error: _Error) -> str:
    document, path = error.document, error.path
    key = path[-1]
    if len(path) == 1:
        return unknown("key", key, _keys(CaseModel), meant=another_key(str(key)))
    parent = find(document, path[:-1])
    given = list(parent.entries) if isinstance(parent, Mapping) else []
    name, model = _model_beside(path, given)
    return unknown(f"key of {name}", key, _keys(model))


#: A key that only one model of mappings inside another has → what to call it, and the model.
_TOLD_BY = {
    **{name: (name, model) for name, model in SPECS.items()},
    "is": ("a rounded number", Rounded),
    "between": ("a set", Between),
}
#: The same for the key under which a mapping stands.
_UNDER = {"complex": ("complex", Parts), "bound": ("a bound", BoundModel)}


def _model_beside(path: Sequence[Any], given: Sequence[str]) -> tuple[str, Any]:
    """The model that a mapping is read by, from its path and its keys."""
    if path[-2] in _UNDER:
        return _UNDER[path[-2]]
    of_a_record = path[0] == "divergences" and isinstance(path[-2], int)
    told = [key for key in _TOLD_BY if key in given and not of_a_record]
    if told:
        return _TOLD_BY[told[0]]
    if path[0] == "native":
        return "native", NativeModel
    return str(path[0]), _PARTS[path[0]]


def _keys(model: Any) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _unknown_tensor(error: _Error) -> str:
    given, kinds = error.given, ", ".join(SPECS)
    expected = f"expected a number, a list or one of {kinds}"
    if not isinstance(given, dict) or not given:
        return f"{error.name}: {shown(given)} with no keys, {expected}"
    found = [key for key in given if key in SPECS]
    if len(found) > 1:
        return f"{error.name}: a tensor that is both {found[0]} and {found[1]}, expected one kind"
    close = [(key, nearest(str(key), SPECS)) for key in given]
    key, hint = next((pair for pair in close if pair[1]), close[0])
    end = f"; did you mean {hint!r}?" if hint else ""
    return f"{error.name}: no kind of tensor is called {key!r}, {expected}{end}"


def _unknown_word(error: _Error) -> str:
    expected = error.context["expected"].replace(" or ", ", ")
    valid = [word.strip("'") for word in expected.split(", ")]
    key = next(step for step in reversed(error.path) if isinstance(step, str))
    what = {"dtypes": "dtype", "checks": "check"}.get(key, key)
    meant = another_dtype(str(error.given)) if what == "dtype" else ""
    return unknown(what, error.given, valid, meant=meant)


def _wrong_name(error: _Error) -> str:
    expected = _PATTERNS.get(str(error.path[0]), "a letter, then letters, digits and _")
    return f"{error.name}: the name {shown(error.given)}, expected {expected}"


def _plain(error: _Error) -> str:
    ours = meant_together(str(error.path[-1])) if error.path[0] in ("optimizer", "groups") else ""
    return f"{error.name}: {error.said}" + (f"; did you mean {ours}?" if ours else "")


def _bound(key: str, words: str) -> Callable[[_Error], str]:
    return lambda error: (
        f"{error.name}: {shown(error.given)}, expected {words} {error.context[key]}"
    )


_MEANINGS = {
    "case": "the case's name",
    "about": "one line that says what it is about",
    "params": "the tensors to differentiate",
    "program": "the computation",
    "because": "the reason in words",
    "within": "how far the published number was rounded",
    "kind": "one of convention, default, kink, singular, precision, unsupported, bug",
}

#: pydantic's error type → the message.
_SAID: dict[str, Callable[[_Error], str]] = {
    "missing": _missing,
    "extra_forbidden": _unknown_key,
    "union_tag_not_found": _unknown_tensor,
    "literal_error": _unknown_word,
    "string_pattern_mismatch": _wrong_name,
    "plain": _plain,
    "limit": lambda error: f"{error.name}: {error.said}, expected at most that",
    "string_too_long": lambda error: (
        f"{error.name}: text of more than {error.context['max_length']} characters, expected at "
        "most that"
    ),
    "too_long": lambda error: (
        f"{error.name}: more than {error.context['max_length']} items, expected at most that"
    ),
    "too_short": lambda error: (
        f"{error.name}: {error.context['actual_length']} items, expected at least "
        f"{error.context['min_length']}"
    ),
    "greater_than_equal": _bound("ge", "at least"),
    "greater_than": _bound("gt", "more than"),
    "less_than_equal": _bound("le", "at most"),
    "less_than": _bound("lt", "less than"),
}

"""The small types of the models: numbers, counts and shapes that a sweep's name may stand for."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from . import limits
from .faults import shown

#: Names of tensors, variables and sweeps: they begin with a letter.
NAME_PATTERN = r"^[A-Za-z][A-Za-z0-9_]*$"

_NAME = {"type": "string", "pattern": NAME_PATTERN}


def _fault(value: Any, expected: str) -> PydanticCustomError:
    return PydanticCustomError(
        "plain", "{given}, expected {expected}", {"given": shown(value), "expected": expected}
    )


def is_number(value: Any) -> bool:
    """Whether it is a number; a truth value is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _name(value: Any) -> bool:
    return isinstance(value, str) and value.isidentifier()


def _number(value: Any) -> Any:
    if is_number(value) or _name(value):
        return value
    raise _fault(value, "a number or a sweep's name")


def _scalar(value: Any) -> Any:
    return value if isinstance(value, bool) else _number(value)


def _setting(value: Any) -> Any:
    if isinstance(value, list) and all(is_number(x) for x in value):
        return tuple(value)
    return _scalar(value)


def _count(value: Any) -> Any:
    if _name(value) or (is_number(value) and isinstance(value, int) and value >= 0):
        return value
    raise _fault(value, "a whole number from 0 up, or a sweep's name")


def _shape(value: Any) -> Any:
    if not isinstance(value, list):
        return _count(value)
    if len(value) > limits.DIMENSIONS:
        raise PydanticCustomError(
            "limit", "a shape of more than {most} dimensions", {"most": limits.DIMENSIONS}
        )
    for size in value:
        if not (_name(size) or (is_number(size) and isinstance(size, int) and size >= 0)):
            raise _fault(size, "a shape: whole numbers from 0 up, or sweeps' names")
    return tuple(value)


def _sweep_value(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str) and len(value) <= 100:
        return value
    if isinstance(value, list) and all(
        x is None or isinstance(x, bool | int | float) for x in value
    ):
        return tuple(value)
    raise _fault(value, "a number, a word, true, false, null or a list of numbers")


def _text(value: Any) -> Any:
    if isinstance(value, str) and value.strip():
        if len(value) > limits.TEXT:
            raise PydanticCustomError(
                "limit", "text of more than {most} characters", {"most": limits.TEXT}
            )
        return value
    raise _fault(value, "text")


Number = Annotated[
    Any, PlainValidator(_number), WithJsonSchema({"anyOf": [{"type": "number"}, _NAME]})
]
Scalar = Annotated[
    Any,
    PlainValidator(_scalar),
    WithJsonSchema({"anyOf": [{"type": ["number", "boolean"]}, _NAME]}),
]
Setting = Annotated[
    Any,
    PlainValidator(_setting),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": ["number", "boolean"]},
                _NAME,
                {"type": "array", "items": {"type": "number"}},
            ]
        }
    ),
]
Count = Annotated[
    Any,
    PlainValidator(_count),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, _NAME]}),
]
Shape = Annotated[
    Any,
    PlainValidator(_shape),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                _NAME,
                {
                    "type": "array",
                    "items": {"anyOf": [{"type": "integer", "minimum": 0}, _NAME]},
                },
            ]
        }
    ),
]
SweepValue = Annotated[
    Any,
    PlainValidator(_sweep_value),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": ["number", "string", "boolean", "null"]},
                {"type": "array", "items": {"type": ["number", "boolean", "null"]}},
            ]
        }
    ),
]
Text = Annotated[
    str, PlainValidator(_text), WithJsonSchema({"type": "string", "minLength": 1}), Field()
]

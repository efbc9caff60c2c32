"""The keys of a case file, of its JSON Schema: what each says, its default and an example."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gradparity.cases.models import json_schema
from gradparity.cases.tensor_kinds import SPECS

from .writing import code, fence, plain, table, yaml

#: The models that stand within others, where they stand, and what they are called here.
WITHIN = {
    "ExpectModel": "Keys of `expect`",
    "Rounded": "A rounded number",
    "Between": "A set of values",
    "DivergenceModel": "Keys of a record of `divergences`",
    "BoundModel": "Keys of `bound`",
    "ToleranceModel": "Keys of `tolerance`",
    "BatchModel": "Keys of `batch`",
    "StateModel": "Keys of a variable under `state`",
    "AccumulateModel": "Keys of `accumulate`",
    "LossScaleModel": "Keys of `loss-scale`",
    "EmaModel": "Keys of `ema`",
    "NativeModel": "Keys of an adapter under `native`",
}


def pages() -> Mapping[str, str]:
    """The parts of the pages on cases and on tensors."""
    schema = json_schema()
    return {
        "parts/keys.md": "\n".join(_keys(schema)),
        "parts/within.md": "\n".join(_within(schema)),
        "parts/tensors.md": "\n".join(_tensors(schema)),
    }


def _keys(schema: dict[str, Any]) -> Iterator[str]:
    required = schema["required"]
    for key, described in schema["properties"].items():
        yield f"## `{key}`\n"
        words = [_sentence(described["description"])]
        words += [f"One of {', '.join(map(code, choices))}." for choices in _choices(described)]
        words += ["It has to be there."] if key in required else []
        if described.get("default"):
            words += [f"Without it, {code(yaml(described['default'], flow=True))}."]
        yield " ".join(words) + "\n"
        yield fence(yaml({key: described["examples"][0]}), "yaml")


def _within(schema: dict[str, Any]) -> Iterator[str]:
    for name, title in WITHIN.items():
        model = schema["$defs"][name]
        yield f"## {title}\n"
        yield plain(model["description"]) + "\n"
        yield table(("key", "what it says", "example"), _rows(model))


def _tensors(schema: dict[str, Any]) -> Iterator[str]:
    shared = ["dtype", "seed"]
    for key, model in SPECS.items():
        described = schema["$defs"][model.__name__]
        own = {k: v for k, v in described["properties"].items() if k not in shared}
        yield f"## `{key}`\n"
        yield plain(described["description"]) + "\n"
        yield fence(
            yaml({"x": {k: v["examples"][0] for k, v in own.items()}}),
            "yaml",
        )
        yield table(("key", "what it says", "example"), _rows(described | {"properties": own}))
    yield "## Keys of every kind\n"
    model = schema["$defs"]["Normal"]
    both = {k: model["properties"][k] for k in shared}
    yield table(("key", "what it says", "example"), _rows({"properties": both}))


def _rows(model: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    required = model.get("required", ())
    for key, described in model["properties"].items():
        words = [_sentence(described["description"])]
        words += [f"One of {', '.join(map(code, choices))}." for choices in _choices(described)]
        words += ["It has to be there."] if key in required and len(required) > 1 else []
        if described.get("default"):
            words += [f"Without it, {code(yaml(described['default'], flow=True))}."]
        yield code(key), " ".join(words), code(yaml(described["examples"][0], flow=True))


def _choices(described: Any) -> Iterator[list[str]]:
    """The words that a value, or an element of it, is one of."""
    if isinstance(described, dict):
        if "enum" in described:
            yield described["enum"]
        for key in ("items", "anyOf"):
            held = described.get(key, [])
            for inner in held if isinstance(held, list) else [held]:
                yield from _choices(inner)


def _sentence(text: str) -> str:
    return plain(text[0].upper() + text[1:]) + "."

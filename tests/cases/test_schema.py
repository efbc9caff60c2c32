"""The JSON Schema describes every key, and its examples are sound."""

import json

import pytest

import gradparity as gp
from gradparity.cases import json_schema
from gradparity.cases.examples import EXAMPLES
from gradparity.cases.models import (
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
from gradparity.cases.tensor_kinds import SPECS, Parts

SCHEMA = json_schema()
KEYS = [
    (model, key)
    for model, schema in {"CaseModel": SCHEMA, **SCHEMA["$defs"]}.items()
    for key in schema.get("properties", {})
]
MODELS = {
    model.__name__: model
    for model in (
        CaseModel,
        ExpectModel,
        Rounded,
        Between,
        DivergenceModel,
        BoundModel,
        ToleranceModel,
        BatchModel,
        NativeModel,
        StateModel,
        AccumulateModel,
        LossScaleModel,
        EmaModel,
        Parts,
        *SPECS.values(),
    )
}

#: The keys of a model that have to be there beside any other.
NEEDED = {
    "Rounded": {"is", "within"},
    "Between": {"between"},
    "DivergenceModel": {"adapters", "check", "tensor", "kind", "because"},
    "ToleranceModel": {"because"},
    "BatchModel": {"size"},
    "Parts": {"re", "im"},
    "Full": {"full", "value"},
    "Integers": {"integers", "high"},
    **{model.__name__: {key} for key, model in SPECS.items() if key not in ("full", "integers")},
}

ONE_LAYER = {
    "case": "one-layer",
    "about": "The worked example.",
    "inputs": {"x": 1.0, "y": 0.0},
    "params": {"W": 0.5, "b": 0.0},
    "program": "z = W * x + b\na = z\nloss = (a - y) ** 2",
    "optimizer": {"sgd": {"lr": 0.1}},
}
TEXTS = {"numpy": ONE_LAYER["program"], "jax": ONE_LAYER["program"].replace("W", "kernel")}

#: What else a case needs for an example of the key to mean something.
BESIDE = {
    "maps": {"program": TEXTS},
    "cotangent": {
        "params": {"W": [0.5, 1.0], "b": 0.0},
        "program": "z = W * x + b - y",
        "output": "z",
    },
    "tangents": {"checks": ["jvp"]},
    "batch": {
        "inputs": {"x": {"normal": [8]}, "y": 0.0},
        "program": "loss = mean((W * x + b - y) ** 2)",
    },
    "state": {"program": "new_m = 0.5 * m + W * x\nloss = (new_m + b - y) ** 2"},
    "accumulate": {"steps": 2},
    "sweep": {"program": "z = W * x + b\nloss = $act(z) - y"},
    "avoid": {"program": "z = W * x + b\nloss = abs(z - y)"},
}


@pytest.mark.parametrize(("model", "key"), KEYS)
def test_every_key_is_described_with_an_example(model, key):
    schema = SCHEMA if model == "CaseModel" else SCHEMA["$defs"][model]
    described = schema["properties"][key]
    assert len(described["description"]) > 7
    assert described["examples"]
    json.dumps(described["examples"])


def test_no_example_is_of_a_key_that_is_gone():
    held = {model: {key for of, key in KEYS if of == model} for model in EXAMPLES}
    assert {m: set(keys) - held[m] for m, keys in EXAMPLES.items() if set(keys) - held[m]} == {}


@pytest.mark.parametrize(("model", "key"), KEYS)
def test_an_example_is_of_its_keys_type(model, key):
    schema = SCHEMA if model == "CaseModel" else SCHEMA["$defs"][model]
    needed = NEEDED.get(model, set()) | set(schema.get("required", ()))
    given = {k: schema["properties"][k]["examples"][0] for k in {*needed, key}}
    read = MODELS[model].model_validate(given)
    assert key in read.model_dump(by_alias=True)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("key", EXAMPLES["CaseModel"])
def test_a_case_with_the_example_runs(key):
    case = {**ONE_LAYER, **BESIDE.get(key, {}), key: EXAMPLES["CaseModel"][key]}
    if key == "optimizer":
        case["steps"] = 2
    frame = gp.run(case, adapters=["numpy"], dtypes=["float64"])
    assert set(frame.verdict) == {"agree"}

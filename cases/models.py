"""The shape of a case file as typed models: what keys there are, and of which type each value is.

They say nothing about how values go together; ``checks`` and ``tensors`` do. The JSON Schema for
editors is made from them.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from . import limits
from .faults import shown
from .tensor_kinds import Strict, Tensor, TensorDtype
from .values import NAME_PATTERN, Number, Scalar, Setting, SweepValue, Text

Dtype = Literal["float64", "float32", "float16", "bfloat16", "complex128", "complex64"]
Check = Literal["value", "grad", "jvp", "hvp", "vmap", "update"]
Kind = Literal["convention", "default", "kink", "singular", "precision", "unsupported", "bug"]
Order = Literal["sequential", "shuffled"]

DTYPES: tuple[str, ...] = get_args(Dtype)
CHECKS: tuple[str, ...] = get_args(Check)
#: The checks of whose results a case may have hand-derived truths.
EXPECTED = tuple(check for check in CHECKS if check != "vmap")
KINDS: tuple[str, ...] = get_args(Kind)

Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=100)]
Word = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=50)]


def _truth_kind(value: Any) -> str | None:
    for tag, model, key in (("<rounded>", Rounded, "is"), ("<set>", Between, "between")):
        if isinstance(value, model) or (isinstance(value, dict) and key in value):
            return tag
    return "<tensor>"


class Rounded(Strict):
    """A published number, which was rounded when it was printed."""

    is_: Tensor = Field(alias="is")
    within: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Between(Strict):
    """A set of values that are all right, as a subdifferential: bounds, element by element."""

    between: Annotated[list[Tensor], Field(min_length=2, max_length=2)]
    total: Number | None = Field(
        None, description="what the elements add up to, as the shares of tied maxima do"
    )


class BoundModel(Strict):
    """How far off a framework is at most, beside the truth, element by element."""

    rel: Annotated[float, Field(ge=0, lt=0.5)] | None = Field(
        None, description="of the truth's magnitude: less than 0.5, so that no zero passes"
    )
    abs: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        None, description="added to it; never more than half of a truth that is not zero"
    )


Recorded = Annotated[
    Annotated[Rounded, Tag("<rounded>")] | Annotated[Tensor, Tag("<tensor>")],
    Discriminator(_truth_kind),
]
Truth = Annotated[
    Annotated[Rounded, Tag("<rounded>")]
    | Annotated[Between, Tag("<set>")]
    | Annotated[Tensor, Tag("<tensor>")],
    Discriminator(_truth_kind),
]
At = dict[Name, SweepValue]


class ExpectModel(Strict):
    """Hand-derived truths, of all points or of those that ``at`` picks."""

    at: At = {}
    value: dict[str, Truth] = {}
    grad: dict[str, Truth] = {}
    jvp: dict[str, Truth] = {}
    hvp: dict[str, Truth] = {}
    update: dict[str, Truth] = {}


def _text_or_texts(value: Any) -> str:
    return "<mapping>" if isinstance(value, dict) else "<text>"


_ProgramText = Annotated[str, Field(max_length=limits.PROGRAM_CHARACTERS)]

#: The key of the words beside the spellings that agree, which stand under adapters' names.
SAY = "say"

#: In place of a program where a case trains: the case's own rule, as the adapter spells it.
RULE = "rule"


#: What pages link to: a web address, without what would end a link in Markdown or HTML.
_ADDRESS = re.compile(r"https?://[^\s<>()\[\]{}\"'`\\]+")


def _addresses(text: str) -> str:
    for word in text.split():
        if not _ADDRESS.fullmatch(word):
            raise PydanticCustomError(
                "plain", "{word}, expected addresses as https://…", {"word": shown(word)}
            )
    return text


#: The keys of which a record has one: what the framework returns, or the error it raises.
FORMS = ("value", "bound", "between", "raises")


class DivergenceModel(Strict):
    """A recorded disagreement."""

    adapters: Annotated[list[Text], Field(min_length=1)]
    check: Check
    tensor: Text
    kind: Kind
    because: Text
    value: Recorded | None = None
    bound: BoundModel | None = Field(
        None, description="in place of a value: how far off the truth it is at most"
    )
    between: Annotated[list[Tensor], Field(min_length=2, max_length=2)] | None = Field(
        None, description="in place of a value: the ends of the set that it returns one of"
    )
    returned_dtype: TensorDtype | None = Field(
        None,
        alias="returned-dtype",
        description="the dtype that is returned, where it is not the one that should be",
    )
    raises: Text | None = Field(
        None, description="in place of a value: a part of the message that the framework raises"
    )
    since: Annotated[int, Field(ge=1)] = Field(
        1, alias="from", description="the first step of an update, from 1, at which it shows"
    )
    agree_by: Annotated[
        Annotated[Text, Tag("<text>")]
        | Annotated[dict[str, _ProgramText], Field(min_length=1), Tag("<mapping>")],
        Discriminator(_text_or_texts),
    ] = Field(
        "",
        alias="agree-by",
        description="how to agree, in words; or say: words, and adapter: the program that agrees "
        "(rule, where the case trains: its own rule, as the adapter spells it)",
    )
    see: Annotated[Text, AfterValidator(_addresses)] = ""
    at: At = {}
    dtypes: Annotated[list[Dtype], Field(min_length=1)] | None = None

    @property
    def forms(self) -> list[str]:
        """Under which of ``FORMS`` it says what the framework returns: exactly one is right."""
        return [form for form in FORMS if getattr(self, form) is not None]

    @property
    def said(self) -> str:
        """How to agree, in words."""
        return self.agree_by if isinstance(self.agree_by, str) else self.agree_by.get(SAY, "")

    @property
    def spellings(self) -> dict[str, str]:
        """Adapter → the program with which it agrees with the truth."""
        given = {} if isinstance(self.agree_by, str) else self.agree_by
        return {name: text for name, text in given.items() if name != SAY}


class ToleranceModel(Strict):
    """A bound set by hand."""

    because: Text
    rel: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    abs: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None


class BatchModel(Strict):
    """The rows of the inputs that a step sees."""

    size: Annotated[int, Field(ge=1)]
    order: Order = "sequential"


class StateModel(Strict):
    """A variable that is carried from step to step, as running statistics are."""

    from_: Tensor = Field(alias="from", description="what it is at the first step")
    next: Name = Field(description="the variable whose value it has at the next step")


class AccumulateModel(Strict):
    """Gradients of several backward passes that make one update; a step is a pass."""

    passes: Annotated[int, Field(ge=2, le=limits.STEPS)]
    as_: Literal["sum", "mean"] = Field(alias="as")


_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class LossScaleModel(Strict):
    """A loss that is multiplied before it is differentiated, against underflow."""

    init: _Positive
    growth: _Positive = 2.0
    backoff: _Positive = 0.5
    every: Annotated[int, Field(ge=1)] = 2000


class EmaModel(Strict):
    """An exponential moving average of the parameters."""

    decay: Annotated[float, Field(ge=0, lt=1)]
    start: Literal["params", "zeros", "first"] = Field(
        description="what it is before the first update: the parameters, zeros, or what they are "
        "after it"
    )
    debias: bool = False


#: One entry: a name out of a table, and its attributes.
_Named = Annotated[dict[str, dict[str, Setting]], Field(min_length=1, max_length=1)]


class NativeModel(Strict):
    """What one framework calls in place of the case's own: constructors with their defaults."""

    optimizer: _Named | None = None
    schedule: _Named | None = None
    clip: _Named | None = None


def _text_or_list(value: Any) -> str:
    return "<list>" if isinstance(value, list) else "<text>"


def _one_or_many(value: Any) -> str:
    return "<list>" if isinstance(value, list) else "<mapping>"


class CaseModel(Strict):
    """One document of a case file."""

    model_config = ConfigDict(title="A gradparity case")

    case: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=100)]
    about: Text
    tags: Annotated[list[Word], Field(max_length=100)] = []
    inputs: dict[Name, Tensor] = {}
    params: Annotated[dict[Name, Tensor], Field(min_length=1)]
    program: Annotated[
        Annotated[_ProgramText, Tag("<text>")]
        | Annotated[dict[str, _ProgramText], Tag("<mapping>")],
        Discriminator(_text_or_texts),
    ]
    maps: dict[Text, Annotated[dict[Name, _ProgramText], Field(min_length=1)]] = Field(
        {},
        description="adapter → a name in its text → what it is made of, in the case's own tensors: "
        "jax: {kernel: W.T}",
    )
    output: Text | None = None
    cotangent: Tensor | None = None
    tangents: dict[Name, Tensor] = Field(
        {},
        description="parameter → the direction it is moved along for jvp and hvp; the others stay",
    )
    checks: Annotated[list[Check], Field(min_length=1)] | None = None
    optimizer: Annotated[dict[str, dict[str, Scalar]], Field(min_length=1, max_length=1)] | None = (
        None
    )
    groups: dict[Name, dict[str, Scalar]] = {}
    schedule: _Named | None = None
    clip: (
        Annotated[dict[str, dict[str, Scalar] | Number], Field(min_length=1, max_length=1)] | None
    ) = None
    native: dict[str, NativeModel] = {}
    state: Annotated[dict[Name, StateModel], Field(max_length=100)] = Field(
        {}, description="name → what it is first, and the variable that it is at the next step"
    )
    accumulate: AccumulateModel | None = None
    loss_scale: LossScaleModel | None = Field(None, alias="loss-scale")
    ema: EmaModel | None = None
    steps: Annotated[int, Field(ge=1, le=limits.STEPS)] = 1
    batch: BatchModel | None = None
    dtypes: Annotated[list[Dtype], Field(min_length=1, max_length=20)] = ["float64", "float32"]
    sweep: dict[
        Name, Annotated[list[SweepValue], Field(min_length=1, max_length=limits.POINTS)]
    ] = {}
    expect: (
        Annotated[
            Annotated[ExpectModel, Tag("<mapping>")]
            | Annotated[list[ExpectModel], Field(max_length=1000), Tag("<list>")],
            Discriminator(_one_or_many),
        ]
        | None
    ) = None
    tolerance: ToleranceModel | None = None
    divergences: Annotated[list[DivergenceModel], Field(max_length=1000)] = []
    versions: dict[Text, Text] = Field(
        {}, description="adapter → the version with which its divergences were recorded"
    )
    modes: dict[
        Text,
        Annotated[
            Annotated[Text, Tag("<text>")]
            | Annotated[list[Text], Field(min_length=1), Tag("<list>")],
            Discriminator(_text_or_list),
        ],
    ] = Field(
        {},
        description="adapter → another way it runs the case: jax eager, torch create-graph; or "
        "several, each of which is run: jax [jit, eager]",
    )
    avoid: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = Field(
        None, description="how far every operation keeps from its kinks, intermediate values too"
    )
    skip: dict[Text, Text] = {}

    @property
    def expectations(self) -> list[ExpectModel]:
        """``expect`` as a list."""
        if self.expect is None:
            return []
        return self.expect if isinstance(self.expect, list) else [self.expect]

    @property
    def all_checks(self) -> frozenset[str]:
        """The checks asked for, else value and grad, and update where there is an optimizer."""
        if self.checks is not None:
            return frozenset(self.checks)
        return frozenset(("value", "grad") + (("update",) if self.optimizer else ()))


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of one document of a case file, for editors."""
    schema = CaseModel.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}

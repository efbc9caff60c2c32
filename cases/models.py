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
from .examples import example
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

    is_: Tensor = Field(alias="is", description="the number as it was printed")
    within: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        description="how far off it each element may be: half a unit of the last digit printed"
    )


class Between(Strict):
    """A set of values that are all right, as a subdifferential: bounds, element by element."""

    between: Annotated[list[Tensor], Field(min_length=2, max_length=2)] = Field(
        description="the least and the greatest value, numbers or tensors"
    )
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
    steps: Literal["all", "some"] = Field(
        "all",
        description="at which steps it shows; some, where rounding explains the error at others",
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

    at: At = Field({}, description="the points of the sweep that it holds at; all, if not given")
    value: dict[str, Truth] = Field({}, description="variable → its value in the forward pass")
    grad: dict[str, Truth] = Field(
        {}, description="parameter or variable → the gradient with respect to it"
    )
    jvp: dict[str, Truth] = Field({}, description="variable → its tangent along `tangents`")
    hvp: dict[str, Truth] = Field(
        {}, description="parameter → its part of the Hessian times `tangents`"
    )
    update: dict[str, Truth] = Field({}, description="parameter → its value after the last step")


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


#: Fewer characters of a message are in many another.
MESSAGE = 4


def _message(text: str) -> str:
    if len(text.strip()) < MESSAGE:
        raise PydanticCustomError(
            "plain",
            "{text}, expected a part of the message that is in no other, of at least {least} "
            "characters",
            {"text": shown(text), "least": MESSAGE},
        )
    return text


#: The keys of which a record has one: what the framework returns, or the error it raises.
FORMS = ("value", "bound", "between", "raises")


class DivergenceModel(Strict):
    """A recorded disagreement."""

    adapters: Annotated[list[Text], Field(min_length=1)] = Field(
        description="the frameworks that are off"
    )
    check: Check = Field(description="which check of theirs is off")
    tensor: Text = Field(description="the parameter or variable that is off")
    kind: Kind = Field(description="what sort of disagreement it is")
    because: Text = Field(description="why they disagree, in a sentence")
    value: Recorded | None = Field(
        None, description="what is returned, exactly; or is: and within:, where processors differ"
    )
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
    raises: Annotated[Text, AfterValidator(_message)] | None = Field(
        None,
        description="in place of a value: a part of the message that the framework raises, of "
        f"{MESSAGE} characters at least",
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
    see: Annotated[Text, AfterValidator(_addresses)] = Field(
        "", description="addresses of what is known of it, as an upstream issue"
    )
    at: At = Field({}, description="the points of the sweep that it shows at; all, if not given")
    dtypes: Annotated[list[Dtype], Field(min_length=1)] | None = Field(
        None, description="the dtypes that it shows in; all of the case's, if not given"
    )
    processors: Literal["all", "some"] = Field(
        "all", description="some, where other processors give the truth"
    )

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

    because: Text = Field(description="why the derived bound does not do")
    rel: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        None, description="of the truth's magnitude"
    )
    abs: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        None, description="added to it"
    )


class BatchModel(Strict):
    """The rows of the inputs that a step sees."""

    size: Annotated[int, Field(ge=1)] = Field(
        description="how many rows of every input that has rows"
    )
    order: Order = Field(
        "sequential", description="as they stand, or shuffled anew in every epoch by a seed"
    )


class StateModel(Strict):
    """A variable that is carried from step to step, as running statistics are."""

    from_: Tensor = Field(alias="from", description="what it is at the first step")
    next: Name = Field(description="the variable whose value it has at the next step")


class AccumulateModel(Strict):
    """Gradients of several backward passes that make one update; a step is a pass."""

    passes: Annotated[int, Field(ge=2, le=limits.STEPS)] = Field(
        description="how many backward passes make one update"
    )
    as_: Literal["sum", "mean"] = Field(
        alias="as", description="what becomes of the passes' gradients"
    )


_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class LossScaleModel(Strict):
    """A loss that is multiplied before it is differentiated, against underflow."""

    init: _Positive = Field(description="the scale of the first step")
    growth: _Positive = Field(
        2.0, description="what it is multiplied by after so many updates in a row (every)"
    )
    backoff: _Positive = Field(
        0.5, description="what it is multiplied by where a gradient is not finite; no update then"
    )
    every: Annotated[int, Field(ge=1)] = Field(
        2000, description="how many updates in a row it takes for the scale to grow"
    )


class EmaModel(Strict):
    """An exponential moving average of the parameters."""

    decay: Annotated[float, Field(ge=0, lt=1)] = Field(
        description="the share of the average that stays at each step"
    )
    start: Literal["params", "zeros", "first"] = Field(
        description="what it is before the first update: the parameters, zeros, or what they are "
        "after it"
    )
    debias: bool = Field(
        default=False,
        description="whether it is divided by one less the decay's power, as Adam's are",
    )


#: One entry: a name out of a table, and its attributes.
_Named = Annotated[dict[str, dict[str, Setting]], Field(min_length=1, max_length=1)]


class NativeModel(Strict):
    """What one framework calls in place of the case's own: constructors with their defaults."""

    optimizer: _Named | None = Field(
        None, description="a constructor of torch.optim or optax, with what it is given"
    )
    schedule: _Named | None = Field(
        None, description="a constructor of torch.optim.lr_scheduler or an optax schedule"
    )
    clip: _Named | None = Field(None, description="a function of torch or optax that clips")
    accumulate: _Named | None = Field(None, description="optax's MultiSteps, with what it is given")
    loss_scale: _Named | None = Field(
        None,
        alias="loss-scale",
        description="torch's GradScaler (unscale_: false where it unscales after the clip), or "
        "optax's apply_if_finite",
    )
    ema: _Named | None = Field(
        None, description="an average of torch.optim.swa_utils or of optax, with what it is given"
    )

    def part(self, name: str) -> dict[str, dict[str, Any]] | None:
        """What stands for a part of a training step, as ``loss-scale`` is called in a case."""
        return getattr(self, name.replace("-", "_"))


def _text_or_list(value: Any) -> str:
    return "<list>" if isinstance(value, list) else "<text>"


def _one_or_many(value: Any) -> str:
    return "<list>" if isinstance(value, list) else "<mapping>"


class CaseModel(Strict):
    """One document of a case file."""

    model_config = ConfigDict(title="A gradparity case")

    case: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=100)] = Field(
        description="its name, in kebab-case, which no other case of a run has"
    )
    about: Text = Field(description="what it shows, in a line")
    tags: Annotated[list[Word], Field(max_length=100)] = Field(
        [], description="words to select it by; markers under pytest"
    )
    inputs: dict[Name, Tensor] = Field({}, description="tensors that are not differentiated")
    params: Annotated[dict[Name, Tensor], Field(min_length=1)] = Field(
        description="tensors that are differentiated, and updated by the optimizer"
    )
    program: Annotated[
        Annotated[_ProgramText, Tag("<text>")]
        | Annotated[dict[str, _ProgramText], Tag("<mapping>")],
        Discriminator(_text_or_texts),
    ] = Field(
        description="the computation, an assignment a line; or adapter: its text, where texts "
        "differ, of which numpy's is the reference's"
    )
    maps: dict[Text, Annotated[dict[Name, _ProgramText], Field(min_length=1)]] = Field(
        {},
        description="adapter → a name in its text → what it is made of, in the case's own tensors",
    )
    output: Text | None = Field(
        None, description="the variable that is differentiated; loss, else the last one assigned"
    )
    cotangent: Tensor | None = Field(
        None,
        description="what an output that is no scalar is contracted with; else seeded normal "
        "numbers",
    )
    tangents: dict[Name, Tensor] = Field(
        {},
        description="parameter → the direction it is moved along for jvp and hvp; the others stay",
    )
    checks: Annotated[list[Check], Field(min_length=1)] | None = Field(
        None,
        description="what is compared; value and grad, and update where there is an optimizer, "
        "if not given",
    )
    optimizer: Annotated[dict[str, dict[str, Scalar]], Field(min_length=1, max_length=1)] | None = (
        Field(None, description="the update rule, and its hyperparameters; no update, if none")
    )
    groups: dict[Name, dict[str, Scalar]] = Field(
        {}, description="parameter → hyperparameters that it has in place of the optimizer's"
    )
    schedule: _Named | None = Field(
        None, description="how the learning rate goes with the steps; constant, if none"
    )
    clip: (
        Annotated[dict[str, dict[str, Scalar] | Number], Field(min_length=1, max_length=1)] | None
    ) = Field(None, description="how gradients are clipped before the update; not, if none")
    native: dict[str, NativeModel] = Field(
        {},
        description="adapter → the framework's own constructors, called in place of the case's "
        "optimizer, schedule, clip, accumulate, loss-scale or ema",
    )
    state: Annotated[dict[Name, StateModel], Field(max_length=100)] = Field(
        {}, description="name → what it is first, and the variable that it is at the next step"
    )
    accumulate: AccumulateModel | None = Field(
        None, description="how many backward passes make one update; each makes one, if not given"
    )
    loss_scale: LossScaleModel | None = Field(
        None,
        alias="loss-scale",
        description="what the loss is multiplied by before it is differentiated; 1, if not given",
    )
    ema: EmaModel | None = Field(
        None, description="a moving average of the parameters, kept beside them"
    )
    steps: Annotated[int, Field(ge=1, le=limits.STEPS)] = Field(
        1, description="how many steps of the optimizer; every one is compared"
    )
    batch: BatchModel | None = Field(
        None, description="the rows of the inputs that a step sees; all of them, if not given"
    )
    dtypes: Annotated[list[Dtype], Field(min_length=1, max_length=20)] = Field(
        ["float64", "float32"], description="the dtypes to run it in, each a task"
    )
    sweep: dict[
        Name, Annotated[list[SweepValue], Field(min_length=1, max_length=limits.POINTS)]
    ] = Field(
        {},
        description="name → its values: the case is run at every point of their product; in the "
        "program the name is a constant, or an operation as $name(x)",
    )
    expect: (
        Annotated[
            Annotated[ExpectModel, Tag("<mapping>")]
            | Annotated[list[ExpectModel], Field(max_length=1000), Tag("<list>")],
            Discriminator(_one_or_many),
        ]
        | None
    ) = Field(None, description="hand-derived truths, held against every framework")
    tolerance: ToleranceModel | None = Field(
        None, description="a bound on the error, in place of the one that is derived"
    )
    divergences: Annotated[list[DivergenceModel], Field(max_length=1000)] = Field(
        [], description="disagreements that are known, recorded strictly"
    )
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
    skip: dict[Text, Text] = Field({}, description="adapter → why it does not run the case")

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
    """The JSON Schema (2020-12) of one document of a case file, every key with an example."""
    schema = CaseModel.model_json_schema(by_alias=True)
    for name, model in {CaseModel.__name__: schema, **schema["$defs"]}.items():
        for key, described in model.get("properties", {}).items():
            described["examples"] = [example(name, key)]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}

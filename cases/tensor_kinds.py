"""The kinds of tensors as typed models: how a case file writes each one.

They say nothing about shapes and numbers; ``tensors`` does.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from .values import Count, Number, Scalar, Shape, Text

TensorDtype = Literal[
    "float64", "float32", "float16", "bfloat16", "complex128", "complex64", "int64", "bool"
]


#: What the key of a kind that has a shape says.
SHAPE = "its shape, as 3 or [3, 4]"


class Strict(BaseModel):
    """What every model of a case file is: of these keys and types, and no other."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class Spec(Strict):
    """What every tensor written as a mapping takes."""

    dtype: TensorDtype | None = Field(None, description="kept in every dtype of the case")
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = Field(
        None, description="instead of the one derived from the case's and the tensor's name"
    )


class Normal(Spec):
    """Normal numbers; complex ones have independent parts and variance ``scale²``."""

    normal: Shape = Field(description=SHAPE)
    scale: Number = Field(1.0, description="the standard deviation")
    loc: Number = Field(0.0, description="the mean")


class Uniform(Spec):
    """Uniform on [low, high)."""

    uniform: Shape = Field(description=SHAPE)
    low: Number = Field(0.0, description="the least that may be drawn")
    high: Number = Field(1.0, description="what all are less than")


class Integers(Spec):
    """Whole numbers of [low, high)."""

    integers: Shape = Field(description=SHAPE)
    low: Number = Field(0, description="the least that may be drawn")
    high: Number = Field(description="what all are less than")


class Zeros(Spec):
    """All zero."""

    zeros: Shape = Field(description=SHAPE)


class Ones(Spec):
    """All one."""

    ones: Shape = Field(description=SHAPE)


class Full(Spec):
    """One value everywhere."""

    full: Shape = Field(description=SHAPE)
    value: Number = Field(description="the number that all elements are")


class Eye(Spec):
    """The identity matrix of so many rows."""

    eye: Count = Field(description="how many rows, and columns")


class Linspace(Spec):
    """Evenly spaced numbers: ``[first, last, how many]``."""

    linspace: Annotated[list[Number], Field(min_length=3, max_length=3)] = Field(
        description="the first, the last, and how many"
    )


class Spd(Spec):
    """A random symmetric (Hermitian) positive definite matrix of so many rows."""

    spd: Count = Field(description="how many rows, and columns")


class Orthogonal(Spec):
    """A random orthogonal (unitary) matrix of so many rows."""

    orthogonal: Count = Field(description="how many rows, and columns")


class Parts(Strict):
    """The real and the imaginary part of a complex tensor."""

    re: Tensor = Field(description="the real part")
    im: Tensor = Field(description="the imaginary part, of the same shape")


class Complex(Spec):
    """A complex tensor from its parts."""

    complex: Parts = Field(description="its two parts")


class File(Spec):
    """An array of an .npz or .npy file beside the case or shipped with the package."""

    file: Text = Field(description="its name, .npz or .npy, beside the case or of the package")
    key: Text | None = Field(None, description="which array of an .npz")
    rows: Annotated[list[Count], Field(min_length=2, max_length=2)] | None = Field(
        None, description="only those from the first to before the second, counted from 0"
    )
    scale: Number | None = Field(None, description="multiplies; whole numbers become the dtype's")


SPECS: dict[str, type[Spec]] = {
    "normal": Normal,
    "uniform": Uniform,
    "integers": Integers,
    "zeros": Zeros,
    "ones": Ones,
    "full": Full,
    "eye": Eye,
    "linspace": Linspace,
    "spd": Spd,
    "orthogonal": Orthogonal,
    "complex": Complex,
    "file": File,
}
#: The tensors that draw numbers, which hand-derived truths cannot be.
RANDOM = ("normal", "uniform", "integers", "spd", "orthogonal")


def _tensor_kind(value: Any) -> str | None:
    """Which model a tensor is read by, so that a fault is told once and not once a model."""
    if isinstance(value, BaseModel):
        return next(f"<{key}>" for key, model in SPECS.items() if isinstance(value, model))
    if isinstance(value, dict):
        kinds = [key for key in SPECS if key in value]
        return f"<{kinds[0]}>" if len(kinds) == 1 else None
    return "<list>" if isinstance(value, list) else "<number>"


Tensor = Annotated[
    Annotated[Scalar, Tag("<number>")]
    | Annotated[list[Any], Tag("<list>")]
    | Annotated[Normal, Tag("<normal>")]
    | Annotated[Uniform, Tag("<uniform>")]
    | Annotated[Integers, Tag("<integers>")]
    | Annotated[Zeros, Tag("<zeros>")]
    | Annotated[Ones, Tag("<ones>")]
    | Annotated[Full, Tag("<full>")]
    | Annotated[Eye, Tag("<eye>")]
    | Annotated[Linspace, Tag("<linspace>")]
    | Annotated[Spd, Tag("<spd>")]
    | Annotated[Orthogonal, Tag("<orthogonal>")]
    | Annotated[Complex, Tag("<complex>")]
    | Annotated[File, Tag("<file>")],
    Discriminator(_tensor_kind),
]

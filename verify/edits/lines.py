"""Operations that a framework has no one function for, as lines that a user can write there.

A maker yields them for an instruction, the shortest first. A line is in the words of one framework,
or, where it names none, in those of the program language, which every adapter can spell. It may
hold in some cases only: what is told has been run beside the operation (``diagnosis.spelled``).
"""

from __future__ import annotations

from collections.abc import Iterator

from ...cases.program import Instruction
from .edit import Known
from .line import Call, Line, Maker
from .loss_lines import LOSSES


def lines_of(i: Instruction, known: Known, framework: str) -> list[Line]:
    """The lines for an instruction in a framework; none where there are none."""
    maker = MAKERS.get(i.operation)
    if maker is None or i.native:
        return []
    return [line for line in maker(Call.of(i, known)) if line.framework in ("", framework)]


# Norms


def _affine(call: Call, names: tuple[str, str] = ("weight", "bias")) -> str:
    """Factor and term of channels, which stand on axis 1."""
    one = f"({call.shape[1]}{', 1' * (len(call.shape) - 2)})"
    return "".join(
        f" {sign} reshape({name}, shape={one})"
        for sign, name in zip("*+", names, strict=True)
        if name in call
    )


def _normal(x: str, axes: tuple[int, ...], ending: str) -> str:
    return (
        f"c = {x} - mean({x}, axis={axes}, keepdims=True)\n"
        f"y = c / sqrt(var({x}, axis={axes}, correction=0, keepdims=True) + eps){ending}"
    )


def _layer_norm(call: Call) -> Iterator[Line]:
    affine = (" * weight" if "weight" in call else "") + (" + bias" if "bias" in call else "")
    yield Line(f"y = jax.nn.standardize(x, axis=axis, epsilon=eps){affine}", "jax")


def _batch_norm(call: Call) -> Iterator[Line]:
    if "mean" in call or "running_mean" in call or len(call.shape) < 2:
        return
    axes = tuple(k for k in range(len(call.shape)) if k != 1)
    yield Line(_normal("x", axes, _affine(call)))


def _instance_norm(call: Call) -> Iterator[Line]:
    if len(call.shape) > 2 and not {"mean", "running_mean"} & call.shapes.keys():
        yield Line(_normal("x", tuple(range(2, len(call.shape))), _affine(call)))


def _group_norm(call: Call) -> Iterator[Line]:
    n, channels, *rest = call.shape
    groups = call.attributes["num_groups"]
    apart = (n, groups, channels // groups, *rest)
    normal = _normal("g", tuple(range(2, len(apart))), "").replace("y = ", "z = ")
    yield Line(
        f"g = reshape(x, shape={apart})\n{normal}\n"
        f"y = reshape(z, shape={call.shape}){_affine(call)}"
    )


# Images


def _interpolate(call: Call) -> Iterator[Line]:
    held, shape = call.attributes, call.shape
    size, spatial = held["size"], shape[2:]
    sizes = (size,) * len(spatial) if isinstance(size, int) else tuple(size)
    if len(sizes) != len(spatial):
        return
    axes, whole = tuple(range(2, len(shape))), (*shape[:2], *sizes)
    if held["mode"] == "nearest" and all(m % n == 0 for n, m in zip(spatial, sizes, strict=True)):
        text = "x"
        for axis, n, m in zip(axes, spatial, sizes, strict=True):
            text = f"repeat({text}, repeats={m // n}, axis={axis})" if m != n else text
        yield Line(f"y = {text}")
    if held["mode"] != "linear":
        return
    if not held.get("align_corners"):
        yield Line(f"y = jax.image.resize(x, {whole}, 'linear', antialias=False)", "jax")
        return
    if any(n == 1 or m == 1 for n, m in zip(spatial, sizes, strict=True)):
        return
    scales = [(m - 1) / (n - 1) for n, m in zip(spatial, sizes, strict=True)]
    scale = _array(scales)
    shift = _array([0.5 - 0.5 * s for s in scales])
    yield Line(
        f"y = jax.image.scale_and_translate(x, {whole}, {axes}, scale={scale}, "
        f"translation={shift}, method='linear', antialias=False)",
        "jax",
    )


def _array(numbers: list[float]) -> str:
    """A small array in JAX's words, of an array's dtype."""
    if len(set(numbers)) == 1:
        return f"jnp.full_like(x, {numbers[0]!r}, shape=({len(numbers)},))"
    return "jnp.stack([" + ", ".join(f"jnp.full_like(x, {a!r}, shape=())" for a in numbers) + "])"


def _conv_transpose(call: Call) -> Iterator[Line]:
    held, kernel = call.attributes, call.shapes["weight"][2:]
    n = len(kernel)

    def spread(key: str) -> tuple[int, ...]:
        value = held[key]
        return (value,) * n if isinstance(value, int) else tuple(value)

    if held.get("groups", 1) != 1 or not 1 <= n <= 3:
        return
    gaps, pads = spread("dilation"), spread("padding")
    reach = [d * (k - 1) for d, k in zip(gaps, kernel, strict=True)]
    sides = [
        (r - p, r - p + e) for r, p, e in zip(reach, pads, spread("output_padding"), strict=True)
    ]
    axes = "DHW"[3 - n :]
    numbers = f"('NC{axes}', 'OI{axes}', 'NC{axes}')"
    dilated = f", rhs_dilation={gaps}" if any(d != 1 for d in gaps) else ""
    bias = f" + reshape(bias, shape=(-1{', 1' * n}))" if "bias" in call else ""
    yield Line(
        f"y = jax.lax.conv_transpose(x, weight, {spread('stride')}, {sides}{dilated}, "
        f"dimension_numbers={numbers}, transpose_kernel=True){bias}",
        "jax",
    )


def _sub_pixels(call: Call) -> Iterator[Line]:
    *before, channels, height, width = call.shape
    (factor,) = call.attributes.values()
    n, lead = len(before), ", ".join(map(str, before)) + ", " * bool(before)
    apart = f"({lead}{channels // factor**2}, {factor}, {factor}, {height}, {width})"
    order = (*range(n), n, n + 3, n + 1, n + 4, n + 2)
    whole = (*before, channels // factor**2, height * factor, width * factor)
    yield Line(f"y = reshape(permute_dims(reshape(x, shape={apart}), axes={order}), shape={whole})")


def _prelu(call: Call) -> Iterator[Line]:
    slopes = "weight"
    if len(call.shape) > 2 and call.shapes["weight"] != (1,):
        slopes = f"reshape(weight, shape=(-1{', 1' * (len(call.shape) - 2)}))"
    yield Line("y = torch.nn.functional.prelu(x, weight)", "torch")
    yield Line(f"y = where(x > 0, x, {slopes} * x)")


def _windowed(name: str, *keys: str) -> Maker:
    """A pool or a convolution of PyTorch's, by the number of its axes."""

    def make(call: Call) -> Iterator[Line]:
        n = len(call.shape) - 2
        given = ", ".join(["x", *(k for k in ("weight", "bias") if k in call)])
        named = ", ".join(f"{key}={key}" for key in keys if key in call.attributes)
        yield Line(f"y = torch.nn.functional.{name}{n}d({given}, {named})", "torch")

    return make


def _bounded(side: str) -> Maker:
    """PyTorch's maximum and minimum take arrays alone; a number bounds by a clamp."""

    def make(call: Call) -> Iterator[Line]:
        for name, bound in call.numbers.items():
            (other,) = [k for k in call.shapes if k != name]
            yield Line(f"y = torch.clamp({other}, {side}={bound!r})", "torch")

    return make


# Attention, tables


def _attention(call: Call) -> Iterator[Line]:
    held, width = call.attributes, call.shape[-1]
    scale = held.get("scale")
    if len(call.shape) == 4:
        turned = {k: f"jnp.swapaxes({k}, 1, 2)" for k in ("query", "key", "value")}
        more = ", is_causal=True" if held.get("is_causal") else ""
        more += f", scale={scale!r}" if scale is not None else ""
        if "mask" in call:
            more += f", {'mask' if call.kinds['mask'] == 'b' else 'bias'}=mask"
        call_ = f"jax.nn.dot_product_attention({', '.join(turned.values())}{more})"
        yield Line(f"y = jnp.swapaxes({call_}, 1, 2)", "jax")
    if not held.get("is_causal") and "mask" not in call:
        factor = width**-0.5 if scale is None else scale
        scores = f"(query @ matrix_transpose(key)) * {factor!r}"
        yield Line(f"y = softmax({scores}, axis=-1) @ value")


def _embedding(call: Call) -> Iterator[Line]:
    if call.attributes.get("padding_idx") is None:
        yield Line("y = jnp.take(weight, indices, axis=0)", "jax")
        yield Line("y = torch.nn.functional.embedding(indices, weight)", "torch")


def _cosine_similarity(call: Call) -> Iterator[Line]:  # noqa: ARG001
    yield Line(
        "a = linalg.vector_norm(x1, axis=axis)\nb = linalg.vector_norm(x2, axis=axis)\n"
        "y = sum(x1 * x2, axis=axis) / (maximum(a, eps) * maximum(b, eps))"
    )


#: Operation → what makes its lines.
MAKERS: dict[str, Maker] = {
    **LOSSES,
    "layer_norm": _layer_norm,
    "batch_norm": _batch_norm,
    "instance_norm": _instance_norm,
    "group_norm": _group_norm,
    "interpolate": _interpolate,
    "conv_transpose": _conv_transpose,
    "pixel_shuffle": _sub_pixels,
    "prelu": _prelu,
    "maximum": _bounded("min"),
    "minimum": _bounded("max"),
    "max_pool": _windowed("max_pool", "kernel_size", "stride", "padding", "dilation"),
    "avg_pool": _windowed("avg_pool", "kernel_size", "stride", "padding", "count_include_pad"),
    "conv": _windowed("conv", "stride", "padding", "dilation", "groups"),
    "scaled_dot_product_attention": _attention,
    "embedding": _embedding,
    "cosine_similarity": _cosine_similarity,
}

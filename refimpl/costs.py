"""What an operation costs, from its arguments' shapes and attributes, before it is computed.

Both numbers are bounds from above, and rough: they tell a program that would run for minutes, or
fill the memory, from one that does not. A step is about a nanosecond of one core in float64.

Most operations make one element of each element that they are given; ``_RULES`` has the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

Shape = tuple[int, ...]

#: Steps that any operation takes, with its rule, before it looks at a number.
OVERHEAD = 100_000


#: Steps for one element of a simple function, forwards and backwards.
ELEMENT = 20

#: How many times that one number takes in mpmath.
MPMATH = 5_000.0


class Cost(NamedTuple):
    """Elements of the results, and steps to compute and to differentiate them."""

    elements: int
    steps: int


class _Work(NamedTuple):
    """Elements of the results, work on elements or products, and how often Python loops."""

    elements: int
    work: float
    turns: float = 0.0


_Rule = Callable[[list[Shape], Mapping[str, Any]], _Work]


def cost(
    name: str,
    shapes: Sequence[Shape | None],
    attributes: Mapping[str, Any],
    *,
    wide: bool = False,
) -> Cost:
    """The cost of one operation of the table, forwards and backwards.

    Parameters
    ----------
    name
        The operation's.
    shapes
        Of its array arguments; a number has none, None is an array left out.
    attributes
        As the call has them. What they must not be is not looked at here: the operation itself
        refuses it, before it does any work.
    wide
        Whether it is computed in ``longdouble``, which no BLAS and no vector unit knows.
    """
    given = [shape for shape in shapes if shape is not None]
    rule = _RULES.get(name, _elementwise)
    try:
        found = rule(given, attributes)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        found = _elementwise(given, {})
    weight = _WEIGHTS.get(name, 1.0)
    if wide:
        weight = MPMATH if name in _SPECIAL else 4 * weight
    steps = OVERHEAD * (1 + found.turns) + ELEMENT * weight * found.work
    return Cost(1 + int(found.elements), int(min(steps, 1e30)))


def _size(shape: Shape) -> int:
    return math.prod(shape)


def _sizes(shapes: Sequence[Shape]) -> int:
    return sum(map(_size, shapes))


def _elementwise(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    """One element of each, broadcast together where they can be."""
    try:
        # sums over axes of no elements are zeros
        elements = math.prod(max(n, 1) for n in np.broadcast_shapes(*shapes))
    except ValueError:
        elements = _sizes(shapes)
    most = max(elements, _sizes(shapes))
    return _Work(most, most)


def _whole(value: Any) -> int:
    """The product of the whole numbers in an attribute, by their magnitudes."""
    if isinstance(value, tuple | list):
        return math.prod(_whole(item) for item in value)
    return max(1, abs(value)) if isinstance(value, int) else 1


def _all(value: Any) -> int:
    """The sum of the whole numbers in an attribute, by their magnitudes."""
    if isinstance(value, tuple | list):
        return sum(_all(item) for item in value)
    return abs(value) if isinstance(value, int) else 0


def _spread(value: Any, count: int) -> list[int]:
    return [abs(int(n)) for n in value] if isinstance(value, tuple | list) else [abs(value)] * count


def _of_shape(key: str) -> _Rule:
    """An attribute that is the result's shape."""

    def rule(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
        elements = max(_whole(attributes[key]), _sizes(shapes))
        return _Work(elements, elements)

    return rule


def _times(key: str, turns: int = 0) -> _Rule:
    """An attribute by which elements are multiplied; each turn of a loop is one of so many."""

    def rule(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
        count = _whole(attributes[key])
        elements = _sizes(shapes) * count
        return _Work(elements, elements, turns * count)

    return rule


def _repeated(key: str) -> _Rule:
    """A loop over the whole array as often as an attribute says."""

    def rule(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
        count = _whole(attributes.get(key, 1))
        return _Work(_sizes(shapes), _sizes(shapes) * count, count)

    return rule


def _pad(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    widths = attributes["pad_width"]
    pairs = [_all(item) for item in widths] if isinstance(widths, tuple | list) else [2 * widths]
    if len(pairs) != len(shapes[0]) or not isinstance(widths[0], tuple | list):
        pairs = [_all(widths) * 2] * len(shapes[0])
    elements = math.prod(n + w for n, w in zip(shapes[0], pairs, strict=True))
    return _Work(elements, elements)


def _outer(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    elements = math.prod(map(_size, shapes))
    return _Work(elements, elements)


def _matmul(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    a, b = (shape if len(shape) > 1 else (1, *shape) for shape in shapes)
    b = b if len(shapes[1]) > 1 else (*shapes[1], 1)
    elements = _size(np.broadcast_shapes(a[:-2], b[:-2])) * a[-2] * b[-1]
    return _Work(elements, _sizes(shapes) + elements * a[-1] / 10)


def _chained(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    sides = [max(shape, default=1) for shape in shapes]
    side = max(sides)
    return _Work(side * side, len(shapes) * side**3 / 10 + len(shapes) ** 3, len(shapes))


def _block_diag(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    rows = sum(shape[-2] if len(shape) > 1 else 1 for shape in shapes)
    elements = rows * sum(shape[-1] if shape else 1 for shape in shapes)
    return _Work(elements, elements, len(shapes))


def _einsum(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    """All indices together, as one pass over them takes; of many arrays, pair by pair."""
    terms, _, result = attributes["equation"].replace(" ", "").partition("->")
    operands = terms.split(",")
    sizes: dict[str, int] = {}
    for letters, shape in zip(operands, shapes, strict=True):
        if "." in letters:
            return _Work(_size(np.broadcast_shapes(*shapes)), math.prod(map(_size, shapes)))
        for letter, n in zip(letters, shape, strict=True):
            sizes[letter] = max(n, sizes.get(letter, 1))
    whole = math.prod(sizes.values())
    elements = math.prod(sizes[c] for c in result) if "->" in attributes["equation"] else whole
    work, largest = _by_pairs(operands, result, sizes) if len(operands) > 2 else (whole, 0)
    largest = max(elements, largest)
    return _Work(largest, _sizes(shapes) + largest + min(work, whole), len(shapes) ** 2)


def _by_pairs(operands: list[str], result: str, sizes: Mapping[str, int]) -> tuple[int, int]:
    """Work and the largest array, where arrays are contracted two by two from the left."""
    work = largest = 0
    held = set(operands[0])
    for k, letters in enumerate(operands[1:], 1):
        met = held | set(letters)
        work += math.prod(sizes[c] for c in met)
        held = met & (set(result).union(*operands[k + 1 :]))
        largest = max(largest, math.prod(sizes[c] for c in held))
    return work, largest


def _tensordot(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    a, b = shapes
    axes = attributes.get("axes", 2)
    if isinstance(axes, int):
        summed = math.prod(a[len(a) - axes :])
    else:
        summed = math.prod(a[k] for k in ([axes[0]] if isinstance(axes[0], int) else axes[0]))
    elements = _size(a) * _size(b) // max(1, summed) ** 2
    return _Work(elements, _sizes(shapes) + elements * summed / 10)


def _matrix(times: float, turns: int = 0) -> _Rule:
    """Cubic in the longest side of the matrices, as often as there are."""

    def rule(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
        side = max(max(shape[-2:], default=1) for shape in shapes)
        stack = max(_size(shape[:-2]) for shape in shapes)
        elements = 3 * max(_sizes(shapes), stack * side * side)
        return _Work(elements, elements + times * stack * side**3, turns)

    return rule


def _matrix_power(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    once = _matrix(0.3)(shapes, attributes)
    count = _whole(attributes["n"])
    return _Work(once.elements, once.work * count, count)


def _fft(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    shape = list(shapes[0])
    sizes = attributes.get("n") if "n" in attributes else attributes.get("s")
    elements = _size(shapes[0])
    if sizes is not None:
        listed = [sizes] if isinstance(sizes, int) else list(sizes)
        shortest = sorted(shape)[: len(listed)]  # whichever axes are meant
        elements = max(elements, elements * _whole(tuple(listed)) // max(1, math.prod(shortest)))
    if "h" in attributes.get("norm", ""):
        elements *= 2
    return _Work(2 * elements, elements * max(1.0, math.log2(elements + 1)))


def _convolved(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    x, weight = shapes[:2]
    kernel = weight[2:]
    count = len(kernel)
    padding, stride = (_spread(attributes.get(k, d), count) for k, d in _SLIDES)
    dilation = _spread(attributes.get("dilation", 1), count)
    out = [
        max(0, (n + 2 * p - d * (k - 1) - 1) // max(1, s) + 1)
        for n, p, d, k, s in zip(x[2:], padding, dilation, kernel, stride, strict=True)
    ]
    padded = x[0] * x[1] * math.prod(n + 2 * p for n, p in zip(x[2:], padding, strict=True))
    elements = x[0] * weight[0] * math.prod(out)
    columns = x[0] * x[1] * math.prod(kernel) * math.prod(out)
    work = padded + columns + elements * weight[1] * math.prod(kernel) / 10
    return _Work(max(elements, padded), work, math.prod(kernel))


def _painted(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    x, weight = shapes[:2]
    kernel = weight[2:]
    count = len(kernel)
    stride, extra = (_spread(attributes.get(k, d), count) for k, d in _PAINTS)
    dilation = _spread(attributes.get("dilation", 1), count)
    out = [
        max(1, n) * max(1, s) + d * max(1, k) + e
        for n, s, d, k, e in zip(x[2:], stride, dilation, kernel, extra, strict=True)
    ]
    groups = _whole(attributes.get("groups", 1))
    elements = x[0] * weight[1] * groups * math.prod(out)
    columns = _size(x) * weight[1] * math.prod(kernel)
    return _Work(elements, elements + columns, math.prod(kernel))


_SLIDES = (("padding", 0), ("stride", 1))
_PAINTS = (("stride", 1), ("output_padding", 0))


def _pooled(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    kernel = attributes["kernel_size"]
    count = len(kernel) if isinstance(kernel, tuple | list) else len(shapes[0]) - 2
    kernels, pads = _spread(kernel, count), _spread(attributes.get("padding", 0), count)
    strides = _spread(attributes.get("stride", 1), count)
    lead, spatial = shapes[0][: len(shapes[0]) - count], shapes[0][len(shapes[0]) - count :]
    out = [(n + 2 * p) // max(1, s) + 1 for n, p, s in zip(spatial, pads, strides, strict=True)]
    padded = math.prod(lead) * math.prod(n + 2 * p for n, p in zip(spatial, pads, strict=True))
    columns = math.prod(lead) * math.prod(out) * math.prod(kernels)
    return _Work(max(padded, columns), padded + columns, math.prod(kernels))


def _resized(key: str) -> _Rule:
    """Spatial axes of another size."""

    def rule(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
        size = attributes[key]
        count = len(size) if isinstance(size, tuple | list) else len(shapes[0]) - 2
        target = _spread(size, count)
        lead = math.prod(shapes[0][: len(shapes[0]) - count])
        spatial = shapes[0][len(shapes[0]) - count :]
        # axis by axis: some are of the new size already, the others of the old one
        elements = lead * math.prod(map(max, spatial, target))
        turns = math.prod(target) if key == "output_size" else 0
        return _Work(elements, 4 * elements, turns)

    return rule


def _fold(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    pads = _all(attributes.get("padding", 0)) * 2
    sizes = _spread(attributes["output_size"], 2)
    elements = _size(shapes[0]) + shapes[0][0] * shapes[0][1] * math.prod(n + pads for n in sizes)
    return _Work(elements, elements, _whole(attributes["kernel_size"]))


def _taken(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    x, indices = shapes
    axis = attributes["axis"]
    elements = _size(indices) * (_size(x) // max(1, x[axis]))
    return _Work(elements, elements + _size(x))


def _embedding(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    indices, weight = shapes
    elements = _size(indices) * weight[-1]
    return _Work(elements, elements + _size(weight))


def _getitem(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    """No more than there are, unless a list of indices repeats them."""
    elements, index = _size(shapes[0]), attributes["index"]
    for part in index if isinstance(index, tuple) else (index,):
        if isinstance(part, list | tuple):
            elements = elements * max(1, len(part)) // max(1, min(shapes[0], default=1))
    return _Work(elements, elements + _size(shapes[0]))


def _made(key: str) -> _Rule:
    """As many rows as an attribute says, beside what is given."""

    def rule(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
        row = _size(shapes[0][1:])
        elements = _sizes(shapes) + _whole(attributes[key]) * row
        return _Work(elements, elements)

    return rule


def _joined(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    return _Work(_sizes(shapes), _sizes(shapes), len(shapes) / 10)


def _split(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    sections = attributes["sections"]
    count = sections if isinstance(sections, int) else len(sections)
    return _Work(_size(shapes[0]), _size(shapes[0]), abs(count))


def _unstack(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    return _Work(_size(shapes[0]), _size(shapes[0]), shapes[0][attributes.get("axis", 0)])


def _meshgrid(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    elements = len(shapes) * math.prod(map(_size, shapes))
    return _Work(elements, elements)


def _broadcast_all(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    elements = len(shapes) * _size(np.broadcast_shapes(*shapes))
    return _Work(elements, elements)


def _diag(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    side = max(shapes[0], default=1) + abs(attributes.get("k", 0))
    elements = side * side if len(shapes[0]) == 1 else _size(shapes[0])
    return _Work(elements, elements)


def _along(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    """One element after the other, in Python."""
    return _Work(_sizes(shapes), _sizes(shapes), shapes[0][attributes.get("axis", -1)])


def _attention(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    query, key, value = shapes[:3]
    if "num_heads" in attributes:  # batch, length, width: as one head, or as many
        scores = query[0] * query[1] * key[1] * _whole(attributes["num_heads"])
        projected = (_sizes(shapes[:3])) * query[-1] * 4
        return _Work(scores + _sizes(shapes), scores * query[-1] / 4 + projected / 4)
    scores = max(_size(query[:-2]), _size(key[:-2])) * query[-2] * key[-2]
    elements = scores + _sizes(shapes) + scores // max(1, key[-2]) * value[-1]
    return _Work(elements, elements + scores * (query[-1] + value[-1]) / 4)


def _recurrent(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    x, w_ih, w_hh = shapes[:3]
    rows = _size(x[:-1])
    elements = 2 * rows * w_ih[0]
    return _Work(elements, elements + rows * (_size(w_ih) + _size(w_hh)) / 4, 10 * x[0])


def _all_pairs(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    a, b = shapes[:2]
    elements = max(_size(a[:-2]), _size(b[:-2])) * a[-2] * b[-2] * a[-1]
    return _Work(elements, elements)


def _pairs_of_classes(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    elements = _size(shapes[0]) * (shapes[0][-1] if shapes[0] else 1)
    return _Work(elements, elements)


def _twice(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    """At most two elements for one: an initial one beside each, or values and indices."""
    return _Work(2 * _size(shapes[0]) + 1, 2 * _size(shapes[0]))


def _gathered(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    x, indices = (list(shape) for shape in shapes[:2])
    axis = attributes.get("axis", -1)
    x[axis] = indices[axis]
    elements = math.prod(map(max, x, indices))
    return _Work(elements, elements + _size(shapes[0]))


def _ctc(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    x, target = shapes[:2]
    elements = _size(x) + 4 * x[0] * x[1] * (2 * target[-1] + 1)
    return _Work(elements, elements * 4, 10 * x[0])


def _polygamma(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    n = _whole(attributes["n"])
    return _Work(_sizes(shapes), _sizes(shapes) + n * n)  # a factorial of n


def _quantiles(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    q = attributes.get("q", 0.5)
    count = len(q) if isinstance(q, tuple | list) else 1
    return _Work(_size(shapes[0]) * count, _size(shapes[0]) * (20 + count))


def _grid_sampled(shapes: list[Shape], attributes: Mapping[str, Any]) -> _Work:
    x, grid = shapes
    elements = _size(x) + _size(grid[:-1]) * x[1]
    return _Work(elements, 32 * elements)


_RULES: dict[str, _Rule] = {
    "broadcast_to": _of_shape("shape"),
    "tile": _times("repetitions"),
    "repeat": _times("repeats"),
    "one_hot": _times("num_classes"),
    "segment_sum": _made("num_segments"),
    "masked_select": _made("size"),
    "pad": _pad,
    "outer": _outer,
    "kron": _outer,
    "matmul": _matmul,
    "multi_dot": _chained,
    "block_diag": _block_diag,
    "einsum": _einsum,
    "tensordot": _tensordot,
    "linalg.matrix_power": _matrix_power,
    **dict.fromkeys(("linalg.inv", "linalg.solve", "linalg.solve_triangular"), _matrix(0.5)),
    **dict.fromkeys(("linalg.det", "linalg.slogdet", "linalg.cholesky"), _matrix(0.5)),
    **dict.fromkeys(("linalg.pinv", "linalg.lstsq", "linalg.qr", "linalg.eigh"), _matrix(2.0)),
    **dict.fromkeys(("linalg.svd", "linalg.svdvals", "linalg.eigvalsh"), _matrix(2.0)),
    **dict.fromkeys(("linalg.matrix_rank", "linalg.matrix_norm"), _matrix(2.0)),
    "linalg.matrix_exp": _matrix(20.0),
    **dict.fromkeys(
        (f"fft.{way}{kind}" for way in ("", "i") for kind in ("fft", "fft2", "fftn")), _fft
    ),
    **dict.fromkeys(
        (f"fft.{way}{kind}" for way in ("", "i") for kind in ("rfft", "rfft2", "rfftn", "hfft")),
        _fft,
    ),
    "conv": _convolved,
    "conv_transpose": _painted,
    **dict.fromkeys(("max_pool", "avg_pool", "lp_pool", "unfold"), _pooled),
    **dict.fromkeys(("adaptive_avg_pool", "adaptive_max_pool"), _resized("output_size")),
    "interpolate": _resized("size"),
    "fold": _fold,
    "grid_sample": _grid_sampled,
    "take": _taken,
    "embedding": _embedding,
    "getitem": _getitem,
    "concat": _joined,
    "stack": _joined,
    "split": _split,
    "unstack": _unstack,
    "meshgrid": _meshgrid,
    "broadcast_arrays": _broadcast_all,
    "diag": _diag,
    **dict.fromkeys(("cumulative_sum", "cumulative_prod", "top_k"), _twice),
    **dict.fromkeys(("take_along_axis", "gather"), _gathered),
    "diff": _repeated("n"),
    "multigammaln": _repeated("d"),
    "local_response_norm": _repeated("size"),
    "polygamma": _polygamma,
    **dict.fromkeys(("logcumsumexp", "cummax", "cummin"), _along),
    **dict.fromkeys(("quantile", "median"), _quantiles),
    **dict.fromkeys(("scaled_dot_product_attention", "multi_head_attention"), _attention),
    **dict.fromkeys(("rnn", "lstm", "gru"), _recurrent),
    **dict.fromkeys(("cdist", "info_nce"), _all_pairs),
    "multilabel_margin": _pairs_of_classes,
    "ctc": _ctc,
}

#: Operations that the reference computes in wide precision number by number, in mpmath.
_SPECIAL = (
    *("lgamma", "digamma", "polygamma", "multigammaln", "betaln", "zeta", "erfinv", "ndtri"),
    *("log_ndtr", "i0", "i0e", "i1", "i1e", "gammainc", "gammaincc"),
)

#: Work on one element, of the operations that are slower than arithmetic by far.
_WEIGHTS: dict[str, float] = {
    **dict.fromkeys(("gammainc", "gammaincc", "zeta", "polygamma"), 40.0),
    **dict.fromkeys(("sort", "argsort", "searchsorted"), 40.0),
    **dict.fromkeys(("lgamma", "digamma", "multigammaln", "betaln", "ndtri", "erfinv"), 20.0),
    **dict.fromkeys(("i0", "i0e", "i1", "i1e", "top_k"), 16.0),
    **dict.fromkeys(("ndtr", "log_ndtr", "erf", "erfc", "gelu", "geglu", "mish"), 6.0),
    **dict.fromkeys((f"fft.{name}" for name in ("fft", "ifft", "hfft", "ihfft")), 4.0),
    **dict.fromkeys(("logaddexp", "logaddexp2", "hypot", "cdist", "logcumsumexp"), 4.0),
    **dict.fromkeys(("softmax", "log_softmax", "softmin", "logsumexp", "standardize"), 3.0),
    **dict.fromkeys(("layer_norm", "batch_norm", "group_norm", "instance_norm"), 3.0),
    **dict.fromkeys(("pow", "sin", "cos", "tan", "tanh", "cbrt", "normalize", "prod"), 3.0),
}

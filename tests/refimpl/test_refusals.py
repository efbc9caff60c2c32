"""What a row refuses: sizes, axes and words that NumPy would compute something of."""

import numpy as np
import pytest

from gradparity.refimpl.operation import ex
from gradparity.refimpl.ops import TABLE
from gradparity.refimpl.sampling import draw

ROI = {"output_size": 2, "aligned": True}

#: An operation, a call that means nothing, and words of what is said.
REFUSED = [
    ("top_k", ex((3,), k=4), "k is 4, expected from 0 to the 3 elements"),
    ("top_k", ex((2, 3), k=-1), "k is -1, expected from 0"),
    ("searchsorted", ex((4,), (2,), side="middle"), "side is 'middle', expected left or right"),
    ("meshgrid", ex((2,), (3,), indexing="yx"), "indexing is 'yx', expected ij or xy"),
    ("multigammaln", ex((3,), d=0), "d is 0, expected at least 1"),
    ("cross_entropy", ex((4, 3), (4,), label_smoothing=1.5), "label_smoothing is 1.5, expected"),
    ("cross_entropy", ex((4, 3), (4,), label_smoothing=-0.1), "label_smoothing is -0.1"),
    ("reshape", ex((2, 3), shape=(-2, 3)), "shape is (-2, 3), expected at least -1"),
    ("roll", ex((2, 3), shift=(1,), axis=(0, 1)), "one number for each of the axes"),
    ("split", ex((4,), sections=0), "sections is 0, expected at least 1"),
    ("one_hot", ex((4,), num_classes=-1), "num_classes is -1, expected at least 0"),
    ("segment_sum", ex((4,), (4,), num_segments=-4), "num_segments is -4"),
    ("segment_max", ex((4,), (4,), num_segments=-4), "num_segments is -4"),
    ("pixel_shuffle", ex((1, 4, 2, 2), upscale_factor=0), "upscale_factor is 0"),
    ("pixel_unshuffle", ex((1, 1, 2, 2), downscale_factor=0), "downscale_factor is 0"),
    ("tensordot", ex((2, 3), (2, 3), axes=-1), "axes is -1, expected at least 0"),
    ("fft.fft2", ex((3, 4), s=(3,)), "s is (3,), expected 2 sizes"),
    ("fft.fft2", ex((3, 4), axes=(0, 0)), "repeated axis"),
    ("fft.hfft", ex((4,), norm="unitary"), "norm is 'unitary', expected backward, forward or"),
    ("unfold", ex((1, 1, 4, 4), kernel_size=2, stride=0), "stride is 0, expected at least 1"),
    ("unfold", ex((1, 1, 4, 4), kernel_size=5), "a kernel of (5, 5) does not fit"),
    ("fold", ex((1, 1, 1), output_size=(1, 1), kernel_size=1, dilation=-9), "dilation is -9"),
    ("conv", ex((1, 1, 4), (1, 1, 2), dilation=0), "dilation is 0, expected at least 1"),
    ("conv", ex((1, 1, 4), (1, 1, 2), padding=-1), "padding is -1, expected at least 0"),
    ("conv", ex((1, 2, 4), (2, 1, 2), groups=0), "groups is 0, expected at least 1"),
    ("conv_transpose", ex((1, 1, 4), (1, 1, 2), padding=3), "the result's shape is (-1,)"),
    ("conv_transpose", ex((1, 1, 4), (1, 1, 2), dilation=0), "dilation is (0,)"),
    ("max_pool", ex((1, 1, 4), kernel_size=0, stride=1), "kernel is (0,), expected at least 1"),
    ("avg_pool", ex((1, 1, 1), kernel_size=1, stride=-9, count_include_pad=True), "stride is -9"),
    ("lp_pool", ex((1, 1, 4), norm_type=0, kernel_size=2, stride=1), "norm_type is 0"),
    ("interpolate", ex((1, 1, 4), size=0, mode="linear"), "size is 0, expected at least 1"),
    (
        "grid_sample",
        ex((1, 1, 3, 3), (1, 2, 2, 2), mode="linear", padding_mode="zeros", align_corners=True),
        "mode is 'linear', expected bilinear, nearest or bicubic",
    ),
    ("group_norm", ex((1, 4, 2), None, None, num_groups=0, eps=1e-5), "num_groups is 0"),
    ("linalg.householder_product", ex((3, 2), (3,)), "tau has 3 scales, expected at most 2"),
    ("linalg.householder_product", ex((2, 3), (1,)), "expected no fewer rows than columns"),
    ("linalg.householder_product", ex((2, 3, 2), (2,)), "a stack of () beside one of (2,)"),
    ("linalg.ormqr", ex((3, 2), (2,), (2, 3)), "Q is 3x3, and what it multiplies has 2"),
    (
        "linalg.ormqr",
        ex((3, 2), (2,), (3, 2), left=False),
        "Q is 3x3, and what it multiplies has 2",
    ),
    ("linalg.ormqr", ex((3, 2), (2,), (4, 3, 2)), "a stack of (4,) beside one of ()"),
    ("linalg.expm_frechet", ex((3, 3), (3, 1)), "e is (3, 1), expected x's shape"),
    ("deform_conv", ex((1, 1, 4), (1, 4, 3), (1, 1, 2)), "x has 3 axes, expected 4"),
    (
        "deform_conv",
        ex((1, 1, 3, 3), (1, 8, 3, 3), (1, 1, 2, 2)),
        "offset is (1, 8, 3, 3), expected (1, 8, 2, 2)",
    ),
    (
        "deform_conv",
        ex((1, 3, 3, 3), (1, 16, 2, 2), (1, 3, 2, 2)),
        "as many times as x's 3 channels have parts",
    ),
    (
        "deform_conv",
        ex((1, 1, 3, 3), (1, 8, 2, 2), (1, 1, 2, 2), (1, 8, 2, 2)),
        "mask is (1, 8, 2, 2), expected (1, 4, 2, 2)",
    ),
    (
        "deform_conv",
        ex((1, 3, 3, 3), (1, 8, 2, 2), (2, 2, 2, 2)),
        "weight is (2, 2, 2, 2), and x has 3 channels",
    ),
    ("roi_align", ex((1, 4, 4), (2, 4), (2,), **ROI), "x has 3 axes, expected 4"),
    ("roi_align", ex((2, 1, 4, 4), (2, 4), (3,), **ROI), "images are (3,), expected (2,)"),
    (
        "roi_align",
        ex((1, 1, 4, 4), (2, 4), (2,), **ROI),
        "a box is of an image beyond the 1 of x",
    ),
    (
        "roi_align",
        ex((1, 1, 4, 4), (1, 4), (1,), **(ROI | {"output_size": (2, 0)})),
        "output_size is (2, 0), expected at least 1",
    ),
    (
        "roi_align",
        ex((1, 1, 4, 4), (1, 4), (1,), **(ROI | {"output_size": (2, 2, 2)})),
        "output_size has 3 numbers, expected 2",
    ),
    (
        "roi_align",
        ex((1, 1, 4, 4), (1, 4), (1,), **ROI, spatial_scale=-0.5),
        "spatial_scale is -0.5, expected more than 0",
    ),
    ("local_response_norm", ex((1, 4, 2), size=0), "size is 0, expected at least 1"),
]


def called(row, example):
    """What a row makes of an example, backwards as well."""
    arrays = draw(row, example, 0, np.float64)
    return row.forward(*arrays, **example.attributes)


@pytest.mark.parametrize(("name", "example", "words"), REFUSED)
def test_what_means_nothing_is_refused_in_words(name, example, words):
    with pytest.raises(ValueError) as refused:  # noqa: PT011  the words are looked at below
        called(TABLE[name], example)
    assert words in str(refused.value)


def test_a_box_with_its_image_in_front_is_refused():
    """As torchvision has them; here the images are an argument of their own."""
    with pytest.raises(ValueError, match=r"boxes are \(2, 5\), expected \(n, 4\): x1, y1, x2, y2"):
        TABLE["roi_align"].forward(np.ones((1, 1, 4, 4)), np.ones((2, 5)), np.zeros(2, int), **ROI)


#: Attributes that name axes.
AXES = ("axis", "axes", "axis1", "axis2", "source", "destination")


def misplaced(row, example, attribute):
    """The example, an axis of which is far beyond the array's, counted from either end."""
    given = example.attributes.get(attribute, row.attributes[attribute])
    more = given[1:] if isinstance(given, tuple) else ()
    several = isinstance(given, tuple) or (attribute == "axes" and given is None)
    for beyond in (9, -9):
        there = (beyond, *more) if several else beyond
        yield ex(*example.shapes, **{**example.attributes, attribute: there})


@pytest.mark.parametrize(
    "row", [r for r in TABLE.values() if {*AXES} & {*r.attributes}], ids=lambda r: r.name
)
def test_an_axis_that_is_not_there_is_refused(row):
    for attribute in {*AXES} & {*row.attributes}:
        for example in row.examples:
            for wrong in misplaced(row, example, attribute):
                with pytest.raises((ValueError, IndexError)):
                    called(row, wrong)


@pytest.mark.parametrize(
    "name", ["scatter_add", "index_add", "index_set", "put_along_axis", "masked_scatter"]
)
def test_complex_numbers_are_not_put_among_real_ones(name):
    row = TABLE[name]
    x, at, values = draw(row, row.examples[0], 0, np.float64)
    attributes = row.examples[0].attributes
    with pytest.raises(ValueError, match="complex128 put into an array of float64"):
        row.forward(x, at, values * 1j, **attributes)
    assert row.forward(x * 1j, at, values, **attributes).dtype == np.complex128


@pytest.mark.parametrize(
    ("x", "start", "sizes"),
    [((4, 3), (0,), (2, 2)), ((4, 3), (0, 0), (2,)), ((4,), (0,), (5,)), ((4,), (0,), (-1,))],
)
def test_a_slice_that_does_not_fit_is_refused(x, start, sizes):
    given = np.ones(x), np.array(start)
    with pytest.raises(ValueError, match=r"axes|slices of"):
        TABLE["dynamic_slice"].forward(*given, sizes=sizes)
    with pytest.raises(ValueError, match=r"axes|slices of"):
        TABLE["dynamic_update_slice"].forward(given[0], np.ones([abs(n) + 4 for n in sizes]), start)

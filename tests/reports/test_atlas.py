"""The atlas from entries alone: numbers, Markdown, the page."""

from math import inf, nan

import pytest

from gradparity.reports import atlas
from gradparity.reports.atlas_matrix import matrix


def entry(name="max-of-ties", kind="kink", **keys):
    side = atlas.Side("torch", "print(1)", (atlas.Result([0.5, 0.5], "known"),))
    given = dict(
        name=name,
        about="A <maximum> of ties.",
        kind=kind,
        kinds=(kind,),
        area="ties",
        operations=("torch.max",),
        dtype="float64",
        point="",
        inputs={"x": [1.0, 1.0]},
        labels=("x.grad",),
        truth=([1.0, 0.0],),
        sides=(side,),
        off=("torch",),
        because=("Shares.",),
        agree_by=("torch.amax(x)",),
        see=("https://example.org/1",),
        versions={"torch": "2.13.0"},
        where="cases/t.yaml",
    )
    return atlas.Entry(**{**given, **keys})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1 / 3, "0.333333"),
        ([1.0, 1e-17], "[1, 0]"),
        (1e-17, "1e-17"),
        ([inf, -inf, nan], "[inf, -inf, nan]"),
        (-0.0, "-0"),
        (1 - 2j, "1-2j"),
        (complex(1, nan), "1+nanj"),
        ([True, 3], "[True, 3]"),
        (list(range(30)), f"[{', '.join(map(str, range(24)))}, …] (30 numbers)"),
    ],
)
def test_numbers_are_written_as_every_processor_has_them(value, text):
    assert atlas.numbers(value) == text


def test_inputs_are_written_in_full():
    assert atlas.numbers([-0.0, 1e-300, 2.0], 17) == "[0, 0, 2]"
    assert entry(inputs={"x": [-0.0, 1e-300, 2.0]}).given == "x = [-0, 1e-300, 2]"


def test_further_points_and_spellings_are_told():
    told = entry(
        elsewhere=(("float32", "y", "1", "jax", "2"),),
        agreeing=(atlas.Side("jax", "print(3)", ()),),
    )
    files = atlas.as_files([told])
    assert "| float32 | y | 1 | jax | 2 |" in files["kink.md"]
    assert "jax agrees by\n\n```python\nprint(3)\n```" in files["kink.md"]
    assert '<td class="code">float32</td>' in files["index.html"]
    assert "jax agrees by" in files["index.html"]


def test_markdown_has_a_file_a_class_and_an_index():
    files = atlas.as_files([entry(), entry("another", "bug")])
    assert set(files) == {"README.md", "index.html", "history.json", "kink.md", "bug.md"}
    assert "[max-of-ties](kink.md#max-of-ties)" in files["README.md"]
    assert "- `torch.max`: [another](bug.md#another), [max-of-ties]" in files["README.md"]
    kink = files["kink.md"]
    assert "## max-of-ties\n" in kink
    assert "A &lt;maximum&gt; of ties." in kink
    assert r"| x.grad | \[1, 0\] | \[0.5, 0.5\] |" in kink
    assert "**torch takes another value than the reference.**" in kink
    assert "To agree: torch.amax(x)" in kink
    assert "```python\nprint(1)\n```" in kink


def test_the_page_has_anchors_a_search_box_and_escapes():
    page = atlas.as_html([entry()])
    assert '<article id="max-of-ties" data-functions="torch.max">' in page
    assert 'href="#max-of-ties"' in page
    assert 'type="search"' in page
    assert "A &lt;maximum&gt; of ties." in page
    assert 'class="code off"' in page
    assert "http" not in page.replace("https://example.org/1", "")


def test_who_is_off_is_said():
    assert entry(off=("torch", "jax"), kind="bug").verdict == "torch and jax are wrong."
    assert entry(off=(), kind="agree").verdict == "None is off."
    some = entry(off=("torch",), kind="bug", some_processors=True)
    assert some.verdict == "torch is wrong on some processors."
    failing = atlas.Side("torch", "", (), failure="torch has no such function")
    assert (
        "torch cannot: `torch has no such function`"
        in atlas.as_files([entry(sides=(failing,), labels=(), truth=())])["kink.md"]
    )


def test_function_by_framework_says_who_is_right():
    told = [
        entry(functions=("max",), found={"torch": ("kink",), "jax": ()}, unable=("mlx",)),
        entry(functions=("max",), found={"torch": ("kink", "bug"), "jax": ()}),
        entry(functions=("sort", "max"), found={"mlx": ()}),
    ]
    table = matrix(told)
    assert [head.name for head in table.heads] == ["function", "torch", "jax", "mlx"]
    assert table.rows == (("max", "bug, kink 2", "right", "right"), ("sort", "", "", "right"))
    assert matrix(told[:1]).rows == (("max", "kink", "right", "cannot"),)
    readme = atlas.as_files(told)["README.md"]
    assert "## Who is right" in readme
    assert "| max | bug, kink 2 | right | right |" in readme.replace("`", "")
    assert 'id="matrix"' in atlas.as_html(told)


def test_the_matrix_has_what_frameworks_last_did_that_are_not_run_now():
    """Unless something is recorded of them, or they are run now."""
    told = [entry(functions=("max",), found={"torch": ("kink",), "paddle": ("bug",)})]
    before = {
        "max-of-ties": {
            "torch": {"2.12.0": "right"},
            "mlx": {"0.9": "cannot: no max", "0.10": "right"},
            "autograd": {"1.9": "cannot: no max"},
            "paddle": {"3.3": "right"},
            "tensorflow": {"2.21": "off: x.grad = 1"},
        },
        "gone": {"tensorflow": {"2.21": "right"}},
    }
    readme = atlas.as_files(told, before)["README.md"].replace("`", "")
    assert "| function | torch | paddle | mlx | autograd |" in readme
    assert "| max | kink | bug | right | cannot |" in readme


def test_an_entry_that_is_not_as_recorded_is_named():
    assert atlas.sentence([entry(failed=True)]).endswith("Not as recorded: max-of-ties.")
    assert "not as recorded" in atlas.as_html([entry(failed=True)])


def test_what_none_can_see_is_not_said_to_be_off():
    assert not atlas.Result(0.0, "blind").off
    assert atlas.Result(0.0, "known").off

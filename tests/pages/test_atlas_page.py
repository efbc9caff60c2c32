"""The atlas in a browser: what is searched for comes in order, and the address keeps it."""

from __future__ import annotations

import dataclasses

import pytest
from axe_playwright_python.sync_playwright import Axe

from gradparity.reports import atlas


def entry(name, about, *functions, kind="bug", because="No reason."):
    side = atlas.Side("torch", "print(1)", (atlas.Result([0.5], "known"),))
    return atlas.Entry(
        name=name,
        about=about,
        kind=kind,
        kinds=(kind,),
        area="made up",
        operations=tuple(f"torch.{f}" for f in functions),
        dtype="float64",
        point="",
        inputs={"x": [1.0]},
        labels=("x.grad",),
        truth=([1.0],),
        sides=(side,),
        off=("torch",),
        because=(because,),
        versions={"torch": "2.13.0"},
        functions=functions,
        found={"torch": (kind,), "jax": ()},
    )


ENTRIES = [
    entry("said-in-passing", "Another thing.", "exp", because="As sqrt does at zero."),
    entry("roots-at-zero", "The slope at zero.", "sqrt"),
    entry("sqrt-of-tiny", "A root of what is tiny.", "sqrt", kind="precision"),
    entry("ties", "The square root of ties.", "rsqrt", kind="kink"),
]


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("atlas") / "index.html"
    path.write_text(atlas.as_html(atlas.ordered(ENTRIES)), "utf-8")
    return path


def found(page):
    return page.locator("#hits h3").all_inner_texts()


def test_what_is_searched_for_comes_in_order(visit, page_file):
    page = visit(page_file)
    page.fill("#filter", "sqrt")
    assert found(page) == ["sqrt-of-tiny", "roots-at-zero", "ties", "said-in-passing"]
    page.fill("#filter", "sqrt kink")
    assert found(page) == ["ties"]
    page.fill("#filter", "nothing-of-that-name")
    assert page.locator("#count").inner_text() == "0 of 4 entries"
    page.fill("#filter", "")
    assert page.locator("#class-bug article").count() == 2


def test_the_matrix_leads_to_a_functions_entries_and_back(visit, page_file):
    page = visit(page_file)
    page.click("#matrix a:text-is('sqrt')")
    page.wait_for_selector("#found", state="visible")
    assert found(page)[:2] == ["sqrt-of-tiny", "roots-at-zero"]
    page.go_back()
    page.wait_for_selector("#found", state="hidden")
    page.click("#functions a:text-is('ties')")
    assert page.locator("article#ties").is_visible()


def test_the_address_keeps_what_is_searched_for(visit, page_file):
    page = visit(page_file, "#?q=tiny")
    assert found(page) == ["sqrt-of-tiny"]
    assert page.locator("#filter").input_value() == "tiny"


@pytest.mark.parametrize(
    "dark", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["light", "dark"]
)
def test_it_is_read_by_everyone(visit, page_file, dark):
    page = visit(page_file, dark=dark)
    for width in (1280, 400):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = [
            (one["id"], [n["html"] for n in one["nodes"]][:3])
            for one in Axe().run(page).response["violations"]
            if one["impact"] in ("serious", "critical")
        ]
        assert found == []


@pytest.mark.parametrize("width", [1280, 400])
def test_the_matrix_shows_all_frameworks_in_its_frame(visit, tmp_path, width):
    variants = ("torch-func", "jax-eager", "jax-scan", "torch-decomposed", "numpy")
    variants += ("autograd", "mlx", "tensorflow", "paddle")
    kinds = ("bug", "convention", "singular", "unsupported")
    long = entry("long", "A long name.", "torch.nn.functional.scaled_dot_product_attention")
    wide = dataclasses.replace(long, found=dict.fromkeys(("torch", "jax", *variants), kinds))
    path = tmp_path / "index.html"
    path.write_text(atlas.as_html(atlas.ordered([*ENTRIES, wide])), "utf-8")
    page = visit(path, width=width)
    frame = page.locator("#matrix .scroll")
    assert frame.evaluate("frame => frame.scrollWidth - frame.clientWidth") == 0
    row = page.locator("#matrix tbody tr", has_text="scaled_dot")
    assert [cell.get_attribute("data-head") for cell in row.locator("td:visible").all()] == [
        "torch",
        "jax",
        *variants,
    ]


def test_who_comes_from_a_report_finds_back(visit, page_file):
    page = visit(page_file, "?report=..%2Fout%2Freport.html#ties")
    link = page.locator("article#ties a:text('in the report')")
    assert link.get_attribute("href") == "../out/report.html#/case/ties"


@pytest.mark.parametrize("report", ["javascript:alert(1).html", "//elsewhere.org/a.html", "x.js"])
def test_an_address_that_is_no_page_beside_it_is_none(visit, page_file, report):
    page = visit(page_file, f"?report={report}#ties")
    assert page.locator("a:text('in the report')").count() == 0

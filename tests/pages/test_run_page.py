"""The page of a run, as a person uses it: by clicks and keys in a browser."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

import gradparity as gp
from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.reports import atlas, files
from gradparity.reports.html import as_html
from gradparity.reports.pages.linking import links
from gradparity.verify.sheets.making import sheets

from ..adapters import wrong
from .test_atlas_page import entry

TEXT = """\
case: layer
about: A layer <b>and</b> its loss.
tags: [small]
inputs: {x: [[1.0, 2.0], [0.5, -1.0]]}
params: {W: [[0.5], [0.25]]}
program: |
  z = x @ W
  loss = mean(tanh(z) ** 2)
optimizer: {adam: {lr: 0.1}}
steps: 4
dtypes: [float64, float32]
---
case: swept
about: One function of two.
tags: [other]
params: {a: [0.3, 0.7]}
sweep: {f: [exp, sin]}
program: y = $f(a)
dtypes: [float64]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    path = folder / "mine.yaml"
    path.write_text(TEXT, "utf-8")
    cases = gp.load_cases(path)
    off = wrong.Wrong(NumpyAdapter(), scaled_where_there("W"), "off")
    for name, adapters in (("passing", ["numpy"]), ("failing", ["numpy", off])):
        results = gp.run(cases, adapters=adapters)
        files.write(results, folder / name, sheets=sheets(cases, results))
    files.write(results, folder / "failing", sheets=sheets(cases, results))
    return folder


def scaled_where_there(name):
    def change(trace):
        if name in trace.steps[0].grads:
            wrong.scaled(name, 1e-3)(trace)

    return change


@pytest.fixture
def failing(folder):
    return folder / "failing" / "report.html"


@pytest.fixture
def passing(folder):
    return folder / "passing" / "report.html"


def cells(page, column):
    return page.locator(f"table.rows td.{column}").all_inner_texts()


def test_from_a_cell_to_its_case_and_back(visit, failing):
    page = visit(failing)
    page.click(".matrix a.cell.differs[href*='case/layer'][href*='float32']")
    page.wait_for_selector("#view-case h2:text('layer')")
    assert page.locator("#view-overview").is_hidden()
    assert page.locator(".source .marked").count() == 1
    assert "x @ W" in page.locator(".source .marked").inner_text()
    assert page.locator("svg.graph .blamed").count() == 1
    assert page.locator("svg.graph .parameter title").inner_html().startswith("W, parameter, value")
    assert "Chain rule" in page.locator("#view-case").inner_text()
    assert page.locator("#view-case b").count() > 0
    assert page.locator(".about").inner_text() == "A layer <b>and</b> its loss."
    page.go_back()
    page.wait_for_selector("#matrix .cell", state="visible")
    page.go_forward()
    page.wait_for_selector("#view-case h2:text('layer')", state="visible")


def test_a_failing_page_begins_with_what_failed(visit, failing):
    page = visit(failing)
    titles = page.locator("#view-overview h2").all_inner_texts()
    assert titles[0] == "What failed, and why"
    page.click("#failures a")
    page.wait_for_selector("#view-case h2", state="visible")


def test_a_passing_page_begins_with_what_was_proved(visit, passing):
    titles = visit(passing).locator("#view-overview h2").all_inner_texts()
    assert titles[:2] == ["Tasks by adapter and verdict", "What was proved, and how sharply"]


def test_rows_are_sorted_by_a_click_and_the_address_keeps_it(visit, failing):
    page = visit(failing, "#/rows")
    page.wait_for_selector("table.rows")
    page.click("th button[data-sort=max_abs]")
    page.wait_for_selector("th[aria-sort=descending]")
    assert cells(page, "verdict")[0] == "differs"
    address = page.url
    page.click("th button[data-sort=max_abs]")
    page.wait_for_selector("th[aria-sort=ascending]")
    assert cells(page, "verdict")[0] == "agree"
    page.go_back()
    page.wait_for_selector("th[aria-sort=descending]")
    again = visit(failing, "#" + address.partition("#")[2])
    again.wait_for_selector("th[aria-sort=descending]")


@pytest.mark.thinned(3)
@pytest.mark.parametrize(
    ("key", "value", "column"),
    [
        ("adapter", "off", "adapter"),
        ("dtype", "float32", "dtype"),
        ("verdict", "differs", "verdict"),
    ],
)
def test_rows_are_filtered(visit, failing, key, value, column):
    page = visit(failing, "#/rows")
    page.wait_for_selector("table.rows")
    before = len(cells(page, column))
    page.select_option(f"#f-{key}", value)
    page.wait_for_function(f"location.hash.includes('{key}=')")
    page.wait_for_function(f"document.querySelectorAll('table.rows tbody tr').length < {before}")
    assert set(cells(page, column)) == {value}
    page.go_back()
    page.wait_for_function(f"document.querySelectorAll('table.rows tbody tr').length == {before}")


def test_the_matrix_is_filtered_by_operation_tag_and_words(visit, failing):
    page = visit(failing)
    names = page.locator(".matrix tbody th[scope=row]")
    page.select_option("#f-op", "sin")
    page.wait_for_function("document.querySelector('#count').textContent.startsWith('1 case,')")
    assert names.all_inner_texts() == ["swept"]
    page.click("#clear")
    page.select_option("#f-tag", "small")
    page.wait_for_function("document.querySelector('#count').textContent.startsWith('1 case,')")
    assert names.all_inner_texts() == ["layer"]
    page.click("#clear")
    page.fill("#f-q", "sweep-of-nothing")
    page.wait_for_selector("text=Nothing fits the filters.")


def test_numbers_are_rounded_and_whole_where_that_is_asked_for(visit, failing):
    page = visit(failing, "#/rows?verdict=differs&check=grad&adapter=off")
    page.wait_for_selector("table.rows")
    assert all(len(text) < 9 for text in cells(page, "number"))
    page.check("#digits")
    page.wait_for_function("location.hash.includes('digits=all')")
    assert any(re.fullmatch(r"[\d.e-]{15,}", text) for text in cells(page, "number"))


def test_keys(visit, failing):
    page = visit(failing)
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "f-q"
    page.keyboard.type("layer")
    page.wait_for_function("document.querySelector('#count').textContent.startsWith('1 case,')")
    page.locator(".matrix tbody th[scope=row] a").focus()
    page.keyboard.press("ArrowRight")
    first = page.evaluate("document.activeElement.ariaLabel")
    assert first.startswith("layer, numpy float64: agrees")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.ariaLabel") != first
    page.keyboard.press("Enter")
    page.wait_for_selector("#view-case h2:text('layer')", state="visible")
    page.keyboard.press("n")
    page.wait_for_selector("#view-case h2:text('swept')", state="visible")
    page.keyboard.press("o")
    page.wait_for_selector("#matrix .cell", state="visible")
    page.keyboard.press("?")
    page.wait_for_selector("#help[open]")
    page.keyboard.press("Escape")
    assert page.locator("#help").is_hidden()


def test_a_case_shows_steps_units_and_tasks(visit, failing):
    page = visit(failing, "#/case/layer?dtype=float32")
    page.wait_for_selector("svg.plot")
    assert "absolute" in page.locator("figcaption").last.inner_text()
    page.select_option("label:has-text('Errors') select", "max_ulp")
    page.wait_for_selector("figcaption:has-text('ulp')")
    page.goto(page.url.partition("#")[0] + "#/case/swept")
    page.wait_for_selector("#view-case h2:text('swept')")
    page.select_option("label:has-text('Task') select", "f=sin float64")
    page.wait_for_function("location.hash.includes('task=')")


def test_a_case_that_is_not_there_is_said(visit, failing):
    page = visit(failing, "#/case/%3Cscript%3E")
    page.wait_for_selector("text=This run has no such case.")
    assert page.locator("#view-case h2").inner_text() == "<script>"


def test_a_recorded_case_leads_to_its_entry_in_the_atlas_and_back(visit, tmp_path):
    (case,) = gp.load_cases("abs-at-zero")
    results = gp.run([case], adapters=["numpy"])
    there, here = tmp_path / "the atlas" / "index.html", tmp_path / "a run" / "report.html"
    there.parent.mkdir()
    here.parent.mkdir()
    there.write_text(atlas.as_html([entry("abs-at-zero", "The kink.", "abs")]), "utf-8")
    held = sheets([case], results)
    here.write_text(as_html(results, sheets=held, links=links(here, there)), "utf-8")
    page = visit(here, "#/case/abs-at-zero")
    page.click("a:text('its entry in the atlas')")
    page.wait_for_selector("article#abs-at-zero")
    page.click("article#abs-at-zero a:text('in the report')")
    page.wait_for_selector("#view-case h2:text('abs-at-zero')", state="visible")


def test_history_has_a_line_a_run(visit, failing):
    page = visit(failing, "#/history")
    page.wait_for_selector("#view-history table")
    assert page.locator("#view-history tbody tr").count() == 2
    assert page.locator("#view-history svg.plot").count() == 4


def test_dark_by_the_system_and_by_the_button(visit, failing):
    def brightness(page):
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, re.findall(r"\d+", colour)[:3]))

    assert brightness(visit(failing)) > 700
    page = visit(failing, dark=True)
    assert brightness(page) < 150
    page.click("#theme")
    assert page.locator("#theme").inner_text() == "Theme: light"
    assert brightness(page) > 700


VIEWS = ["#/", "#/rows", "#/case/layer", "#/case/swept", "#/history"]


@pytest.mark.thinned(9)
@pytest.mark.parametrize("address", VIEWS)
@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_is_wider_than_the_window(visit, failing, address, width):
    page = visit(failing, address, width=width)
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width == 1280 and address in ("#/", "#/rows"):
        for region in page.locator(".scroll:visible").all():
            assert region.evaluate("e => e.scrollWidth - e.clientWidth") <= 0


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious(visit, failing, dark):
    found = {}
    page = visit(failing, dark=dark)
    for width in (1280, 400):
        page.set_viewport_size({"width": width, "height": 900})
        for address in VIEWS:
            page.evaluate("address => { location.hash = address; }", address)
            page.wait_for_timeout(150)
            for one in Axe().run(page).response["violations"]:
                if one["impact"] in ("serious", "critical"):
                    found[one["id"], address, width] = [n["html"] for n in one["nodes"]][:3]
    assert found == {}

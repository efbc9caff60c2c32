"""The pages of tables, a diff's and a port's: sorted, filtered, dark, narrow."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

import gradparity as gp
from gradparity.reports.differences import as_html, differences
from gradparity.reports.html import Found, as_page
from gradparity.reports.sections import Head, Table

TEXT = "case: {}\nabout: x\nparams: {{a: {}}}\nprogram: y = exp(a)\ndtypes: [float64]\n"


@pytest.fixture(scope="module")
def diff(tmp_path_factory):
    texts = [TEXT.format(name, 0.5) for name in ("one", "two", "three")]
    old = gp.run("\n---\n".join(texts), adapters=["numpy"])
    new = old[old["case"] != "two"].copy()
    new.loc[new["case"] == "one", ["verdict", "kind"]] = "differs", "error"
    path = tmp_path_factory.mktemp("diff") / "diff.html"
    path.write_text(as_html(differences(old, new), {"Old": "a", "New": "b"}), "utf-8")
    return path


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    numbers = [(str(k), f"w{k}", text) for k, text in enumerate(("2e-3", "1e-1", "", "30"))]
    table = Table(
        "Every comparison", (Head("draw"), Head("tensor", "code"), Head("error")), (*numbers,)
    )
    found = Found("differs", "the sides part", ("net.py:3: y = f(x)",), (("because", "it is"),))
    path = tmp_path_factory.mktemp("port") / "port.html"
    path.write_text(
        as_page("a and b", "They differ.", "differs", [table], findings=[found]), "utf-8"
    )
    return path


def test_a_table_is_sorted_by_its_headings(visit, port):
    page = visit(port)
    column = page.locator("tbody td:nth-child(3)")
    page.click("th button:text('error')")
    assert column.all_inner_texts() == ["2e-3", "1e-1", "30", ""]
    page.click("th button:text('error')")
    assert column.all_inner_texts() == ["30", "1e-1", "2e-3", ""]
    assert page.locator("th[aria-sort=descending]").count() == 1


def test_rows_are_filtered_and_what_was_found_stays(visit, port):
    page = visit(port)
    page.fill("#filter", "w3")
    assert page.locator("tbody tr:visible").count() == 1
    assert page.locator("#findings").is_visible()
    assert page.locator("#count").inner_text() == "1 of 4 rows"


def test_the_address_keeps_the_sort_and_the_filter(visit, port):
    page = visit(port)
    column = page.locator("tbody tr:visible td:nth-child(3)")
    page.click("th button:text('error')")
    page.click("th button:text('error')")
    page.fill("#filter", "w")
    page.click("nav a:text('Every comparison')")
    again = visit(port, "#" + page.url.partition("#")[2])
    assert again.locator("#filter").input_value() == "w"
    assert again.locator("#count").inner_text() == "4 of 4 rows"
    told = again.locator("tbody tr:visible td:nth-child(3)").all_inner_texts()
    assert told == column.all_inner_texts() == ["30", "1e-1", "2e-3", ""]
    page.go_back()
    page.go_back()
    assert page.locator("th[aria-sort=ascending]").count() == 1
    page.go_back()
    assert column.all_inner_texts() == ["2e-3", "1e-1", "", "30"]


def test_a_diff_says_what_is_worse(visit, diff):
    page = visit(diff)
    assert "for the worse" in page.locator(".sentence").inner_text()
    titles = page.locator("h2").all_inner_texts()
    assert [title.partition(" (")[0] for title in titles] == [
        "Verdicts that changed",
        "Rows that vanished",
    ]


@pytest.mark.thinned(4)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["diff", "port"])
def test_it_is_read_by_everyone(request, visit, name, dark):
    page = visit(request.getfixturevalue(name), dark=dark)
    for width in (1280, 400):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = [
            (one["id"], [n["html"] for n in one["nodes"]][:3])
            for one in Axe().run(page).response["violations"]
            if one["impact"] in ("serious", "critical")
        ]
        assert found == []

"""The documentation and the atlas in a browser: axe finds nothing serious, and nothing clips."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

ROOT = Path(__file__).parents[2]

#: Prose, sessions, formulas with a figure, and one that the code writes.
PAGES = ("index", "backpropagation", "concepts/noise", "reference/keys")
WIDTHS = (1280, 400)

#: Elements that end beyond the window, though nothing around them scrolls sideways.
CLIPPED = """\
() => [...document.querySelectorAll("main *, article *")].filter(element => {
  const box = element.getBoundingClientRect();
  if (!box.width || box.right <= document.documentElement.clientWidth + 1) return false;
  for (let at = element; at; at = at.parentElement)
    if (["auto", "scroll"].includes(getComputedStyle(at).overflowX)
        && at !== document.documentElement && at !== document.body) return false;
  return true;
}).map(element => element.outerHTML.slice(0, 200))
"""

#: Some of each kind are as good as all, which axe would read for minutes.
SHORTENED = """\
() => document.querySelectorAll(
  ".class > article:nth-of-type(n+3), :is(.matrix tbody tr, .functions li):nth-child(n+30)"
).forEach(element => element.remove())
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The documentation, built without a warning."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(  # noqa: S603  our own documentation
        [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", "docs", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def found(page):
    """What axe calls serious, and what the window cuts, by width."""
    wrong = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for one in Axe().run(page).response["violations"]:
            if one["impact"] in ("serious", "critical"):
                wrong[one["id"], width] = [node["html"] for node in one["nodes"]][:3]
        if clipped := page.evaluate(CLIPPED):
            wrong["clipped", width] = clipped[:3]
    return wrong


@pytest.fixture(params=["light", "dark"])
def page(chromium, request):
    context = chromium.new_context(color_scheme=request.param)
    yield context.new_page()
    context.close()


@pytest.mark.slow
def test_the_site_needs_no_network(site):
    for page in site.rglob("*.html"):
        loaded = re.findall(
            r"<(?:script|link|img)\b[^>]*\b(?:src|href)=\"([^\"]+)", page.read_text("utf-8")
        )
        assert [x for x in loaded if x.startswith(("http", "//"))] == []
    assert "<math" in (site / "concepts" / "truth.html").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_documentation_is_read_by_everyone(page, site, name):
    page.goto((site / f"{name}.html").as_uri())
    assert found(page) == {}


@pytest.mark.slow
def test_the_atlas_is_read_by_everyone(page):
    page.goto((ROOT / "reports" / "atlas" / "index.html").as_uri())
    page.wait_for_function("document.body.dataset.shown !== undefined")
    page.evaluate(SHORTENED)
    assert found(page) == {}


def test_what_the_window_cuts_is_found(page):
    wide = '<table><tr><td style="min-width: 900px">wide</td></tr></table>'
    page.set_content(f'<main lang="en"><div style="overflow-x: auto">{wide}</div></main>')
    assert ("clipped", 400) not in found(page)
    page.set_content(f"<main>{wide}</main>")
    assert ("clipped", 400) in found(page)

"""Pages in a headless Chromium; without one the tests are skipped, and say so."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="the extra test is not installed")

#: Where a system's own browser is; Playwright's download is not needed.
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def chromium() -> Iterator:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Chromium is installed (apt install chromium)")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium):
    """Open a page of a file; whatever it reports as an error fails the test at its end."""
    contexts, errors = [], []

    def opened(path, address="", *, width=1280, dark=False):
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.on("request", lambda asked: _of_this_file(asked.url, errors))
        page.goto(f"{path.as_uri()}{address}")
        page.wait_for_function("document.body.dataset.shown !== undefined")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []


def _of_this_file(url, errors):
    if not url.startswith(("file:", "data:", "blob:")):
        errors.append(f"asks the network for {url}")

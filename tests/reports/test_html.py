from __future__ import annotations

from html.parser import HTMLParser

from gradparity.reports.html import as_html
from gradparity.reports.markdown import as_markdown
from gradparity.reports.pages.packing import unpacked

VOID = {"meta", "input", "br", "link", "img"}


class Page(HTMLParser):
    """A page's elements, texts and ids; every element must be closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self.text = ""
        self.data: dict[str, dict] = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag):
        assert tag == self.open.pop()

    def handle_data(self, data):
        if self.open[-1:] == ["script"] and self.elements[-1][1].get("type"):
            self.data[str(self.elements[-1][1]["id"])] = unpacked(data)
        if not {"script", "style"} & set(self.open):
            self.text += data
        if {"td", "th"} & set(self.open):
            self.cells[-1] += data

    def named(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def test_the_page_is_well_formed(results):
    page = Page(as_html(results))
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(set(ids)) == len(ids)
    for attributes in page.named("a"):
        to = attributes["href"] or ""
        assert to.startswith("#/") or to.removeprefix("#") in ids
    for _, attributes in page.elements:
        if "aria-labelledby" in attributes:
            assert attributes["aria-labelledby"] in ids


def test_the_page_needs_nothing_else(hostile):
    page = Page(as_html(hostile))
    for tag in ("link", "img", "iframe", "base"):
        assert page.named(tag) == []
    scripts = [a.get("type") for a in page.named("script")]
    assert scripts == ["application/gzip"] * 4 + [None]
    assert not any(key.startswith("on") or key == "src" for _, a in page.elements for key in a)


def test_hostile_text_is_text(hostile):
    page = Page(as_html(hostile, title="<b>", date="<i>", about={"<u>": "{{ 1 + 1 }}"}))
    assert "<script>alert(1)</script>" in page.cells
    assert "</td></table>{{ 7 * 7 }}{% raw %}" in page.cells
    for text in ("<b>", "<i>", "<u>", "{{ 1 + 1 }}"):
        assert text in page.text
    assert "\x1b" not in page.text


def test_colours_have_words(mixed):
    page = Page(as_html(mixed))
    spans = [a["class"] for a in page.named("span")]
    assert {"differs", "stale", "error", "agree"} <= set(spans)
    for verdict in ("differs", "stale", "error", "known", "agree", "skipped", "unsupported"):
        assert verdict in page.cells


def test_every_heading_cell_has_a_scope(mixed):
    assert all(a.get("scope") == "col" for a in Page(as_html(mixed)).named("th"))


def test_the_outcome(agreeing, mixed):
    outcomes = [
        Page(as_html(frame)).text.split()[:2] for frame in (agreeing, mixed, mixed.iloc[:0])
    ]
    assert outcomes == [["gradparity:", word] for word in ("passed", "failed", "empty")]


def test_page_and_markdown_say_the_same(mixed):
    page, text = Page(as_html(mixed, date="today")), as_markdown(mixed, date="today")
    assert page.text.count("Worst discrepancies") == text.count("## Worst discrepancies")
    for word in ("error 0.0015 exceeds 1e-12", "has no ctc", "takes an hour", "it is gone"):
        assert word in page.text
        assert word in text

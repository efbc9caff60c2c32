"""The short view of results."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from gradparity.reports.columns import frame
from gradparity.reports.digest import MOST_CASES, MOST_FAILED, Summary, summary
from gradparity.reports.errors import BadResults
from gradparity.reports.summary import by_case, sentence
from gradparity.reports.wording import safe

#: What the view is made of, and nothing that could run or fetch.
ELEMENTS = {"details", "div", "p", "span", "style", "summary"}
ELEMENTS |= {"caption", "table", "tbody", "td", "th", "thead", "tr"}


class Page(HTMLParser):
    """The elements and texts of a page, and whether every element is closed in its turn."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.links, self._open = [], [], [], []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href")]
        self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data.strip())


def test_it_begins_with_the_sentence(results):
    held = summary(results)
    assert held.sentence == sentence(results)
    assert repr(held) == str(held)
    assert str(held).splitlines()[0] == safe(held.sentence)
    assert safe(held.sentence) in Page(held._repr_html_()).texts


def test_its_frame_is_the_counts(results):
    assert summary(results).frame.equals(by_case(results))


def test_what_failed_first_is_said_with_its_cause(mixed):
    text = str(summary(mixed))
    assert "What failed first:" in text
    assert "  softmax[jax-float64] grad W at step 0 differs, blamed: z: error 0.0015 exc" in text
    assert "  tie[torch-float64] grad W at step 0 stale: it is gone" in text
    assert "  bad[torch-float64] error: boom" in text
    assert "  max[" not in text


def test_the_way_from_what_is_blamed_is_said(failing):
    text = str(summary(frame([failing(path="z → a → W")])))
    assert "blamed: z (z → a → W): error" in text


def test_nothing_is_said_to_fail_where_nothing_does(agreeing):
    held = summary(agreeing)
    assert "failed" not in str(held)
    assert held.failed_first.empty
    texts = Page(held._repr_html_()).texts
    assert "passed" in texts
    assert "What failed first" not in texts


def test_a_notebook_shows_what_the_text_says(mixed):
    texts = Page(summary(mixed)._repr_html_()).texts
    for text in ("failed", "Tasks by adapter and verdict", "What failed first", "boom"):
        assert text in texts
    assert any(text.startswith("All cases (") for text in texts)


def test_every_text_in_a_notebook_is_escaped_and_nothing_is_fetched(hostile):
    html = summary(hostile)._repr_html_()
    page = Page(html)
    assert set(page.tags) <= ELEMENTS
    assert page.links == []
    assert not re.search(r"url\(|@import|https?:", html)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_much_is_cut_and_told_so(failing):
    held = summary(frame(failing(f"case-{k}") for k in range(MOST_CASES + 7)))
    left = MOST_CASES + 7 - MOST_FAILED
    assert str(held).splitlines()[-1].strip() == f"and {left} more; failed_first has all"
    texts = Page(held._repr_html_()).texts
    assert "and 7 more cases; frame has all" in texts
    assert f"and {left} more; failed_first has all" in texts
    assert len(held.failed_first) == len(held.frame) == MOST_CASES + 7


def test_rows_may_be_left_out(mixed):
    held = summary(mixed[mixed.verdict == "differs"])
    assert isinstance(held, Summary)
    assert held.sentence == "1 of 1 case differs: softmax (jax)."


@pytest.mark.parametrize("given", [None, [], "results.csv"])
def test_what_is_no_frame_is_refused(given):
    with pytest.raises(BadResults, match="expected a DataFrame of results"):
        summary(given)


def test_a_frame_without_columns_of_results_is_refused(mixed):
    with pytest.raises(BadResults, match="not the results of a run: no column verdict, got"):
        summary(mixed.drop(columns=["verdict", "got"]))

"""What the theme leaves out for those who read by keyboard or by ear."""

from __future__ import annotations

from typing import Any

#: After furo's own listener, which makes the navigation.
_LAST = 900

#: What is scrolled sideways where it is wider than its page.
_SCROLLED = {
    "<pre>": '<pre tabindex="0">',
    '<div class="math">': '<div tabindex="0" class="math">',
    '<div class="table-wrapper': '<div tabindex="0" class="table-wrapper',
}


def _mend(_app: Any, _page: str, _template: str, context: dict[str, Any], _tree: Any) -> None:
    """Let keys scroll a wide block, and give the captions of the navigation a level."""
    if "body" in context:
        for old, new in _SCROLLED.items():
            context["body"] = context["body"].replace(old, new)
    if "furo_navigation_tree" in context:
        context["furo_navigation_tree"] = context["furo_navigation_tree"].replace(
            'role="heading"', 'role="heading" aria-level="2"'
        )


def setup(app: Any) -> None:
    """Mend each page before it is written."""
    app.connect("html-page-context", _mend, priority=_LAST)

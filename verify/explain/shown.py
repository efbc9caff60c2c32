"""A derivation as a value of Python's: text where it is printed, a page's piece in a notebook."""

from __future__ import annotations

from markupsafe import Markup

from ...reports.html import template
from .graph import mermaid, svg
from .parts import Derivation, Graph
from .render import plain


class Drawing:
    """The computation graph: each operation with its value and its cotangent.

    ``str`` gives it as Mermaid's flowchart, ``svg`` as a picture, which a notebook shows.
    """

    def __init__(self, graph: Graph) -> None:
        self.svg = svg(graph) if graph.nodes else ""
        self._text = mermaid(graph)

    def __str__(self) -> str:
        return self._text

    def _repr_svg_(self) -> str | None:
        return self.svg or None


class Explanation:
    """A case worked through, as ``gradparity explain`` prints it.

    Attributes
    ----------
    derivation
        Its sections, equation by equation.
    graph
        The computation graph; a notebook shows it by itself.
    """

    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        self.graph = Drawing(derivation.graph)

    def __repr__(self) -> str:
        return plain(self.derivation).rstrip()

    def _repr_html_(self) -> str:
        """A piece of a page that needs nothing else; every text in it is escaped."""
        return template("explanation.html").render(
            derivation=self.derivation,
            graph=Markup(self.graph.svg),  # noqa: S704  whose texts are escaped
        )

"""The verdicts, from worst to best, and which of them fail a run."""

from __future__ import annotations

#: From worst to best: the verdict of many rows together is the first of these among them.
VERDICTS = ("error", "differs", "stale", "blind", "unsupported", "skipped", "known", "agree")

#: What fails a run.
FAILING = ("error", "differs", "stale")

#: Verdict → its place in ``VERDICTS``.
RANK = {verdict: rank for rank, verdict in enumerate(VERDICTS)}

#: Verdict → how a terminal shows it; the word itself always stands beside the colour.
STYLES = {
    "error": "bold magenta",
    "differs": "bold red",
    "stale": "bold yellow",
    "blind": "yellow",
    "unsupported": "cyan",
    "skipped": "dim",
    "known": "blue",
    "agree": "green",
}

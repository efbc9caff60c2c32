"""What a self-test found, as text for people and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict

from ...reports.plain import plain_table
from ...reports.sections import Head, Table
from .operation_faults import DISCRETE
from .operations import GROSS, LATE, RAISED, SMALLEST, Finding
from .rule_faults import RULE_FAULTS

#: What may become of a fault.
OUTCOMES = ("caught", "missed", "equivalent", "absent")

#: The kinds of fault in operations and in rules, as the tables have them.
OF_OPERATIONS = (*(fault.name for fault in DISCRETE), f"scaled by 1 + {GROSS} eps")
OF_RULES = (*(fault.name for fault in RULE_FAULTS), f"rate scaled by 1 + {GROSS} eps")


def summary(findings: list[Finding]) -> dict[str, int]:
    """The counts: planted (caught and missed), caught, equivalent, blamed and rightly so."""
    held = [found for found in findings if found.fault != SMALLEST]
    counts = Counter(found.outcome for found in held)
    blamable = blamed(held)
    return {
        "operations": len({f.operation for f in held if f.fault in OF_OPERATIONS}),
        "rules": len({f.operation for f in held if f.fault in OF_RULES}),
        "planted": counts["caught"] + counts["missed"],
        "caught": counts["caught"],
        "missed": counts["missed"],
        "equivalent": counts["equivalent"],
        "blamable": len(blamable),
        "blame_right": sum(found.blame_is_right for found in blamable),
    }


def blamed(findings: list[Finding]) -> list[Finding]:
    """Those whose operation or rule should be blamed: an adapter that raises is loud enough."""
    return [f for f in findings if f.caught and f.fault != LATE and f.blamed != RAISED]


def as_json(findings: list[Finding]) -> str:
    """Every finding, and the counts."""
    return json.dumps({"summary": summary(findings), "findings": [asdict(f) for f in findings]})


def as_text(findings: list[Finding], dtypes: list[str]) -> str:
    """The counts, what was missed and why, what is equivalent, how small a fault is seen."""
    sums = summary(findings)
    held = [found for found in findings if found.fault != SMALLEST]
    smallest = Counter(f.outcome for f in findings if f.fault == SMALLEST and f.outcome.isdigit())
    lines = [f"Faults planted, one at a time, in {' and '.join(dtypes)}"]
    if sums["operations"]:
        lines += ["", f"Into {sums['operations']:,} operations", _counts(held, OF_OPERATIONS)]
    if sums["rules"]:
        lines += ["", f"Into {sums['rules']:,} update rules", _counts(held, OF_RULES)]
    lines += ["", "equivalent: it changes no result; absent: it cannot be planted there."]
    if smallest:
        sizes = [(n, str(smallest[n])) for n in sorted(smallest, key=int)]
        lines += ["", "Smallest scale fault 1 + n·eps that is caught"]
        lines.append(_table(("n", "arguments"), sizes))
    lines += [
        _listed("Missed", [found for found in held if found.outcome == "missed"]),
        _listed("Blame on another", [f for f in blamed(held) if not f.blame_is_right]),
        _listed("Equivalent", [found for found in held if found.outcome == "equivalent"]),
        "",
        f"caught {sums['caught']:,} of {sums['planted']:,} planted",
        f"blame: what was planted in {sums['blame_right']:,} of {sums['blamable']:,}",
        "(not blamed by design: adapters that raised, and faults that come at a second step only)",
    ]
    return "\n".join(lines)


def _counts(findings: list[Finding], kinds: tuple[str, ...]) -> str:
    outcomes = Counter((found.fault, found.outcome) for found in findings)
    rows = [(kind, *(str(outcomes[kind, outcome]) for outcome in OUTCOMES)) for kind in kinds]
    return _table(("fault", *OUTCOMES), rows)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    heads = tuple(Head(name, "text" if name == "fault" else "number") for name in head)
    return plain_table(Table("", heads, tuple(rows)))


def _listed(title: str, findings: list[Finding]) -> str:
    """Findings by fault, each with what it concerns, and why where that is known."""
    by_fault: dict[str, list[str]] = {}
    for found in findings:
        where = f"{found.operation}({found.argument})" if found.argument else found.operation
        if found.outcome == "missed":
            where += f" in {found.dtype}: {found.note}"
        elif found.caught:
            where += f" (on {found.blamed or 'none'})"
        held = by_fault.setdefault(found.fault, [])
        if where not in held:
            held.append(where)
    lines = [f"  {fault}: {', '.join(where)}" for fault, where in by_fault.items()]
    return "\n".join([f"\n{title}: {'none' if not lines else ''}".rstrip(), *lines])

"""``python -m tests.outside``: plant the faults of ``faults.yaml`` and print what was missed."""

from __future__ import annotations

import argparse
import json
import sys

from . import running
from .fault import read


def main() -> int:
    """Plant, and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.outside", description=__doc__)
    parser.add_argument("-k", default="", metavar="WORDS", help="only faults with all these words")
    parser.add_argument("--framework", choices=running.FRAMEWORKS, help="only this framework's")
    parser.add_argument("-j", type=int, default=1, help="processes a framework")
    parser.add_argument("--json", action="store_true", help="print every outcome as a line of JSON")
    parser.add_argument("--thorough", action="store_true", help="judge every case that is reached")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        running.serve(sys.stdin, sys.stdout)
        return 0
    words = given.k.split()
    faults = [
        fault
        for fault in read()
        if all(word in fault.id for word in words)
        if given.framework in (None, fault.framework)
    ]
    found = []
    for one in running.outcomes(faults, given.j, thorough=given.thorough):
        found.append(one)
        told = json.dumps(one.as_dict()) if given.json else running.line(one)
        (sys.stdout if given.json else sys.stderr).write(told + "\n")
    if not given.json:
        sys.stdout.write(running.table(found) + "\n")
    return 0


raise SystemExit(main())

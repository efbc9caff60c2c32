"""Case files by a coverage-guided fuzzer: every one is answered, soon and in little memory.

    python benchmarks/fuzz.py -max_total_time=600 [FOLDER OF TEXTS]

Needs atheris (the extra ``fuzz``); its own options follow. What it stops at is written to a file
``crash-…`` here: a traceback, more than 2 s, or more than 500 MB beyond the start.
"""  # noqa: INP001 - scripts, no package

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["gradparity.cases"]):
    from gradparity.cases import catalogue, load_text
    from gradparity.refimpl.errors import BadCase

SECONDS, MEGABYTES = 2.0, 500.0


def megabytes() -> float:
    """The most memory this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Watch:
    """Loads texts, and remembers what took longest."""

    def __init__(self) -> None:
        self.longest, self.count, self.start = 0.0, 0, megabytes()

    def __call__(self, raw: bytes) -> None:
        """Load one text; whatever it is, the answer is cases and faults."""
        before, started = megabytes(), time.process_time()
        cases, faults = load_text(raw, Path("t.yaml"))
        taken, grown = time.process_time() - started, megabytes() - before
        self.count += 1
        if taken > self.longest:
            self.longest = taken
            print(f"\n{self.count} texts, longest {taken:.3f} s, {megabytes():.0f} MB", flush=True)  # noqa: T201 - a script speaks
        assert cases or faults
        assert all(isinstance(fault, BadCase) for fault in faults)
        assert taken <= SECONDS, f"{taken:.2f} s to answer"
        assert grown <= MEGABYTES, f"{grown:.0f} MB to answer"


def main() -> None:
    """Fuzz, starting from the catalogue's own documents."""
    with tempfile.TemporaryDirectory() as folder:
        documents = [
            document
            for path in sorted(catalogue().rglob("*.yaml"))
            for document in path.read_text("utf-8").split("\n---\n")
        ]
        for number, document in enumerate(documents):
            (Path(folder) / f"{number}").write_text(document, "utf-8")
        atheris.Setup([*sys.argv, folder], Watch(), enable_python_coverage=True)
        atheris.Fuzz()


if __name__ == "__main__":
    main()

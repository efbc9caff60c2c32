"""Case files and arrays by a coverage-guided fuzzer: each is answered, soon and in little memory.

    python benchmarks/fuzz.py -max_total_time=600 [FOLDER OF TEXTS]

A text is loaded and checked as ``lint`` does; bytes that begin as a NumPy array or a zip archive do
are read as a file of arrays.

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
import numpy as np

with atheris.instrument_imports(include=["gradparity.cases", "gradparity.verify.linting"]):
    from gradparity.cases import catalogue, files
    from gradparity.cases.locating import FileFault
    from gradparity.refimpl.errors import BadCase
    from gradparity.verify.linting.soundness import examined

SECONDS, MEGABYTES = 2.0, 500.0


def megabytes() -> float:
    """The most memory this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Watch:
    """Checks texts and reads arrays, and remembers what took longest."""

    def __init__(self, folder: Path) -> None:
        self.longest, self.count, self.start = 0.0, 0, megabytes()
        self._folder = folder

    def __call__(self, raw: bytes) -> None:
        """Answer one input; whatever it is, the answer is cases and faults, or an array."""
        before, started = megabytes(), time.process_time()
        if raw.startswith((b"\x93NUMPY", b"PK")):
            cases, faults = self._array(raw), []
        else:
            cases, faults = examined(raw, Path("t.yaml"), None)
        taken, grown = time.process_time() - started, megabytes() - before
        self.count += 1
        if taken > self.longest:
            self.longest = taken
            print(f"\n{self.count} texts, longest {taken:.3f} s, {megabytes():.0f} MB", flush=True)  # noqa: T201 - a script speaks
        assert cases or faults
        assert all(isinstance(fault, BadCase) for fault in faults)
        assert taken <= SECONDS, f"{taken:.2f} s to answer"
        assert grown <= MEGABYTES, f"{grown:.0f} MB to answer"

    def _array(self, raw: bytes) -> list[int]:
        """The sizes of an array that could be read; or that it was refused."""
        suffix, key = (".npy", None) if raw.startswith(b"\x93") else (".npz", "w")
        path = self._folder / f"{self.count}{suffix}"
        path.write_bytes(raw)
        try:
            return [files.read(path, key).size]
        except FileFault:
            return [-1]
        finally:
            path.unlink()


def main() -> None:
    """Fuzz, starting from the catalogue's own documents."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as held:
        documents = [
            document
            for path in sorted(catalogue().rglob("*.yaml"))
            for document in path.read_text("utf-8").split("\n---\n")
        ]
        for number, document in enumerate(documents):
            (Path(folder) / f"{number}").write_text(document, "utf-8")
        for number, make in enumerate((np.save, *[np.savez, np.savez_compressed] * 2)):
            with (Path(folder) / f"array {number}").open("wb") as file:
                if make is np.save:
                    np.save(file, np.arange(6.0).reshape(2, 3))
                else:
                    make(file, w=np.arange(6, dtype="<i4"), v=np.ones(2, "f2"))
        atheris.Setup([*sys.argv, folder], Watch(Path(held)), enable_python_coverage=True)
        atheris.Fuzz()


if __name__ == "__main__":
    main()

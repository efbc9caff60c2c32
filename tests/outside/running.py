"""Faults planted in processes of their own, one framework each, and what is said of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import Queue
from tempfile import TemporaryFile
from threading import Thread
from typing import IO

from gradparity.adapters import threads
from gradparity.verify import load_cases

from .fault import Fault, read
from .suite import REFERENCE, Found, Suite

FRAMEWORKS = ("torch", "jax")

ROOT = Path(__file__).parents[2]


def serve(questions: IO[str], answers: IO[str]) -> None:
    """In a process of one framework: a line names it and the cases, each further one a fault."""
    asked = json.loads(questions.readline())
    faults = {fault.id: fault for fault in read() if fault.framework == asked["framework"]}
    with threads.environment():
        cases = load_cases(asked["paths"])
        suite = Suite(asked["framework"], list(faults.values()), cases)
        for line in questions:
            found = suite.run(faults[json.loads(line)], thorough=asked.get("thorough", False))
            answers.write(json.dumps(found.as_dict()) + "\n")
            answers.flush()


def outcomes(
    faults: Sequence[Fault],
    jobs: int = 1,
    paths: Sequence[str] | None = None,
    *,
    thorough: bool = False,
) -> Iterator[Found]:
    """What becomes of each fault, framework by framework, in so many processes each.

    Parameters
    ----------
    faults
        Which; as ``faults.yaml`` has them.
    jobs
        How many processes a framework's faults are shared out to.
    paths
        Case files to judge; the whole catalogue by default.
    thorough
        Judge every case that a fault reaches, not only until one catches it.
    """
    for framework in FRAMEWORKS:
        own = [fault for fault in faults if fault.framework == framework]
        shares = [own[k::jobs] for k in range(jobs) if own[k::jobs]]
        answers: Queue[Found | Exception | None] = Queue()
        asking = [
            Thread(target=_ask, args=(answers, framework, share, paths, thorough), daemon=True)
            for share in shares
        ]
        for thread in asking:
            thread.start()
        at_work = len(asking)
        while at_work:
            answer = answers.get()
            if isinstance(answer, Exception):
                raise answer
            if answer is None:
                at_work -= 1
            else:
                yield answer


def _ask(
    answers: Queue[Found | Exception | None],
    framework: str,
    faults: Sequence[Fault],
    paths: Sequence[str] | None,
    thorough: bool,  # noqa: FBT001  a thread's arguments go by position
) -> None:
    head = {"framework": framework, "paths": paths, "thorough": thorough}
    lines = [json.dumps(head), *(json.dumps(fault.id) for fault in faults)]
    # Compiled programs of another run know nothing of a fault.
    environment = {**os.environ, "JAX_ENABLE_COMPILATION_CACHE": "0"}
    with TemporaryFile("w+") as questions:
        questions.write("\n".join(lines) + "\n")
        questions.seek(0)
        with subprocess.Popen(
            [sys.executable, "-m", "tests.outside", "--serve"],
            stdin=questions,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            for answer in process.stdout:
                answers.put(Found(**json.loads(answer)))
            said = process.stderr.read()
    answers.put(RuntimeError(said) if process.returncode else None)


def line(found: Found) -> str:
    """One outcome."""
    passed = ", ".join(f"{task} ({change:.1g})" for task, change in found.let_pass[:6])
    if found.outcome != "caught":
        return f"{found.outcome}: {found.fault}: {found.reason or passed}"
    blame = found.blamed or "nothing"
    if found.outlier == REFERENCE:
        blame += ", and the reference is said to be wrong"
    told = "" if found.right or not found.due else f"; blamed: {blame}"
    return f"caught: {found.fault}: {found.task}, {found.verdict}{told}"


def table(found: Sequence[Found]) -> str:
    """What was missed, what was blamed wrongly, and the counts."""
    caught, faults, right, due = counts(found)
    lines = [line(one) for one in found if one.outcome != "caught"]
    lines += [line(one) for one in found if one.outcome == "caught" and one.due and not one.right]
    lines.append(f"caught {caught} of {faults} faults; blame right in {right} of {due}")
    return "\n".join(lines)


def counts(found: Sequence[Found]) -> tuple[int, int, int, int]:
    """Caught, of so many that are faults; blame right, of so many where it is due."""
    faults = [one for one in found if one.outcome != "equivalent"]
    caught = [one for one in faults if one.outcome == "caught"]
    due = [one for one in caught if one.due]
    return len(caught), len(faults), sum(one.right for one in due), len(due)

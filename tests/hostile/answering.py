"""Answers files as ``gradparity lint`` does, one after the other, and measures each.

Run as a script: a folder of files is the argument; each one's answer goes out as a line of JSON.
"""

import json
import sys
import time
from pathlib import Path

from gradparity.verify.commands import lint  # noqa: F401  what the command imports
from gradparity.verify.linting.soundness import examined


def peak():
    """The most memory that was held since the last call, in MB; where the system tells it."""
    status = Path("/proc/self/status").read_text("utf-8")
    high = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    Path("/proc/self/clear_refs").write_text("5", "utf-8")
    return int(high.split()[1]) / 1000


def main():
    for path in sorted(Path(sys.argv[1]).glob("*.yaml")):
        peak()
        started = time.process_time()
        cases, faults = examined(path.read_bytes(), path, None)
        seconds = time.process_time() - started
        answer = {
            "name": path.stem,
            "cases": len(cases),
            "faults": [str(fault) for fault in faults],
            "limits": sum(type(fault).__name__ == "LimitExceeded" for fault in faults),
            "seconds": seconds,
            "megabytes": peak(),
        }
        sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()

import subprocess
import sys

import pytest

SCRIPT = """
import gc, sys, time
from gradparity.verify.interrupts import heed

class Ended:
    def __del__(self):
        raise {raised}

def once(phase, info):
    gc.callbacks.remove(once)
    raise {raised}

{heeding}
try:
    {where}
    time.sleep(3)
except KeyboardInterrupt:
    sys.exit(130)
"""

WHERE = ["gc.callbacks.append(once); gc.collect()", "Ended()"]


def ended(where, raised="KeyboardInterrupt", heeding="heed()"):
    script = SCRIPT.format(where=where, raised=raised, heeding=heeding)
    done = subprocess.run(  # noqa: S603  ours
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("where", WHERE)
def test_ctrl_c_that_python_ignores_is_heeded(where):
    assert ended(where) == (130, "")


@pytest.mark.thinned(2)
@pytest.mark.parametrize("where", WHERE)
def test_without_it_python_ignores_it(where):
    status, said = ended(where, heeding="")
    assert status == 0
    assert "Exception ignored" in said


@pytest.mark.slow
def test_another_error_that_python_ignores_is_said():
    status, said = ended(WHERE[1], raised="ValueError('off')")
    assert status == 0
    assert "ValueError: off" in said

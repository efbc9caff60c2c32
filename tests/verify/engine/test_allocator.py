import platform
import subprocess
import sys

import pytest

PROBE = """
import resource, sys
import numpy as np
from gradparity.verify.engine.allocator import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(200):
        arrays = [np.ones(100_000) for _ in range(4)]
        del arrays
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

first = faults()
assert keep_freed_memory()
faults()
print(first, faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the setting is glibc's")
def test_arrays_that_come_and_go_ask_the_kernel_for_no_pages():
    command = [sys.executable, "-c", PROBE]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    before, after = map(int, done.stdout.split())
    assert after < before / 100

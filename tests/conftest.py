import os
import shutil
import signal
import tempfile
import time
from collections import Counter
from functools import cache

import pytest
from hypothesis import HealthCheck, settings

from gradparity.cases import catalogue, loading

#: Where JAX keeps what it compiled, and that it keeps all of it, as the environment says so.
COMPILED = "JAX_COMPILATION_CACHE_DIR"
ALL_OF_IT = {
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}


# How fast this machine draws and computes is not what any of these tests is of.
settings.register_profile("gradparity", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gradparity")


def pytest_addoption(parser):
    parser.addoption(
        "--begin-for",
        type=float,
        metavar="MINUTES",
        help="skip tests that would begin more than so many minutes after the start",
    )


def pytest_configure(config):
    _set_an_end(config)
    _share_what_is_compiled(config)
    _read_the_catalogue_once(config)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark what is thinned, before it is told what of that is run."""
    met = Counter()
    for item in items:
        thinned = item.get_closest_marker("thinned")
        if thinned is None:
            continue
        step, *told = thinned.args
        mark = told[0] if told else "slow"
        test = item.nodeid.partition("[")[0]
        if item.get_closest_marker(mark) is None:
            if met[test] % step:
                item.add_marker(mark)
            met[test] += 1


def _set_an_end(config):
    """When tests end to begin: a worker is given the options of the process that started it."""
    minutes = config.option.begin_for
    if minutes is not None and not hasattr(config.option, "begin_until"):
        config.option.begin_until = time.time() + 60 * minutes


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    if time.time() > getattr(item.config.option, "begin_until", float("inf")):
        pytest.skip(f"not begun: {item.config.option.begin_for:g} minutes are over")


def _share_what_is_compiled(config):
    """What one process of the tests compiles, no other has to: workers, and commands they start.

    Tests compile the same small programs in hundreds of processes. The folder is this run's own.
    """
    if COMPILED in os.environ:
        return
    folder = tempfile.mkdtemp(prefix="gradparity-compiled-")
    os.environ |= {COMPILED: folder, **ALL_OF_IT}
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def _read_the_catalogue_once(config):
    """In each process of the tests: it takes seconds, and hundreds of tests ask for it."""
    shipped, read, once = catalogue(), loading.load_file, cache(loading.load_file)
    patch = pytest.MonkeyPatch()
    patch.setattr(loading, "load_file", lambda p: (once if p.is_relative_to(shipped) else read)(p))
    config.add_cleanup(patch.undo)


@pytest.fixture(autouse=True, scope="session")
def _a_cache_of_its_own(tmp_path_factory):
    """What tests run is nobody's last run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADPARITY_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True, scope="session")
def _interrupts_interrupt():
    """What tests start can be interrupted, though a shell's background job ignores it."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)

"""Garbage collection pauses while something is imported, and is as it was after that."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest

from gradparity.adapters.importing import importing


@pytest.mark.parametrize("before", [gc.enable, gc.disable])
def test_the_collector_is_left_as_it_was(before: Callable[[], None]) -> None:
    was = gc.isenabled()
    try:
        before()
        expected = gc.isenabled()
        with importing():
            assert not gc.isenabled()
        assert gc.isenabled() is expected
    finally:
        (gc.enable if was else gc.disable)()


def test_the_collector_is_back_after_an_import_that_failed() -> None:
    with pytest.raises(ModuleNotFoundError), importing():
        raise ModuleNotFoundError
    assert gc.isenabled()

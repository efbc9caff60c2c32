"""Garbage is left alone for a while, and then looked for as it was before."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest

from gradparity.cases.garbage import uncollected


@pytest.mark.parametrize("before", [gc.enable, gc.disable])
def test_the_collector_is_left_as_it_was(before: Callable[[], None]) -> None:
    was = gc.isenabled()
    try:
        before()
        expected = gc.isenabled()
        with uncollected():
            assert not gc.isenabled()
        assert gc.isenabled() is expected
    finally:
        (gc.enable if was else gc.disable)()


def test_it_is_looked_for_again_after_an_import_that_failed() -> None:
    with pytest.raises(ModuleNotFoundError), uncollected():
        raise ModuleNotFoundError
    assert gc.isenabled()

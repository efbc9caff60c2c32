"""Which failures leave a process of no use."""

import pytest

from gradparity.adapters.attempt import asked
from gradparity.refimpl.errors import AdapterFailed, Poisoned


def failure(raised):
    def ask():
        raise raised

    with pytest.raises(AdapterFailed) as found:
        asked(ask)
    return found.value


@pytest.mark.parametrize(
    "text",
    [
        "CUDA error: device-side assert triggered\nCUDA kernel errors might be asynchronously ...",
        "CUDA error: an illegal memory access was encountered",
        "INTERNAL: Failed to synchronize: CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access",
        "CUDA error: unspecified launch failure",
    ],
)
@pytest.mark.parametrize("kind", [RuntimeError, AdapterFailed])
def test_an_error_that_stays_in_the_context_is_told_apart(text, kind):
    found = failure(kind(text))
    assert isinstance(found, Poisoned)
    assert text.partition("\n")[0] in str(found)


@pytest.mark.parametrize(
    "text",
    [
        "CUDA out of memory. Tried to allocate 20.00 MiB",
        "CUDA error: no kernel image is available for execution on the device",
        "misaligned address",
        "it fell over",
    ],
)
def test_any_other_error_costs_its_own_row(text):
    assert not isinstance(failure(RuntimeError(text)), Poisoned)


def test_an_adapter_may_say_so_itself():
    assert isinstance(failure(Poisoned("my device is gone")), Poisoned)

"""Failures after which a framework computes nothing any more in the process that they happened in.

CUDA keeps such an error in the process's context: every later call gives it again, whatever it asks
for. What a device has too little memory for, or no kernel, leaves the context as it was.
"""

from __future__ import annotations

from ..refimpl.errors import AdapterFailed, Poisoned, text_of

#: As the runtime words its errors and as the driver names them: those of the CUDA documentation
#: that leave the process in an inconsistent state, in which it has to end and be begun again.
STAYS = (
    "device-side assert triggered", "CUDA_ERROR_ASSERT",
    "an illegal memory access was encountered", "CUDA_ERROR_ILLEGAL_ADDRESS",
    "an illegal instruction was encountered", "CUDA_ERROR_ILLEGAL_INSTRUCTION",
    "misaligned address", "CUDA_ERROR_MISALIGNED_ADDRESS",
    "operation not supported on global/shared address space", "CUDA_ERROR_INVALID_ADDRESS_SPACE",
    "invalid program counter", "CUDA_ERROR_INVALID_PC",
    "unspecified launch failure", "CUDA_ERROR_LAUNCH_FAILED",
    "the launch timed out and was terminated", "CUDA_ERROR_LAUNCH_TIMEOUT",
    "uncorrectable ECC error encountered", "CUDA_ERROR_ECC_UNCORRECTABLE",
    "hardware stack error", "CUDA_ERROR_HARDWARE_STACK_ERROR",
)  # fmt: skip

#: What else such a message has: a framework may speak of an address of its own.
DEVICE = "CUDA"


def failed(failure: BaseException, text: str) -> AdapterFailed:
    """An adapter's failure, of that text, as our own error."""
    at, said = failure.at if isinstance(failure, AdapterFailed) else None, text_of(failure)
    stays = DEVICE in said and any(word in said for word in STAYS)
    return (Poisoned if stays or isinstance(failure, Poisoned) else AdapterFailed)(text, at)

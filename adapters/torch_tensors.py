"""NumPy arrays as PyTorch's tensors and back, bit for bit, on a device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import ml_dtypes
import numpy as np
import torch


@contextmanager
def placed_on(device: str) -> Iterator[None]:
    """Inside, what is made of no other tensor, by us or by a lowering, is made on a device."""
    if torch.get_default_device() == torch.device(device):
        yield
        return
    with torch.device(device):
        yield


def tensor(x: np.ndarray) -> torch.Tensor:
    """A tensor of its own, bit for bit the array, on the device of ``placed_on``."""
    x = np.array(x, order="C")
    made = torch.from_numpy(x.view(np.int16) if x.dtype == ml_dtypes.bfloat16 else x)
    made = made.to(torch.get_default_device())
    return made.view(torch.bfloat16) if x.dtype == ml_dtypes.bfloat16 else made


def array(x: torch.Tensor) -> np.ndarray:
    """An array of its own, bit for bit the tensor."""
    x = x.detach().resolve_conj().resolve_neg().clone(memory_format=torch.contiguous_format)
    x = x.cpu()
    if x.dtype == torch.bfloat16:
        return x.view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    return x.numpy()

"""NumPy arrays as PyTorch's tensors and back, bit for bit."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import torch


def tensor(x: np.ndarray) -> torch.Tensor:
    """A tensor of its own, bit for bit the array."""
    x = np.array(x, order="C")
    if x.dtype == ml_dtypes.bfloat16:
        return torch.from_numpy(x.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(x)


def array(x: torch.Tensor) -> np.ndarray:
    """An array of its own, bit for bit the tensor."""
    x = x.detach().resolve_conj().resolve_neg().clone(memory_format=torch.contiguous_format)
    if x.dtype == torch.bfloat16:
        return x.view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    return x.numpy()

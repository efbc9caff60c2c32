"""PyTorch modules that are ported in ``ports``."""

import math

import torch
import torch.nn.functional as F  # noqa: N812  as everybody writes it
from torch import nn


def rotated(x):
    steps, width = x.shape[-2:]
    frequencies = 1.0 / 10000.0 ** (torch.arange(0, width, 2, dtype=x.dtype) / width)
    angles = torch.outer(torch.arange(steps, dtype=x.dtype), frequencies)
    cos, sin = angles.cos(), angles.sin()
    first, second = x[..., : width // 2], x[..., width // 2 :]
    return torch.cat([first * cos - second * sin, first * sin + second * cos], -1)


class RMSNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.weight


class Block(nn.Module):
    """A block of a GPT with rotary embeddings."""

    def __init__(self, width=16, heads=4):
        super().__init__()
        self.heads = heads
        self.ln1, self.ln2 = nn.LayerNorm(width), RMSNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc, self.out = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        batch, steps, width = x.shape
        normed = self.ln1(x)
        q, k, v = self.qkv(normed).chunk(3, -1)
        q = q.view(batch, steps, self.heads, -1).transpose(1, 2)
        k = k.view(batch, steps, self.heads, -1).transpose(1, 2)
        v = v.view(batch, steps, self.heads, -1).transpose(1, 2)
        q, k = rotated(q), rotated(k)
        scores = q @ k.transpose(-2, -1) / math.sqrt(width // self.heads)
        hidden = torch.ones(steps, steps, dtype=torch.bool).triu(1)
        scores = scores.masked_fill(hidden, float("-inf"))
        weights = scores.softmax(-1)
        heads = (weights @ v).transpose(1, 2)
        y = self.proj(heads.reshape(batch, steps, width))
        x = x + y
        wide = self.fc(self.ln2(x))
        active = F.gelu(wide, approximate="tanh")
        y = self.out(active)
        return x + y


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = nn.LSTM(6, 5, batch_first=True)

    def forward(self, x):
        return self.cells(x)[0]


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c2 = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 6, 3)
        self.fc = nn.Linear(6 * 3 * 3, 5)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.c1(x)), 2)
        x = F.relu(self.c2(x))
        x = F.avg_pool2d(x, 2)
        flat = torch.flatten(x, 1)
        return self.fc(flat)


class UNet(nn.Module):
    """A residual block of a UNet with a time embedding."""

    def __init__(self, width=8):
        super().__init__()
        self.n1, self.n2 = nn.GroupNorm(4, width), nn.GroupNorm(4, 2 * width)
        self.c1 = nn.Conv2d(width, 2 * width, 3, padding=1)
        self.c2 = nn.Conv2d(2 * width, 2 * width, 3, padding=1)
        self.time = nn.Linear(6, 2 * width)
        self.skip = nn.Conv2d(width, 2 * width, 1)

    def forward(self, x, t):
        h = self.c1(F.silu(self.n1(x)))
        h = h + self.time(F.silu(t))[:, :, None, None]
        h = self.c2(F.silu(self.n2(h)))
        return h + self.skip(x)

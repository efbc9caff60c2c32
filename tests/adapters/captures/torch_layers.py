"""Layers as people write them, small: name → (module, arguments)."""

# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportCallIssue=false
# pyright: reportIndexIssue=false, reportIncompatibleMethodOverride=false
# torch types what a module holds as a tensor or a module, whichever it is.

import torch
import torch.nn.functional as F  # noqa: N812  its name everywhere
from torch import nn


def normal(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


class Each(nn.Module):
    """Several layers, each on an input of its own; all their results."""

    def __init__(self, *pairs):
        super().__init__()
        self.layers = nn.ModuleList(layer for layer, *_ in pairs)
        self.given = [xs for _, *xs in pairs]

    def forward(self, one):
        made = {}
        for k, (layer, xs) in enumerate(zip(self.layers, self.given, strict=True)):
            moved = [
                x * one if isinstance(x, torch.Tensor) and x.is_floating_point() else x for x in xs
            ]
            made[f"{k} {type(layer).__name__}"] = layer(*moved)
        return made


def each(*pairs):
    return Each(*pairs), (torch.tensor(1.0),)


class Call(nn.Module):
    """A function of tensors, as a layer."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *xs):
        return self.function(*xs)


def labels(*shape, high):
    return torch.randint(0, high, shape, generator=torch.Generator().manual_seed(2))


def causal():
    return torch.ones(5, 5, dtype=torch.bool).tril()


#: Layers of torch.nn, by kind; each kind is one capture.
LAYERS = {
    "dense": lambda: each(
        (nn.Linear(4, 3), normal(2, 4)),
        (nn.Linear(4, 3, bias=False), normal(4)),
        (nn.Bilinear(3, 4, 2), normal(5, 3), normal(5, 4)),
        (nn.Embedding(7, 3, padding_idx=0), labels(2, 4, high=7)),
        (nn.EmbeddingBag(7, 3, mode="sum"), labels(2, 4, high=7)),
        (nn.EmbeddingBag(7, 3, mode="mean"), labels(9, high=7), torch.tensor([0, 4, 4])),
        (nn.EmbeddingBag(7, 3, mode="max"), labels(3, 2, high=7)),
        (nn.PReLU(), normal(2, 3)),
        (nn.PReLU(3), normal(2, 3, 4)),
        (nn.utils.parametrizations.weight_norm(nn.Linear(4, 3)), normal(2, 4)),
        (nn.utils.parametrizations.orthogonal(nn.Linear(3, 3)), normal(2, 3)),
        (nn.Sequential(nn.Flatten(), nn.Unflatten(1, (2, 6)), nn.Linear(6, 2)), normal(3, 3, 4)),
    ),
    "convolutions": lambda: each(
        (nn.Conv1d(2, 4, 3, padding=1), normal(2, 2, 7)),
        (nn.Conv2d(4, 6, 3, stride=2, dilation=2, groups=2), normal(2, 4, 9, 8)),
        (nn.Conv2d(2, 3, (2, 3), padding="same"), normal(2, 2, 5, 6)),
        (nn.Conv2d(2, 3, 3, padding=1, padding_mode="reflect"), normal(1, 2, 5, 5)),
        (nn.Conv2d(2, 3, 3, padding=(1, 2), padding_mode="circular"), normal(1, 2, 5, 5)),
        (nn.Conv3d(1, 2, 2), normal(1, 1, 4, 3, 3)),
        (nn.Conv2d(2, 3, 3), normal(2, 5, 5)),
        (nn.ConvTranspose1d(2, 3, 3, stride=2), normal(2, 2, 4)),
        (nn.ConvTranspose2d(4, 2, 3, 2, 1, 1, groups=2), normal(1, 4, 3, 3)),
        (nn.ConvTranspose3d(1, 2, 2), normal(1, 1, 2, 2, 2)),
        (nn.Sequential(nn.Conv2d(2, 4, 1), nn.PixelShuffle(2)), normal(1, 2, 3, 3)),
        (nn.Sequential(nn.Unfold(2), nn.Linear(9, 2)), normal(1, 2, 4, 4)),
    ),
    "pooling": lambda: each(
        (nn.MaxPool1d(2), normal(1, 2, 6)),
        (nn.MaxPool2d(3, 2, 1, ceil_mode=True), normal(1, 2, 6, 6)),
        (nn.MaxPool3d(2), normal(1, 1, 4, 4, 4)),
        (nn.AvgPool2d(3, 2, 1, count_include_pad=False), normal(1, 2, 6, 6)),
        (nn.LPPool2d(2, 2), normal(1, 2, 4, 4).abs() + 0.1),
        (nn.AdaptiveAvgPool2d((2, 3)), normal(1, 2, 5, 7)),
        (nn.AdaptiveMaxPool1d(3), normal(1, 2, 7)),
        (nn.Upsample(scale_factor=2), normal(1, 2, 3, 3)),
        (nn.Upsample(size=(5, 4), mode="bicubic", align_corners=True), normal(1, 2, 3, 3)),
        (nn.Upsample(scale_factor=1.7, mode="nearest"), normal(1, 2, 3, 5)),
        (nn.Upsample(scale_factor=(1.7, 0.6), mode="bilinear"), normal(1, 2, 3, 5)),
        (
            Call(lambda x: F.interpolate(x, (2, 4), mode="bicubic", antialias=True)),
            normal(1, 2, 6, 5),
        ),
        (nn.ReflectionPad2d((1, 2, 0, 1)), normal(1, 2, 4, 4)),
        (nn.ZeroPad2d((1, -1, 2, 0)), normal(1, 2, 4, 4)),
        (
            Call(lambda x, g: F.grid_sample(x, g, align_corners=False)),
            normal(1, 2, 4, 4),
            normal(1, 3, 3, 2) * 0.4,
        ),
        (Call(lambda x: F.fold(F.unfold(x, 2), (4, 4), 2)), normal(1, 2, 4, 4)),
    ),
    "norms": lambda: each(
        (nn.BatchNorm1d(3), normal(4, 3)),
        (nn.BatchNorm2d(3, momentum=0.3), normal(2, 3, 4, 4)),
        (nn.BatchNorm3d(2, affine=False), normal(2, 2, 3, 3, 3)),
        (nn.BatchNorm1d(3, track_running_stats=False), normal(4, 3)),
        (nn.LayerNorm((3, 4)), normal(2, 3, 4)),
        (nn.LayerNorm(4, elementwise_affine=False, eps=1e-3), normal(2, 4)),
        (nn.GroupNorm(2, 4), normal(2, 4, 3)),
        (nn.InstanceNorm2d(3, affine=True), normal(2, 3, 4, 4)),
        (nn.RMSNorm(4), normal(2, 4)),
        (nn.RMSNorm((3, 4), eps=1e-2), normal(2, 3, 4)),
        (nn.LocalResponseNorm(3), normal(2, 4, 3, 3)),
    ),
    "cells": lambda: each(
        (nn.RNNCell(4, 3), normal(2, 4)),
        (nn.RNNCell(4, 3, nonlinearity="relu"), normal(2, 4), normal(2, 3)),
        (nn.LSTMCell(4, 3), normal(2, 4)),
        (nn.GRUCell(4, 3), normal(2, 4), normal(2, 3)),
        (nn.RNN(4, 3, nonlinearity="relu"), normal(5, 2, 4)),
        (nn.LSTM(4, 3, bias=False), normal(5, 4)),
    ),
    "attention": lambda: each(
        (nn.MultiheadAttention(8, 2, batch_first=True), *[normal(2, 5, 8)] * 3),
        (
            nn.MultiheadAttention(8, 2, kdim=6, vdim=4),
            normal(5, 2, 8),
            normal(3, 2, 6),
            normal(3, 2, 4),
        ),
        (nn.MultiheadAttention(8, 2, add_bias_kv=True, add_zero_attn=True), *[normal(5, 2, 8)] * 3),
    ),
    "activations": lambda: each(
        *(
            (layer(), normal(3, 4))
            for layer in (nn.ReLU, nn.ReLU6, nn.ELU, nn.SELU, nn.CELU, nn.GELU)
        ),
        *(
            (layer(), normal(3, 4))
            for layer in (nn.SiLU, nn.Mish, nn.Softplus, nn.Softsign, nn.Tanh)
        ),
        *(
            (layer(), normal(3, 4))
            for layer in (nn.Sigmoid, nn.LogSigmoid, nn.Hardtanh, nn.Hardswish)
        ),
        *((layer(), normal(3, 4)) for layer in (nn.Hardsigmoid, nn.Hardshrink, nn.Softshrink)),
        *((layer(-1), normal(3, 4)) for layer in (nn.Softmax, nn.LogSoftmax, nn.Softmin, nn.GLU)),
        *((layer(), normal(3, 4)) for layer in (nn.Tanhshrink, nn.LeakyReLU, nn.Identity)),
        (nn.Threshold(0.1, 20.0), normal(3, 4)),
        (nn.GELU("tanh"), normal(3, 4)),
        (nn.Softplus(beta=2.0), normal(3, 4)),
    ),
    "losses": lambda: each(
        *(
            (layer(), normal(3, 4), normal(3, 4) * 2 + 0.3)
            for layer in (nn.MSELoss, nn.L1Loss, nn.HuberLoss)
        ),
        (nn.SmoothL1Loss(beta=0.5), normal(3, 4), normal(3, 4) * 2 + 0.3),
        (nn.CrossEntropyLoss(label_smoothing=0.1), normal(3, 4), labels(3, high=4)),
        (
            nn.CrossEntropyLoss(normal(4).abs(), ignore_index=1),
            normal(3, 4, 2),
            labels(3, 2, high=4),
        ),
        (nn.NLLLoss(), normal(3, 4), labels(3, high=4)),
        (nn.BCELoss(), normal(3, 4).sigmoid(), normal(3, 4).abs().clamp(max=1)),
        (
            nn.BCEWithLogitsLoss(normal(4).abs(), pos_weight=normal(4).abs()),
            normal(3, 4),
            normal(3, 4),
        ),
        (nn.KLDivLoss(reduction="batchmean"), normal(3, 4), normal(3, 4).softmax(-1)),
        (nn.GaussianNLLLoss(full=True), normal(3, 4), normal(3, 4) * 2, normal(3, 4).abs() + 0.1),
        (nn.PoissonNLLLoss(), normal(3, 4), normal(3, 4).abs()),
        (nn.HingeEmbeddingLoss(), normal(3, 4), labels(3, 4, high=2) * 2 - 1),
        (nn.MultiLabelMarginLoss(), normal(3, 4), torch.tensor([[1, 2, -1, 0]] * 3)),
        (nn.MultiLabelSoftMarginLoss(), normal(3, 4), labels(3, 4, high=2)),
        (nn.SoftMarginLoss(), normal(3, 4), labels(3, 4, high=2) * 2 - 1),
        (nn.MultiMarginLoss(), normal(3, 4), labels(3, high=4)),
        (nn.MarginRankingLoss(0.1), normal(3), normal(3) * 2, labels(3, high=2) * 2 - 1),
        (nn.CosineEmbeddingLoss(), normal(3, 4), normal(3, 4) * 2 + 1, labels(3, high=2) * 2 - 1),
        (nn.TripletMarginLoss(swap=True), normal(3, 4), normal(3, 4) * 2, normal(3, 4) + 1),
        (nn.TripletMarginWithDistanceLoss(), normal(3, 4), normal(3, 4) * 2, normal(3, 4) + 1),
        (nn.CosineSimilarity(), normal(3, 4), normal(3, 4) * 2 + 1),
        (nn.PairwiseDistance(), normal(3, 4), normal(3, 4) * 2 + 1),
    ),
}

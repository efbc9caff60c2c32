"""Models as people write them, small: name → (module, arguments)."""

# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportCallIssue=false
# pyright: reportIndexIssue=false, reportIncompatibleMethodOverride=false
# torch types what a module holds as a tensor or a module, whichever it is.

import math

import torch
import torch.nn.functional as F  # noqa: N812  its name everywhere
from torch import nn

from .torch_layers import causal, labels, normal


class Residual(nn.Module):
    def __init__(self, c, out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(c, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.relu = nn.ReLU(inplace=True)
        self.down = None
        if stride != 1 or c != out:
            self.down = nn.Sequential(nn.Conv2d(c, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x):
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        y += x if self.down is None else self.down(x)
        return self.relu(y)


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 4, 7, 2, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU()
        )
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.layers = nn.Sequential(Residual(4, 4, 1), Residual(4, 8, 2))
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        x = self.layers(self.pool(self.stem(x)))
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


class Double(nn.Sequential):
    def __init__(self, c, out):
        super().__init__(
            nn.Conv2d(c, out, 3, padding="same"),
            nn.GroupNorm(2, out),
            nn.SiLU(),
            nn.Conv2d(out, out, 3, padding=1),
            nn.LeakyReLU(0.1),
        )


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1, self.down2, self.mid = Double(2, 4), Double(4, 8), Double(8, 8)
        self.up2, self.up1 = nn.ConvTranspose2d(8, 8, 2, 2), nn.Conv2d(8, 4, 1)
        self.join2, self.join1 = Double(16, 8), Double(8, 4)
        self.time = nn.Linear(6, 8)
        self.out = nn.Conv2d(4, 2, 1)

    def forward(self, x, t):
        a = self.down1(x)
        b = self.down2(F.max_pool2d(a, 2))
        half = torch.exp(-math.log(1e4) * torch.arange(3, dtype=x.dtype) / 3)
        angles = t[:, None] * half
        code = torch.cat([angles.sin(), angles.cos()], -1)
        c = self.mid(F.avg_pool2d(b, 2)) + self.time(code)[:, :, None, None]
        b = self.join2(torch.cat([self.up2(c), b], 1))
        a = self.join1(
            torch.cat([self.up1(F.interpolate(b, scale_factor=2, mode="bilinear")), a], 1)
        )
        return self.out(a)


class ConvNeXt(nn.Module):
    def __init__(self, c=4):
        super().__init__()
        self.stem = nn.Conv2d(3, c, 4, 4)
        self.depth = nn.Conv2d(c, c, 7, padding=3, groups=c)
        self.norm = nn.LayerNorm(c, eps=1e-6)
        self.wide, self.narrow = nn.Linear(c, 4 * c), nn.Linear(4 * c, c)
        self.gamma = nn.Parameter(torch.full((c,), 0.5))
        self.head = nn.Linear(c, 2)

    def forward(self, x):
        x = self.stem(x)
        y = self.norm(self.depth(x).permute(0, 2, 3, 1))
        y = self.narrow(F.gelu(self.wide(y))) * self.gamma
        x = x + y.permute(0, 3, 1, 2)
        return self.head(x.mean((-2, -1)))


class ViT(nn.Module):
    def __init__(self, d=8):
        super().__init__()
        self.patch = nn.Conv2d(3, d, 4, 4)
        self.cls = nn.Parameter(torch.zeros(1, 1, d))
        self.place = nn.Parameter(normal(1, 5, d) * 0.1)
        layer = nn.TransformerEncoderLayer(
            d, 2, 16, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.blocks = nn.TransformerEncoder(layer, 2, nn.LayerNorm(d), enable_nested_tensor=False)
        self.head = nn.Linear(d, 3)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], 1) + self.place
        return self.head(self.blocks(x)[:, 0])


class RMSNorm(nn.Module):
    def __init__(self, d, eps=1e-6):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(d)), eps

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def turned(x, places):
    """Rotary positions by complex numbers, as Llama's authors wrote them."""
    pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2))
    angles = torch.outer(places, 1.0 / 1e4 ** (torch.arange(pairs.shape[-1]) / pairs.shape[-1]))
    turns = torch.polar(torch.ones_like(angles), angles)
    return torch.view_as_real(pairs * turns[:, None]).flatten(-2).type_as(x)


class GPTBlock(nn.Module):
    """Pre-norm, rotary positions, grouped heads, a gated feed-forward."""

    def __init__(self, d=16, heads=4, groups=2):
        super().__init__()
        self.heads, self.groups, self.width = heads, groups, d // heads
        self.norm1, self.norm2 = RMSNorm(d), nn.LayerNorm(d)
        self.q = nn.Linear(d, d, bias=False)
        self.kv = nn.Linear(d, 2 * groups * self.width, bias=False)
        self.out = nn.Linear(d, d, bias=False)
        self.gate, self.up, self.down = nn.Linear(d, 24), nn.Linear(d, 24), nn.Linear(24, d)

    def forward(self, x, places):
        b, t, d = x.shape
        h = self.norm1(x)
        q = self.q(h).view(b, t, self.heads, self.width)
        k, v = self.kv(h).view(b, t, 2 * self.groups, self.width).chunk(2, 2)
        q, k = turned(q, places), turned(k, places)
        k, v = (z.repeat_interleave(self.heads // self.groups, 2) for z in (k, v))
        q, k, v = (z.transpose(1, 2) for z in (q, k, v))
        scores = q @ k.transpose(-2, -1) / math.sqrt(self.width)
        hidden = torch.full((t, t), float("-inf"), dtype=x.dtype).triu(1)
        y = (scores + hidden).softmax(-1) @ v
        x = x + self.out(y.transpose(1, 2).contiguous().view(b, t, d))
        h = self.norm2(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class GPT(nn.Module):
    """Embeddings tied to the head; hands back the loss and the logits."""

    def __init__(self, words=11, d=16):
        super().__init__()
        self.words = nn.Embedding(words, d)
        self.blocks = nn.ModuleList([GPTBlock(d), GPTBlock(d, groups=1)])
        self.norm = nn.LayerNorm(d)
        self.head = nn.Linear(d, words, bias=False)
        self.head.weight = self.words.weight

    def forward(self, words, labels=None):
        x = self.words(words)
        places = torch.arange(words.shape[1], dtype=x.dtype)
        for block in self.blocks:
            x = block(x, places)
        logits = self.head(self.norm(x))
        if labels is None:
            return logits
        loss = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-1)
        return {"loss": loss, "logits": logits}


class Attending(nn.Module):
    """The fused attention, causal and with a mask, grouped heads."""

    def __init__(self):
        super().__init__()
        self.q, self.kv = nn.Linear(8, 16), nn.Linear(8, 8)

    def forward(self, x, mask):
        b, t, _ = x.shape
        q = self.q(x).view(b, t, 4, 4).transpose(1, 2)
        k = self.kv(x).view(b, t, 2, 4).transpose(1, 2)
        a = F.scaled_dot_product_attention(q, k, k, is_causal=True, enable_gqa=True)
        b = F.scaled_dot_product_attention(q, q, q, attn_mask=mask, scale=0.3)
        return a, b


class Scan(nn.Module):
    """A selective scan, step by step."""

    def __init__(self, d=6, n=4):
        super().__init__()
        self.d, self.n = d, n
        self.inner = nn.Linear(d, 2 * d)
        self.conv = nn.Conv1d(d, d, 3, padding=2, groups=d)
        self.x = nn.Linear(d, d + 2 * n)
        self.log_a = nn.Parameter(torch.log(torch.arange(1, n + 1).repeat(d, 1).to(torch.float64)))
        self.skip = nn.Parameter(torch.ones(d))
        self.out = nn.Linear(d, d)

    def forward(self, u):
        steps = u.shape[1]
        x, gate = self.inner(u).chunk(2, -1)
        x = F.silu(self.conv(x.transpose(1, 2))[..., :steps].transpose(1, 2))
        dt, b, c = self.x(x).split([self.d, self.n, self.n], -1)
        dt, a = F.softplus(dt), -torch.exp(self.log_a)
        h, ys = torch.zeros(u.shape[0], self.d, self.n, dtype=u.dtype), []
        for t in range(steps):
            h = (
                torch.exp(dt[:, t, :, None] * a) * h
                + (dt[:, t] * x[:, t])[..., None] * b[:, t, None]
            )
            ys.append(torch.einsum("bdn,bn->bd", h, c[:, t]))
        return self.out((torch.stack(ys, 1) + x * self.skip) * F.silu(gate))


class Experts(nn.Module):
    """Two of four experts for each word, with a balance loss."""

    def __init__(self, d=6, experts=4):
        super().__init__()
        self.gate = nn.Linear(d, experts)
        self.weight = nn.Parameter(normal(experts, d, d) / 3)

    def forward(self, x):
        p = self.gate(x).softmax(-1)
        share, chosen = p.topk(2, -1)
        share = share / share.sum(-1, keepdim=True)
        y = torch.einsum("btk,btkde,btd->bte", share, self.weight[chosen], x)
        used = F.one_hot(chosen, p.shape[-1]).to(x.dtype).mean((0, 1, 2))
        return y, (used * p.mean((0, 1))).sum()


class RoutedExperts(nn.Module):
    """Words sent to their expert and put back: the shapes depend on data."""

    def __init__(self, d=6, experts=3):
        super().__init__()
        self.gate = nn.Linear(d, experts)
        self.experts = nn.ModuleList(nn.Linear(d, d) for _ in range(experts))

    def forward(self, x):
        p = self.gate(x).softmax(-1)
        best, which = p.max(-1)
        y = torch.zeros_like(x)
        for k, expert in enumerate(self.experts):
            rows = torch.nonzero(which == k)[:, 0]
            if len(rows):
                y = y.index_add(0, rows, expert(x[rows]) * best[rows, None])
        return y


class VAE(nn.Module):
    """The noise is an input."""

    def __init__(self):
        super().__init__()
        self.encode, self.decode = nn.Linear(6, 8), nn.Linear(4, 6)

    def forward(self, x, noise):
        mean, log_var = self.encode(x).chunk(2, -1)
        z = mean + noise * torch.exp(0.5 * log_var)
        found = self.decode(z)
        apart = F.binary_cross_entropy_with_logits(found, torch.sigmoid(x), reduction="sum")
        return apart - 0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())


class GAN(nn.Module):
    """Both losses, the generator's images detached for the critic's."""

    def __init__(self):
        super().__init__()
        self.generator = nn.Sequential(
            nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 4)
        )
        self.critic = nn.Sequential(nn.Linear(4, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))

    def forward(self, real, noise):
        fake = self.generator(noise)
        yes, no = self.critic(real), self.critic(fake.detach())
        ones, zeros = torch.ones_like(yes), torch.zeros_like(no)
        apart = F.binary_cross_entropy_with_logits
        critic = apart(yes, ones) + apart(no, zeros) + F.relu(1 - yes).mean()
        return {"critic": critic, "generator": F.softplus(-self.critic(fake)).mean()}


class Recogniser(nn.Module):
    """Connectionist temporal classification on a recurrent network."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(4, 5, 2, bidirectional=True)
        self.head = nn.Linear(10, 6)

    def forward(self, x, labels):
        logs = self.head(self.rnn(x)[0]).log_softmax(-1)
        return F.ctc_loss(
            logs, labels, torch.tensor([7, 6]), torch.tensor([3, 2]), zero_infinity=True
        )


class Sequences(nn.Module):
    def __init__(self, kind, **how):
        super().__init__()
        self.rnn = getattr(nn, kind)(4, 3, 2, batch_first=True, bidirectional=True, **how)

    def forward(self, x):
        return self.rnn(x)


class Codebook(nn.Module):
    """A vector-quantised bottleneck: straight through, its codebook a moving average."""

    def __init__(self):
        super().__init__()
        self.proj = nn.Linear(4, 3)
        self.register_buffer("codes", normal(5, 3))
        self.register_buffer("count", torch.ones(5))

    def forward(self, x):
        z = self.proj(x)
        nearest = torch.cdist(z.detach(), self.codes).argmin(-1)
        hard = F.embedding(nearest, self.codes)
        with torch.no_grad():
            one = F.one_hot(nearest, 5).to(x.dtype)
            self.count.mul_(0.9).add_(one.sum(0), alpha=0.1)
            self.codes.lerp_(one.T @ z / self.count[:, None], 0.1)
        commit = F.mse_loss(z, hard.detach())
        return z + (hard - z).detach(), commit


MODELS = {
    "mlp": lambda: (nn.Sequential(nn.Linear(6, 8), nn.GELU(), nn.Linear(8, 3)), (normal(4, 6),)),
    "resnet": lambda: (ResNet(), (normal(2, 3, 17, 17),)),
    "unet": lambda: (UNet(), (normal(2, 2, 8, 8), torch.tensor([1.0, 7.0]))),
    "convnext": lambda: (ConvNeXt(), (normal(2, 3, 16, 16),)),
    "vit": lambda: (ViT(), (normal(2, 3, 8, 8),)),
    "gpt": lambda: (GPT(), (labels(2, 5, high=11), labels(2, 5, high=11))),
    "fused attention": lambda: (Attending(), (normal(2, 5, 8), causal())),
    "encoder layer": lambda: (
        nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True),
        (normal(2, 5, 8), ~causal()),
    ),
    "decoder layer": lambda: (
        nn.TransformerDecoderLayer(8, 2, 16, dropout=0.0, activation="gelu", norm_first=True),
        (normal(5, 2, 8), normal(4, 2, 8), ~causal()),
    ),
    "transformer": lambda: (
        nn.Transformer(8, 2, 1, 1, 16, dropout=0.0, batch_first=True),
        (normal(2, 4, 8), normal(2, 3, 8)),
    ),
    "lstm": lambda: (Sequences("LSTM"), (normal(2, 5, 4),)),
    "gru": lambda: (Sequences("GRU"), (normal(2, 5, 4),)),
    "rnn": lambda: (Sequences("RNN"), (normal(2, 5, 4),)),
    "scan": lambda: (Scan(), (normal(2, 4, 6),)),
    "experts": lambda: (Experts(), (normal(2, 4, 6),)),
    "routed experts": lambda: (RoutedExperts(), (normal(7, 6),)),
    "vae": lambda: (VAE(), (normal(3, 6), normal(3, 4))),
    "gan": lambda: (GAN(), (normal(4, 4), normal(4, 3))),
    "ctc": lambda: (Recogniser(), (normal(7, 2, 4), torch.tensor([[1, 2, 2], [3, 5, 0]]))),
    "codebook": lambda: (Codebook(), (normal(3, 4),)),
}

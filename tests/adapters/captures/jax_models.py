"""Models as people write them in JAX, small: name → (model, parameters, arguments).

In flax linen, flax nnx, equinox and as plain functions, as it comes; the libraries may be missing,
which is why they are imported where a model is made.
"""

import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax


def library(name: str) -> Any:
    """A library that may be missing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name)


def normal(*shape, seed=0):
    """Numbers that are drawn, and no zeros among them."""
    return np.random.default_rng([seed, *shape]).standard_normal(shape) / 2


def labels(*shape, high):
    """Whole numbers below one."""
    return np.random.default_rng(0).integers(0, high, shape)


def causal(steps):
    """What each position may see."""
    return jnp.tril(jnp.ones((steps, steps), bool))


def of_linen(module, *args, **kwargs):
    """A module of linen with the variables that it makes itself, moved away from zeros and ones."""
    variables = module.init(jax.random.key(0), *args, **kwargs)
    moved = jax.tree.map(lambda x: x + 0.1 * normal(*x.shape), variables)
    return module, moved, args


def resnet():
    nn = library("flax.linen")

    class Residual(nn.Module):
        out: int
        stride: int

        @nn.compact
        def __call__(self, x):
            y = nn.Conv(self.out, (3, 3), self.stride, padding=1, use_bias=False)(x)
            y = nn.relu(nn.BatchNorm(use_running_average=False)(y))
            y = nn.Conv(self.out, (3, 3), padding=1, use_bias=False)(y)
            y = nn.BatchNorm(use_running_average=False)(y)
            if x.shape != y.shape:
                x = nn.Conv(self.out, (1, 1), self.stride, use_bias=False, name="down")(x)
                x = nn.BatchNorm(use_running_average=False)(x)
            return nn.relu(x + y)

    class ResNet(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.Conv(4, (7, 7), 2, padding=3, use_bias=False, name="stem")(x)
            x = nn.relu(nn.BatchNorm(use_running_average=False)(x))
            x = nn.max_pool(x, (3, 3), (2, 2), ((1, 1), (1, 1)))
            x = Residual(8, 2)(Residual(4, 1)(x))
            return nn.Dense(3)(x.mean((1, 2)))

    return of_linen(ResNet(), normal(2, 17, 17, 3))


def unet():
    nnx = library("flax.nnx")

    class Double(nnx.Module):
        def __init__(self, c, out, rngs):
            self.conv1 = nnx.Conv(c, out, (3, 3), rngs=rngs)
            self.norm = nnx.GroupNorm(out, 2, epsilon=1e-5, rngs=rngs)
            self.conv2 = nnx.Conv(out, out, (3, 3), padding=((1, 1), (1, 1)), rngs=rngs)

        def __call__(self, x):
            return nnx.leaky_relu(self.conv2(nnx.silu(self.norm(self.conv1(x)))), 0.1)

    class UNet(nnx.Module):
        def __init__(self, rngs):
            self.down1, self.down2 = Double(2, 4, rngs), Double(4, 8, rngs)
            self.mid = Double(8, 8, rngs)
            self.up = nnx.ConvTranspose(8, 8, (2, 2), (2, 2), rngs=rngs)
            self.narrow = nnx.Conv(8, 4, (1, 1), rngs=rngs)
            self.join2, self.join1 = Double(16, 8, rngs), Double(8, 4, rngs)
            self.time, self.out = nnx.Linear(6, 8, rngs=rngs), nnx.Conv(4, 2, (1, 1), rngs=rngs)

        def __call__(self, x, t):
            a = self.down1(x)
            b = self.down2(nnx.max_pool(a, (2, 2), (2, 2)))
            angles = t[:, None] * jnp.exp(-jnp.log(1e4) * jnp.arange(3, dtype=x.dtype) / 3)
            code = jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], -1)
            c = self.mid(nnx.avg_pool(b, (2, 2), (2, 2))) + self.time(code)[:, None, None]
            b = self.join2(jnp.concatenate([self.up(c), b], -1))
            large = jax.image.resize(b, (*a.shape[:3], 8), "bilinear")
            return self.out(self.join1(jnp.concatenate([self.narrow(large), a], -1)))

    return UNet(nnx.Rngs(0)), None, (normal(2, 8, 8, 2), np.array([1.0, 7.0]))


def convnext():
    eqx = library("equinox")

    class ConvNeXt(eqx.Module):
        stem: Any
        depth: Any
        norm: Any
        wide: Any
        narrow: Any
        gamma: jax.Array
        head: Any

        def __init__(self, key, c=4):
            keys = jax.random.split(key, 5)
            self.stem = eqx.nn.Conv2d(3, c, 4, 4, key=keys[0])
            self.depth = eqx.nn.Conv2d(c, c, 7, padding=3, groups=c, key=keys[1])
            self.norm = eqx.nn.LayerNorm(c, eps=1e-6)
            self.wide = eqx.nn.Linear(c, 4 * c, key=keys[2])
            self.narrow = eqx.nn.Linear(4 * c, c, key=keys[3])
            self.gamma, self.head = jnp.full(c, 0.5), eqx.nn.Linear(c, 2, key=keys[4])

        def pixel(self, x):
            y = jax.nn.gelu(self.wide(self.norm(x)), approximate=False)
            return self.narrow(y) * self.gamma

        def one(self, x):
            x = self.stem(x)
            y = jnp.moveaxis(self.depth(x), 0, -1)
            x = x + jnp.moveaxis(jax.vmap(jax.vmap(self.pixel))(y), -1, 0)
            return self.head(x.mean((1, 2)))

        def __call__(self, x):
            return jax.vmap(self.one)(x)

    return ConvNeXt(jax.random.key(0)), None, (normal(2, 3, 16, 16),)


def vit():
    nn = library("flax.linen")

    class Encoder(nn.Module):
        @nn.compact
        def __call__(self, x):
            y = nn.LayerNorm()(x)
            x = x + nn.MultiHeadDotProductAttention(2)(y, y)
            y = nn.gelu(nn.Dense(16)(nn.LayerNorm()(x)), approximate=False)
            return x + nn.Dense(x.shape[-1])(y)

    class ViT(nn.Module):
        d: int = 8

        @nn.compact
        def __call__(self, x):
            x = nn.Conv(self.d, (4, 4), (4, 4), name="patch")(x)
            x = x.reshape(x.shape[0], -1, self.d)
            cls = self.param("cls", nn.initializers.zeros, (1, 1, self.d))
            place = self.param("place", nn.initializers.normal(0.1), (1, 5, self.d))
            x = jnp.concatenate([jnp.tile(cls, (x.shape[0], 1, 1)), x], 1) + place
            for _ in range(2):
                x = Encoder()(x)
            return nn.Dense(3, name="head")(nn.LayerNorm()(x)[:, 0])

    return of_linen(ViT(), normal(2, 8, 8, 3))


def rms_norm(x, scale, eps=1e-6):
    return x * lax.rsqrt(jnp.mean(x**2, -1, keepdims=True) + eps) * scale


def turned(x):
    """Rotary positions by complex numbers."""
    pairs = x.reshape(*x.shape[:-1], -1, 2)
    z = lax.complex(pairs[..., 0], pairs[..., 1])
    count = z.shape[-1]
    angles = jnp.outer(jnp.arange(x.shape[1]), 1e4 ** (-jnp.arange(count) / count))
    z = z * jnp.exp(1j * angles)[:, None].astype(z.dtype)
    return jnp.stack([z.real, z.imag], -1).reshape(x.shape)


def gpt():
    """A function: layers stacked, scanned and checkpointed, tied words, grouped heads."""
    words, d, heads, groups, layers = 11, 16, 4, 2, 2
    width = d // heads

    def block(x, p):
        b, t, _ = x.shape
        h = rms_norm(x, p["norm1"])
        q = (h @ p["q"]).reshape(b, t, heads, width)
        k, v = jnp.split((h @ p["kv"]).reshape(b, t, 2 * groups, width), 2, 2)
        q, k = turned(q), turned(k)
        k, v = (jnp.repeat(z, heads // groups, axis=2) for z in (k, v))
        scores = jnp.einsum("bqhd,bkhd->bhqk", q, k) / np.sqrt(width)
        scores = jnp.where(causal(t), scores, -jnp.inf)
        y = jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(scores, -1), v)
        x = x + y.reshape(b, t, d) @ p["out"]
        h = rms_norm(x, p["norm2"])
        return x + (jax.nn.silu(h @ p["gate"]) * (h @ p["up"])) @ p["down"]

    def model(p, tokens, targets):
        x = p["words"][tokens]
        x, _ = lax.scan(lambda x, p: (jax.checkpoint(block)(x, p), None), x, p["blocks"])
        logits = rms_norm(x, p["norm"]) @ p["words"].T
        logs = jax.nn.log_softmax(logits, -1)
        seen = targets != -1
        picked = jnp.take_along_axis(logs, jnp.where(seen, targets, 0)[..., None], -1)[..., 0]
        return {"loss": -(picked * seen).sum() / seen.sum(), "logits": logits}

    kv = 2 * groups * width
    shapes = {"q": (d, d), "kv": (d, kv), "out": (d, d), "gate": (d, 24), "up": (d, 24)}
    blocks = {k: normal(layers, *s) for k, s in (shapes | {"down": (24, d)}).items()}
    blocks |= {k: 1 + normal(layers, d) for k in ("norm1", "norm2")}
    params = {"words": normal(words, d), "blocks": blocks, "norm": 1 + normal(d)}
    targets = labels(2, 5, high=words)
    targets[0, :2] = -1
    return model, params, (labels(2, 5, high=words), targets)


def decoder():
    """Attention to itself and to another sequence, with masks of flax."""
    nn = library("flax.linen")

    class Decoder(nn.Module):
        @nn.compact
        def __call__(self, x, memory, words):
            seen = nn.combine_masks(
                nn.make_causal_mask(words), nn.make_attention_mask(words, words)
            )
            x = nn.LayerNorm()(x + nn.MultiHeadDotProductAttention(2)(x, mask=seen))
            x = nn.LayerNorm()(x + nn.MultiHeadDotProductAttention(2)(x, memory))
            return nn.LayerNorm()(x + nn.Dense(8)(nn.relu(nn.Dense(16)(x))))

    words = np.array([[3, 1, 4, 1, 5], [9, 2, 6, 0, 0]])
    return of_linen(Decoder(), normal(2, 5, 8), normal(2, 4, 8), words)


def fused_attention():
    """``jax.nn.dot_product_attention`` with grouped heads, causal, and with a mask and a bias."""

    def model(p, x, mask):
        b, t, _ = x.shape
        q = (x @ p["q"]).reshape(b, t, 4, 4)
        k = (x @ p["kv"]).reshape(b, t, 2, 4)
        bias = p["bias"][:, mask.astype(int)][None]
        once = jax.nn.dot_product_attention(q, k, k, is_causal=True)
        return once, jax.nn.dot_product_attention(q, q, q, bias, mask[None, None], scale=0.3)

    params = {"q": normal(8, 16), "kv": normal(8, 8), "bias": normal(4, 2)}
    return model, params, (normal(2, 5, 8), np.tril(np.ones((5, 5), bool)))


def scan():
    """A selective scan, once step by step and once as an associative scan."""
    nnx = library("flax.nnx")

    class Scan(nnx.Module):
        def __init__(self, rngs, d=6, n=4):
            self.d, self.n = d, n
            self.inner, self.out = nnx.Linear(d, 2 * d, rngs=rngs), nnx.Linear(d, d, rngs=rngs)
            self.conv = nnx.Conv(d, d, (3,), padding="CAUSAL", feature_group_count=d, rngs=rngs)
            self.x = nnx.Linear(d, d + 2 * n, rngs=rngs)
            self.log_a = nnx.Param(jnp.log(jnp.tile(jnp.arange(1.0, n + 1), (d, 1))))
            self.skip = nnx.Param(jnp.ones(d))

        def __call__(self, u):
            x, gate = jnp.split(self.inner(u), 2, -1)
            x = nnx.silu(self.conv(x))
            dt, b, c = jnp.split(self.x(x), [self.d, self.d + self.n], -1)
            dt, a = nnx.softplus(dt), -jnp.exp(self.log_a[...])
            kept = jnp.exp(dt[..., None] * a)
            new = (dt * x)[..., None] * b[..., None, :]

            def step(h, now):
                h = now[0] * h + now[1]
                return h, h

            start = jnp.zeros((u.shape[0], self.d, self.n), u.dtype)
            first = lax.scan(step, start, (kept.swapaxes(0, 1), new.swapaxes(0, 1)))[1]
            joined = lax.associative_scan(
                lambda p, q: (p[0] * q[0], q[0] * p[1] + q[1]), (kept, new), axis=1
            )[1]
            ys = [jnp.einsum("btdn,btn->btd", h, c) for h in (first.swapaxes(0, 1), joined)]
            return [self.out((y + x * self.skip[...]) * nnx.silu(gate)) for y in ys]

    return Scan(nnx.Rngs(0)), None, (normal(2, 4, 6),)


def experts():
    """Two of four experts for each word, with a balance loss."""

    def model(p, x):
        gate = jax.nn.softmax(x @ p["gate"], -1)
        share, chosen = lax.top_k(gate, 2)
        share = share / share.sum(-1, keepdims=True)
        y = jnp.einsum("btk,btkde,btd->bte", share, p["weight"][chosen], x)
        used = jax.nn.one_hot(chosen, 4).mean((0, 1, 2))
        return y, (used * gate.mean((0, 1))).sum()

    return model, {"gate": normal(6, 4), "weight": normal(4, 6, 6)}, (normal(2, 4, 6),)


def routed_experts():
    """Words sent to their expert within its capacity; what is over it is let through."""
    nn = library("flax.linen")

    class Routed(nn.Module):
        experts: int = 3
        capacity: int = 2

        @nn.compact
        def __call__(self, x):
            gate = nn.softmax(nn.Dense(self.experts, name="gate")(x), -1)
            best, which = gate.max(-1), gate.argmax(-1)
            own = nn.one_hot(which, self.experts)
            place = jnp.where(own > 0, own.cumsum(0) - 1, -1)
            sent = nn.one_hot(place, self.capacity) * best[:, None, None]
            inside = jnp.einsum("wec,wd->ecd", lax.stop_gradient(sent) > 0, x)
            made = nn.vmap(
                nn.Dense, variable_axes={"params": 0}, split_rngs={"params": True}, in_axes=0
            )(x.shape[-1], name="expert")(inside)
            return x + jnp.einsum("wec,ecd->wd", sent, made)

    return of_linen(Routed(), normal(7, 6))


def vae():
    """The noise is an input."""
    nn = library("flax.linen")

    class VAE(nn.Module):
        @nn.compact
        def __call__(self, x, noise):
            mean, log_var = jnp.split(nn.Dense(8)(x), 2, -1)
            found = nn.Dense(6)(mean + noise * jnp.exp(0.5 * log_var))
            y = nn.sigmoid(x)
            apart = jnp.maximum(found, 0) - found * y + jnp.log1p(jnp.exp(-jnp.abs(found)))
            return apart.sum() - 0.5 * (1 + log_var - mean**2 - jnp.exp(log_var)).sum()

    return of_linen(VAE(), normal(3, 6), normal(3, 4))


def gan():
    """Both losses, the generator's images stopped for the critic's, and its gradient's penalty."""
    eqx = library("equinox")

    class GAN(eqx.Module):
        generator: Any
        critic: Any

        def __init__(self, key):
            keys = jax.random.split(key)
            self.generator = eqx.nn.MLP(3, 4, 8, 1, jax.nn.relu, key=keys[0])
            self.critic = eqx.nn.MLP(4, "scalar", 8, 1, jnp.tanh, key=keys[1])

        def __call__(self, real, noise):
            fake = jax.vmap(self.generator)(noise)
            yes, no = (jax.vmap(self.critic)(x) for x in (real, lax.stop_gradient(fake)))
            slopes = jax.vmap(jax.grad(self.critic))(real)
            penalty = ((jnp.linalg.norm(slopes, axis=-1) - 1) ** 2).mean()
            critic = jax.nn.softplus(-yes).mean() + jax.nn.softplus(no).mean() + penalty
            generator = jax.nn.softplus(-jax.vmap(self.critic)(fake)).mean()
            return {"critic": critic, "generator": generator}

    return GAN(jax.random.key(0)), None, (normal(4, 4), normal(4, 3))


def recogniser():
    """Connectionist temporal classification, of optax, on a recurrent network."""
    nn, optax = library("flax.linen"), library("optax")

    class Recogniser(nn.Module):
        @nn.compact
        def __call__(self, x, late, words, missing):
            cells = [nn.RNN(nn.GRUCell(5, param_dtype=x.dtype)) for _ in range(2)]
            logits = nn.Dense(6)(nn.Bidirectional(*cells)(x))
            return optax.ctc_loss(logits, late, words, missing).mean()

    late, missing = np.zeros((2, 7)), np.zeros((2, 3))
    late[1, 6] = missing[1, 2] = 1
    words = np.array([[1, 2, 2], [3, 5, 0]])
    with jax.enable_x64(True):  # noqa: FBT003  JAX takes it by position
        return of_linen(Recogniser(), normal(2, 7, 4), late, words, missing)


def codebook():
    """A vector-quantised bottleneck: straight through, with both of its losses."""

    def model(p, x):
        z = x @ p["proj"]
        apart = ((z[:, None] - p["codes"]) ** 2).sum(-1)
        hard = p["codes"][apart.argmin(-1)]
        commit = ((z - lax.stop_gradient(hard)) ** 2).mean()
        moved = ((lax.stop_gradient(z) - hard) ** 2).mean()
        return z + lax.stop_gradient(hard - z), commit + moved

    return model, {"proj": normal(4, 3), "codes": normal(5, 3)}, (normal(3, 4),)


def contrastive():
    """Two towers and a temperature, as CLIP has them."""
    eqx = library("equinox")

    class Towers(eqx.Module):
        image: Any
        text: Any
        scale: jax.Array

        def __init__(self, key):
            keys = jax.random.split(key)
            self.image, self.text = (eqx.nn.MLP(5, 4, 6, 1, jax.nn.gelu, key=k) for k in keys)
            self.scale = jnp.log(1 / 0.07)

        def __call__(self, x, y):
            x, y = jax.vmap(self.image)(x), jax.vmap(self.text)(y)
            x, y = (z / jnp.linalg.norm(z, axis=-1, keepdims=True) for z in (x, y))
            logits = jnp.exp(self.scale) * x @ y.T
            both = (jax.nn.log_softmax(logits, axis) for axis in (0, 1))
            return -sum(jnp.diagonal(z).mean() for z in both) / 2

    return Towers(jax.random.key(0)), None, (normal(4, 5), normal(4, 5, seed=1))


def recurrent():
    """Two layers of LSTM cells, each way, in nnx."""
    nnx = library("flax.nnx")

    class Sequences(nnx.Module):
        def __init__(self, rngs):
            def both(width):
                cells = (nnx.OptimizedLSTMCell(width, 3, rngs=rngs, **wide) for _ in range(2))
                return nnx.Bidirectional(*(nnx.RNN(cell, rngs=rngs) for cell in cells), rngs=rngs)

            wide: Any = {"dtype": jnp.float64, "param_dtype": jnp.float64}
            self.first, self.second = both(4), both(6)

        def __call__(self, x):
            return self.second(self.first(x))

    with jax.enable_x64(True):  # noqa: FBT003  JAX takes it by position
        return Sequences(nnx.Rngs(0)), None, (normal(2, 5, 4),)


def implicit():
    """A layer that is the fixed point of another, with its own rule of derivation."""

    @jax.custom_vjp
    def solved(w, x):
        return lax.fori_loop(0, 60, lambda _, z: jnp.tanh(z @ w + x), jnp.zeros_like(x))

    def forward(w, x):
        z = solved(w, x)
        return z, (w, x, z)

    def backward(kept, g):
        w, x, z = kept
        _, pull = jax.vjp(lambda w, x, z: jnp.tanh(z @ w + x), w, x, z)
        u = lax.fori_loop(0, 60, lambda _, u: g + pull(u)[2], g)
        return pull(u)[:2]

    solved.defvjp(forward, backward)

    def model(p, x):
        return solved(0.4 * p["w"], x @ p["u"]).sum(-1)

    return model, {"w": normal(4, 4), "u": normal(5, 4)}, (normal(3, 5),)


MODELS = {
    "resnet": resnet,
    "unet": unet,
    "convnext": convnext,
    "vit": vit,
    "gpt": gpt,
    "decoder": decoder,
    "scan": scan,
    "experts": experts,
    "routed experts": routed_experts,
    "vae": vae,
    "gan": gan,
    "ctc": recogniser,
    "codebook": codebook,
    "contrastive": contrastive,
    "recurrent": recurrent,
    "implicit": implicit,
}

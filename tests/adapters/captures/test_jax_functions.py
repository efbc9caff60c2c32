"""Plain functions of JAX, captured whole."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from .jax_held import held


@pytest.fixture
def draw():
    generator = np.random.default_rng(0)

    def one(*shape):
        return (generator.standard_normal(shape) / 2).astype("float32")

    return one


def affine(p, x):
    return x @ p["w"] + p["b"]


@pytest.fixture
def layer(draw):
    return lambda i, o: {"w": draw(i, o), "b": draw(o)}


def mlp(p, x):
    hidden = jax.nn.relu(affine(p["first"], x))
    return affine(p["last"], hidden)


def test_an_mlp(draw, layer):
    captured = held(mlp, {"first": layer(6, 16), "last": layer(16, 3)}, draw(5, 6))
    assert list(captured.params) == ["first.b", "first.w", "last.b", "last.w"]
    assert list(captured.inputs) == ["x"]
    assert list(captured.outputs) == [""]


def test_where_it_comes_from(draw, layer):
    captured = held(mlp, {"first": layer(6, 16), "last": layer(16, 3)}, draw(5, 6))
    (relu,) = (i for i in captured.program.instructions if i.operation == "relu")
    place = captured.places[relu.target]
    assert place.file.endswith("test_jax_functions.py")
    assert place.code == 'hidden = jax.nn.relu(affine(p["first"], x))'


def cnn(p, x):
    for kernel in p["kernels"]:
        x = lax.conv_general_dilated(
            x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        x = jax.nn.silu(x)
        x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    return affine(p["head"], x.reshape(x.shape[0], -1))


def test_a_convolutional_network(draw, layer):
    kernels = [draw(3, 3, 3, 4), draw(3, 3, 4, 6)]
    held(cnn, {"kernels": kernels, "head": layer(24, 5)}, draw(2, 8, 8, 3))


def normed(p, x):
    centred = x - x.mean(-1, keepdims=True)
    return centred / jnp.sqrt(x.var(-1, keepdims=True) + 1e-5) * p["scale"] + p["shift"]


def turned(x):
    """Rotary positions."""
    half = x.shape[-1] // 2
    angle = jnp.arange(x.shape[-2])[:, None] / 10000 ** (jnp.arange(half) / half)
    c, s = jnp.cos(angle).astype(x.dtype), jnp.sin(angle).astype(x.dtype)
    a, b = x[..., :half], x[..., half:]
    return jnp.concatenate([a * c - b * s, a * s + b * c], -1)


def gpt(p, tokens, heads=4, groups=2):
    """A block with rotary positions and grouped heads, its embedding tied to its head."""
    x = p["embedding"][tokens]
    b, t, d = x.shape
    y = normed(p["norm1"], x)

    def split(name, count):
        return affine(p[name], y).reshape(b, t, count, d // heads).transpose(0, 2, 1, 3)

    q, k = turned(split("q", heads)), turned(split("k", groups))
    k, v = (jnp.repeat(z, heads // groups, axis=1) for z in (k, split("v", groups)))
    scores = jnp.einsum("bhqd,bhkd->bhqk", q, k) / np.sqrt(d // heads)
    scores = jnp.where(jnp.tril(jnp.ones((t, t), bool)), scores, -jnp.inf)
    y = (jax.nn.softmax(scores, -1) @ v).transpose(0, 2, 1, 3).reshape(b, t, d)
    x = x + affine(p["out"], y)
    x = x + affine(p["down"], jax.nn.gelu(affine(p["up"], normed(p["norm2"], x))))
    return normed(p["norm3"], x) @ p["embedding"].T


def gpt_params(draw, layer):
    norms = {f"norm{k}": {"scale": 1 + draw(16), "shift": draw(16)} for k in (1, 2, 3)}
    sizes = {"q": (16, 16), "k": (16, 8), "v": (16, 8), "out": (16, 16)}
    sizes |= {"up": (16, 32), "down": (32, 16)}
    layers = {name: layer(*size) for name, size in sizes.items()}
    return {**norms, **layers, "embedding": draw(11, 16)}


def test_a_gpt_block(draw, layer):
    tokens = np.array([[3, 1, 4, 1, 5], [9, 2, 6, 5, 3]])
    held(gpt, gpt_params(draw, layer), tokens)

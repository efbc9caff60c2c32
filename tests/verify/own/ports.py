"""JAX ports of ``modules``, right ones and ones with a bug, as people write them."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax


def dense(x, p):
    return x @ p["kernel"] + p["bias"]


def linear(state, name):
    return {"kernel": state[f"{name}.weight"].T, "bias": state[f"{name}.bias"]}


def norm(state, name):
    return {"scale": state[f"{name}.weight"], "bias": state[f"{name}.bias"]}


def rotated(x):
    steps, width = x.shape[-2:]
    angles = jnp.arange(steps)[:, None] / 10000.0 ** (jnp.arange(0, width, 2) / width)
    cos, sin = jnp.cos(angles).astype(x.dtype), jnp.sin(angles).astype(x.dtype)
    first, second = jnp.split(x, 2, -1)
    return jnp.concatenate([first * cos - second * sin, first * sin + second * cos], -1)


def interleaved(x):
    steps, width = x.shape[-2:]
    angles = jnp.arange(steps)[:, None] / 10000.0 ** (jnp.arange(0, width, 2) / width)
    cos, sin = jnp.cos(angles), jnp.sin(angles)
    first, second = x[..., ::2], x[..., 1::2]
    pairs = jnp.stack([first * cos - second * sin, first * sin + second * cos], -1)
    return pairs.reshape(x.shape)


@jax.custom_vjp
def quick_gelu(x):
    return jax.nn.gelu(x)


quick_gelu.defvjp(lambda x: (jax.nn.gelu(x), x), lambda x, g: (g * jax.nn.sigmoid(1.702 * x),))


def gelu_in_float32(x):
    return jax.nn.gelu(x.astype(jnp.float32)).astype(x.dtype)


def dropped(x):
    kept = jax.random.bernoulli(jax.random.key(1), 0.9, x.shape)
    return jnp.where(kept, x / 0.9, 0)


MASKS = {
    "right": lambda scores, seen: jnp.where(seen, scores, -jnp.inf),
    "additive": lambda scores, seen: scores + jnp.where(seen, 0.0, -1e9),
    "boolean": lambda scores, seen: scores + seen,
    "small": lambda scores, seen: jnp.where(seen, scores, -10.0),
    "none": lambda scores, _: scores,
    "off": lambda scores, seen: jnp.where(
        jnp.tril(jnp.ones(seen.shape, bool), 1), scores, -jnp.inf
    ),
}

ACTIVATIONS = {
    "tanh": jax.nn.gelu,
    "erf": functools.partial(jax.nn.gelu, approximate=False),
    "silu": jax.nn.silu,
    "custom": quick_gelu,
    "narrow": gelu_in_float32,
}


def block(
    *,
    eps=1e-5,
    ddof=0,
    rms_eps=1e-6,
    act="tanh",
    scaled=True,
    mask="right",
    rope=rotated,
    heads_first=False,
    merged=True,
    residual=True,
    stopped=False,
    dropout=False,
):
    """The port of ``Block``; what is given is done otherwise."""

    def split(z, heads):
        batch, steps, width = z.shape
        if heads_first:
            return z.reshape(batch, steps, width // heads, heads).transpose(0, 3, 1, 2)
        return z.reshape(batch, steps, heads, width // heads).transpose(0, 2, 1, 3)

    def port(p, x, heads=4):
        batch, steps, width = x.shape
        mean = x.mean(-1, keepdims=True)
        var = x.var(-1, keepdims=True, ddof=ddof)
        normed = (x - mean) / jnp.sqrt(var + eps)
        normed = normed * p["ln1"]["scale"] + p["ln1"]["bias"]
        q, k, v = jnp.split(dense(normed, p["qkv"]), 3, -1)
        q, k, v = split(q, heads), split(k, heads), split(v, heads)
        q, k = rope(q), rope(k)
        scores = q @ k.swapaxes(-1, -2)
        if scaled:
            scores = scores / np.sqrt(width // heads)
        scores = MASKS[mask](scores, jnp.tril(jnp.ones((steps, steps), bool)))
        weights = jax.nn.softmax(scores, -1)
        if stopped:
            weights = lax.stop_gradient(weights)
        y = weights @ v
        if merged:
            y = y.transpose(0, 2, 1, 3)
        y = y.reshape(batch, steps, width)
        x = (x if residual else normed) + dense(y, p["proj"])
        root = lax.rsqrt(jnp.mean(x**2, -1, keepdims=True) + rms_eps)
        y = dense(x * root * p["ln2"]["scale"], p["fc"])
        y = dense(ACTIVATIONS[act](y), p["out"])
        return x + (dropped(y) if dropout else y)

    return port


def block_params(state, *, proj=linear):
    """A converter in JAX."""
    return {
        "ln1": norm(state, "ln1"),
        "ln2": {"scale": state["ln2.weight"]},
        "qkv": linear(state, "qkv"),
        "proj": proj(state, "proj"),
        "fc": linear(state, "fc"),
        "out": linear(state, "out"),
    }


def without_bias(state, name):
    made = linear(state, name)
    return {**made, "bias": jnp.zeros_like(made["bias"])}


def not_transposed(state, name):
    return {"kernel": state[f"{name}.weight"], "bias": state[f"{name}.bias"]}


def recurrent(p, x):
    """The port of ``Recurrent``: gates in the order i f g o."""

    def step(carry, x):
        h, c = carry
        i, f, g, o = jnp.split(p["w_x"] @ x + p["w_h"] @ h + p["b"], 4)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    zero = jnp.zeros(p["w_h"].shape[1], x.dtype)
    return jax.vmap(lambda x: lax.scan(step, (zero, zero), x)[1])(x)


def recurrent_params(state, *, order="ifgo", both=True):
    def gates(w):
        parts = dict(zip("ifgo", jnp.split(w, 4), strict=True))
        return jnp.concatenate([parts[gate] for gate in order])

    b = state["cells.bias_ih_l0"] + (state["cells.bias_hh_l0"] if both else 0)
    return {
        "w_x": gates(state["cells.weight_ih_l0"]),
        "w_h": gates(state["cells.weight_hh_l0"]),
        "b": gates(b),
    }


def convolved(x, p, padding):
    dimensions = ("NHWC", "HWIO", "NHWC")
    y = lax.conv_general_dilated(x, p["kernel"], (1, 1), padding, dimension_numbers=dimensions)
    return y + p["bias"]


def kernel(state, name):
    return {
        "kernel": state[f"{name}.weight"].transpose(2, 3, 1, 0),
        "bias": state[f"{name}.bias"],
    }


def pooled(x, start, reduce, size=2):
    return lax.reduce_window(x, start, reduce, (1, size, size, 1), (1, size, size, 1), "VALID")


def convnet(*, channels_first=True):
    def port(p, x):
        x = pooled(jax.nn.relu(convolved(x, p["c1"], "SAME")), -jnp.inf, lax.max)
        x = jax.nn.relu(convolved(x, p["c2"], "VALID"))
        x = pooled(x, 0.0, lax.add) / 4
        if channels_first:
            x = x.transpose(0, 3, 1, 2)
        return dense(x.reshape(x.shape[0], -1), p["fc"])

    return port


def convnet_params(state):
    return {"c1": kernel(state, "c1"), "c2": kernel(state, "c2"), "fc": linear(state, "fc")}


def grouped(x, p, groups, eps):
    batch, height, width, channels = x.shape
    parts = x.reshape(batch, height, width, groups, channels // groups)
    mean = parts.mean((1, 2, 4), keepdims=True)
    var = parts.var((1, 2, 4), keepdims=True)
    normed = ((parts - mean) * lax.rsqrt(var + eps)).reshape(x.shape)
    return normed * p["scale"] + p["bias"]


def unet(*, groups=4, eps=1e-5, skip=True):
    def port(p, x, t):
        h = convolved(jax.nn.silu(grouped(x, p["n1"], groups, eps)), p["c1"], "SAME")
        h = h + dense(jax.nn.silu(t), p["time"])[:, None, None, :]
        h = convolved(jax.nn.silu(grouped(h, p["n2"], groups, eps)), p["c2"], "SAME")
        return h + convolved(x, p["skip"], "SAME") if skip else h

    return port


def unet_params(state):
    return {
        **{name: kernel(state, name) for name in ("c1", "c2", "skip")},
        **{name: norm(state, name) for name in ("n1", "n2")},
        "time": linear(state, "time"),
    }


def channels_last(x, *others):
    return (x.transpose(0, 2, 3, 1), *others)


def channels_first(y):
    return y.transpose(0, 3, 1, 2)

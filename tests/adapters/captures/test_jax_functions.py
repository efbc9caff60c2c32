"""Plain functions of JAX, captured whole."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax import lax

from gradparity.adapters.captures.jax import capture
from gradparity.adapters.numpy_reference import reference
from gradparity.refimpl.errors import AdapterFailed, Randomness, Unsupported

from .jax_held import held, task_of

pytestmark = pytest.mark.usefixtures("quick_compilation")


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


@pytest.mark.parametrize("whole", [jnp.ones, lambda shape: jnp.full(shape, 0.25)])
def test_a_constant_gives_a_number_its_shape(whole):
    held(lambda p: (p[0] * whole((2, 3))).sum() + (p[1] + whole((4, 1))) * p[1], np.ones(2))


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


def rnn(p, x):
    def step(h, x):
        h = jnp.tanh(affine(p["in"], x) + h @ p["recurrent"])
        return h, affine(p["out"], h)

    last, ys = lax.scan(step, jnp.zeros((x.shape[0], 5), x.dtype), jnp.swapaxes(x, 0, 1))
    return ys, last


def test_a_recurrent_network_by_scan(draw, layer):
    p = {"in": layer(3, 5), "recurrent": draw(5, 5), "out": layer(5, 2)}
    captured = held(rnn, p, draw(2, 4, 3))
    assert list(captured.outputs) == ["0", "1"]


def reversed_sum(p, x):
    return lax.scan(lambda c, x: (c * p + x, c), jnp.zeros((), x.dtype), x, reverse=True)


def test_a_scan_from_the_end(draw):
    held(reversed_sum, draw(), draw(5))


def mamba(p, u):
    """A selective state space, as a scan."""
    d, n = p["a"].shape
    z = affine(p["x"], u)
    step, b, c = jax.nn.softplus(z[..., :d]), z[..., d : d + n], z[..., d + n :]

    def one(h, given):
        step, b, c, u = given
        h = jnp.exp(step[..., None] * p["a"]) * h + (step * u)[..., None] * b[:, None]
        return h, jnp.einsum("bdn,bn->bd", h, c)

    start = jnp.zeros((u.shape[0], d, n), u.dtype)
    _, y = lax.scan(one, start, tuple(jnp.swapaxes(z, 0, 1) for z in (step, b, c, u)))
    return jnp.swapaxes(y, 0, 1) + u * p["skip"]


def test_a_selective_state_space(draw, layer):
    p = {"a": -np.abs(draw(6, 4)), "x": layer(6, 14), "skip": draw(6)}
    held(mamba, p, draw(2, 4, 6))


def associative(p, x):
    def combine(a, b):
        return a[0] * b[0], b[0] * a[1] + b[1]

    return lax.associative_scan(combine, (jax.nn.sigmoid(x * p), x), axis=1)[1]


def test_an_associative_scan(draw):
    held(associative, draw(3), draw(2, 5, 3))


def experts(p, x):
    shares, chosen = lax.top_k(jax.nn.softmax(affine(p["gate"], x), -1), 2)
    shares = shares / shares.sum(-1, keepdims=True)
    mixed = jnp.einsum("btk,btkde,btd->bte", shares, p["experts"][chosen], x)
    load = jnp.zeros(4, x.dtype).at[chosen.reshape(-1)].add(shares.reshape(-1))
    return mixed, load


def test_a_mixture_of_experts(draw, layer):
    held(experts, {"gate": layer(6, 4), "experts": draw(4, 6, 6)}, draw(2, 3, 6))


def vae(p, x, noise):
    mean, log_variance = jnp.split(affine(p["encoder"], x), 2, -1)
    z = mean + jnp.exp(0.5 * log_variance) * noise
    logits = affine(p["decoder"], z)
    fit = optax.sigmoid_binary_cross_entropy(logits, jax.nn.sigmoid(x)).sum(-1)
    divergence = -0.5 * (1 + log_variance - mean**2 - jnp.exp(log_variance)).sum(-1)
    return (fit + divergence).mean()


def test_a_variational_autoencoder(draw, layer):
    held(vae, {"encoder": layer(6, 8), "decoder": layer(4, 6)}, draw(3, 6), draw(3, 4))


def gan(p, real, z):
    fake = jnp.tanh(affine(p["generator"], z))

    def critic(x):
        return affine(p["critic"], jax.nn.leaky_relu(affine(p["hidden"], x), 0.2))[:, 0]

    held_back = lax.stop_gradient(fake)
    slopes = jax.vmap(jax.grad(lambda x: critic(x[None])[0]))(real)
    penalty = ((jnp.sqrt((slopes**2).sum(-1) + 1e-12) - 1) ** 2).mean()
    loss = jax.nn.softplus(-critic(real)).mean() + jax.nn.softplus(critic(held_back)).mean()
    return {"critic": loss + penalty, "generator": jax.nn.softplus(-critic(fake)).mean()}


def test_the_losses_of_a_gan(draw, layer):
    p = {"generator": layer(4, 6), "hidden": layer(6, 5), "critic": layer(5, 1)}
    captured = held(gan, p, draw(3, 6), draw(3, 4))
    assert list(captured.outputs) == ["critic", "generator"]


def ctc(p, x, labels):
    logits = affine(p, x)
    quiet = jnp.zeros(logits.shape[:2], logits.dtype)
    return optax.ctc_loss(logits, quiet, labels, (labels == 0).astype(logits.dtype))


def test_a_loss_over_alignments(draw, layer):
    held(ctc, layer(4, 5), draw(2, 6, 4), np.array([[1, 2, 2], [3, 1, 0]]))


def looped(p, x, times):
    y = lax.fori_loop(0, times, lambda i, y: jnp.sin(y * p) + i, x)
    y = lax.while_loop(lambda y: jnp.abs(y).max() > 1.0, lambda y: y * 0.5 * p, y)
    return lax.cond(y.sum() > 1e9, lambda y: -y, lambda y: y * p, y)


def test_loops_and_branches(draw):
    # JAX has no reverse mode of a loop of no fixed length.
    held(looped, draw(3), draw(2, 3), np.array(3), differentiate=jax.jacfwd)


def test_a_loop_that_goes_on_and_on_is_a_gap(draw):
    def halved(p, x):
        return lax.while_loop(lambda y: y.max() > 1.0, lambda y: y * p, x) + p

    captured = capture(halved, np.float64(1 - 1e-6), (np.float64(2.0),), dtype="float64")
    (gap,) = captured.gaps
    assert (gap.operation, gap.reason) == ("while", "goes round more than 1000 times")
    assert [i.operation for i in captured.program.instructions] == ["add"]


def moved(p, x):
    y = (x * p).at[0, 1].set(2.0).at[:, 2].add(x[:, 0]).at[1].multiply(p)
    y = lax.dynamic_update_slice(y, p[None, 1:3] * 2, (1, 0))
    picked = jnp.take_along_axis(y, jnp.argsort(y, -1), -1)[::-1, 1:]
    return picked, y[jnp.array([1, 0, 1]), jnp.array([3, 2, 3])], jnp.sort(y, 0)[:, -2]


def test_what_is_put_and_picked(draw):
    held(moved, draw(4), draw(2, 4))


def recomputed(p, x):
    return jax.checkpoint(lambda x: jnp.tanh(x @ p))(x).sum()


def test_what_is_computed_again_is_captured_once(draw):
    captured = held(recomputed, draw(3, 3), draw(2, 3))
    assert [i.operation for i in captured.program.instructions].count("tanh") == 1


@jax.custom_vjp
def doubled(x):
    return x * 2


doubled.defvjp(lambda x: (x * 2, None), lambda _, g: (g * 3,))


def test_a_rule_of_the_users_own_is_told(draw):
    captured = capture(lambda p, x: doubled(p * x).sum(), draw(3), (draw(3),), dtype="float64")
    (rule,) = captured.custom
    assert rule.name == "doubled"
    assert "doubled(p * x)" in rule.place.code
    step = reference(task_of(captured)).steps[0]
    assert np.array_equal(step.grads["p"], captured.inputs["x"] * 2)


def test_a_rule_of_jaxs_own_is_none_of_the_users(draw):
    captured = held(lambda p: jax.nn.relu(p) + jax.nn.softplus(p), draw(3))
    assert captured.custom == ()


def test_the_slope_of_a_relu_at_its_kink_is_jaxs():
    held(lambda p: jax.nn.relu(p) + jax.nn.relu6(p), np.array([-1.0, 0.0, 2.0, 6.0]))


def test_the_slope_at_bounds_is_jaxs():
    held(lambda p, x: lax.clamp(0.0, p, 1.0) * x, np.array([0.0, 0.5, 1.0, 2.0]), np.arange(4.0))


def narrowed(p, x):
    scores = (x * p).astype(jnp.float32)
    return jax.nn.softmax(scores, -1).astype(p.dtype) @ x.T


def test_what_is_computed_in_a_narrower_dtype_is_told(draw):
    captured = capture(narrowed, draw(3), (draw(2, 3),), dtype="float64")
    assert captured.whole
    narrow = [k for k, dtype in captured.dtypes.items() if dtype == "float32"]
    assert {captured.places[k].code for k in narrow} == {
        "scores = (x * p).astype(jnp.float32)",
        "return jax.nn.softmax(scores, -1).astype(p.dtype) @ x.T",
    }


def dropped(p, x, key):
    kept = jax.random.bernoulli(key, 0.5, x.shape)
    return jnp.where(kept, x * p, 0).sum()


def test_random_numbers_are_refused_with_their_line(draw):
    with pytest.raises(Randomness, match=r"kept = jax\.random\.bernoulli\(key, 0\.5, x\.shape\)"):
        capture(dropped, draw(3), (draw(2, 3), jax.random.key(0)))


def test_old_keys_are_random_as_well(draw):
    with pytest.raises(Randomness):
        capture(dropped, draw(3), (draw(2, 3), jax.random.PRNGKey(0)))


def test_random_numbers_that_reach_no_output_are_not_refused(draw):
    def function(p, key):
        jax.random.normal(key)
        return p * 2

    assert capture(function, draw(3), (jax.random.key(0),)).whole


def test_a_draw_from_a_constant_key_is_a_constant(draw):
    key = jax.random.key(7)
    held(lambda p, x: dropped(p, x, key), draw(3), draw(2, 3))


def test_what_has_no_counterpart_is_a_gap(draw):
    def called(p, x):
        shape = jax.ShapeDtypeStruct(x.shape, x.dtype)
        return (p * jax.pure_callback(np.sin, shape, x * p)).sum()

    captured = capture(called, draw(3), (draw(3),), dtype="float64")
    (gap,) = captured.gaps
    assert gap.operation == "pure_callback"
    assert "jax.pure_callback(np.sin, shape, x * p)" in gap.place.code
    assert not captured.whole


def test_a_gap_on_no_way_to_an_output_is_none(draw):
    def called(p):
        jax.pure_callback(np.sin, jax.ShapeDtypeStruct((3,), p.dtype), p)
        return p * 2

    assert capture(called, draw(3)).whole


def test_names_of_parameters_and_arguments_stay_apart(draw):
    captured = held(lambda p, t1, w: p["w"] * t1 + w, {"w": draw(3)}, draw(3), draw(3))
    assert list(captured.params) == ["w"]
    assert list(captured.inputs) == ["t1", "w_2"]
    assert "t1" not in captured.places


def test_arguments_that_are_no_arrays_are_handed_on(draw):
    def function(p, x, *, train, scale=None):
        assert train is True
        return p * x if scale is None else p * x * scale

    held(function, draw(3), draw(3), train=True, scale=2.0)


def test_a_function_that_cannot_be_traced_is_answered_with_an_error_of_ours(draw):
    with pytest.raises(AdapterFailed, match="TypeError"):
        capture(lambda p, x: p @ x, draw(3), (draw(4),))


def test_an_output_that_is_no_float_is_refused(draw):
    with pytest.raises(Unsupported, match="no floating output"):
        capture(lambda p: p.argmax(), draw(3))


def test_the_output_may_be_a_parameter(draw):
    captured = held(lambda p: p, draw(3))
    assert [i.operation for i in captured.program.instructions] == ["identity"]

"""Modules of flax.linen, flax.nnx, equinox and haiku, captured whole."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradparity.adapters.captures.jax import capture, pure
from gradparity.refimpl.errors import BadUsage, Randomness

from .jax_held import held
from .jax_models import MODELS, fused_attention, library

# What the libraries warn of is their own business.
pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.usefixtures("quick_compilation"),
]


@pytest.fixture
def draw():
    generator = np.random.default_rng(0)

    def one(*shape):
        return (generator.standard_normal(shape) / 2).astype("float32")

    return one


def whole(model, params=None, *args, state=None, rngs=None):
    """Hold a module captured whole against JAX; its capture."""
    made = pure(model, params, state=state, rngs=rngs)
    return held(made.function, made.params, *args, state=made.state, root=made.root)


def paths(captured):
    """The modules that its instructions come from."""
    return {captured.places[i.target].module for i in captured.program.instructions}


def linen_layers():
    nn = library("flax.linen")
    return {
        "dense": (nn.Dense(3), (2, 5, 8)),
        "dense-general": (nn.DenseGeneral((2, 3), axis=(-2, -1)), (2, 5, 8)),
        "conv": (nn.Conv(3, (3, 3)), (2, 6, 6, 4)),
        "conv-strided-grouped": (
            nn.Conv(8, (3, 3), strides=2, feature_group_count=2),
            (2, 6, 6, 4),
        ),
        "conv-dilated-circular": (
            nn.Conv(3, (3, 3), kernel_dilation=2, padding="CIRCULAR"),
            (2, 6, 6, 4),
        ),
        "conv-transposed": (nn.ConvTranspose(3, (3, 3), strides=(2, 2)), (2, 5, 5, 4)),
        "conv-local": (nn.ConvLocal(3, (3, 3)), (2, 5, 5, 4)),
        "layer-norm": (nn.LayerNorm(), (2, 5, 8)),
        "rms-norm": (nn.RMSNorm(), (2, 5, 8)),
        "group-norm": (nn.GroupNorm(2), (2, 4, 4, 4)),
        "instance-norm": (nn.InstanceNorm(), (2, 4, 4, 4)),
        "batch-norm": (nn.BatchNorm(use_running_average=False), (3, 4, 4, 4)),
        "batch-norm-in-use": (nn.BatchNorm(use_running_average=True), (3, 4, 4, 4)),
        "weight-norm": (nn.WeightNorm(nn.Dense(3)), (2, 8)),
        "prelu": (nn.PReLU(), (2, 5)),
        "einsum": (nn.Einsum((8, 3), "btd,de->bte"), (2, 5, 8)),
        "lstm": (nn.RNN(nn.LSTMCell(6, param_dtype=jnp.float64)), (2, 4, 3)),
        "optimized-lstm": (nn.RNN(nn.OptimizedLSTMCell(6, param_dtype=jnp.float64)), (2, 4, 3)),
        "gru": (nn.RNN(nn.GRUCell(6, param_dtype=jnp.float64)), (2, 4, 3)),
        "bidirectional": (
            nn.Bidirectional(
                nn.RNN(nn.GRUCell(3, param_dtype=jnp.float64)),
                nn.RNN(nn.LSTMCell(3, param_dtype=jnp.float64)),
            ),
            (2, 4, 3),
        ),
    }


LINEN = [
    *("dense", "dense-general", "conv", "conv-strided-grouped", "conv-dilated-circular"),
    *("conv-transposed", "conv-local", "layer-norm", "rms-norm", "group-norm", "instance-norm"),
    *("batch-norm", "batch-norm-in-use", "weight-norm", "prelu", "einsum"),
    *("lstm", "optimized-lstm", "gru", "bidirectional"),
]


@pytest.mark.thinned(12)
@pytest.mark.parametrize("name", LINEN)
def test_a_layer_of_linen(name, draw):
    module, shape = linen_layers()[name]
    x = draw(*shape)
    with jax.enable_x64(True):  # noqa: FBT003  JAX takes it by position
        variables = module.init(jax.random.key(0), jnp.asarray(x, "float64"))
    captured = whole(module, variables, x)
    assert captured.params


def test_attention_of_linen(draw):
    nn = library("flax.linen")
    module, x = nn.MultiHeadDotProductAttention(2), draw(2, 5, 8)
    captured = whole(module, module.init(jax.random.key(0), x, x), x)
    assert {"query", "key", "value", "out"} <= paths(captured)


def test_an_embedding_of_linen():
    nn = library("flax.linen")
    module, words = nn.Embed(9, 4, dtype=jnp.float64), np.array([[1, 2, 1]])
    captured = whole(module, module.init(jax.random.key(0), words), words)
    assert "take" in [i.operation for i in captured.program.instructions]


def test_running_statistics_are_state(draw):
    nn = library("flax.linen")
    module, x = nn.BatchNorm(use_running_average=False, momentum=0.9), draw(3, 4)
    captured = whole(module, module.init(jax.random.key(0), x), x)
    assert list(captured.state) == ["batch_stats.mean", "batch_stats.var"]
    assert set(captured.state) < set(captured.inputs)
    assert set(captured.params) == {"scale", "bias"}


def linen_network():
    nn = library("flax.linen")

    class Block(nn.Module):
        @nn.compact
        def __call__(self, x, *, train=False):
            y = nn.relu(nn.BatchNorm(use_running_average=not train)(nn.Conv(4, (3, 3))(x)))
            return nn.Dropout(0.5, deterministic=not train)(y)

    class Network(nn.Module):
        @nn.compact
        def __call__(self, x, *, train=False):
            for _ in range(2):
                x = nn.max_pool(Block()(x, train=train), (2, 2), (2, 2))
            return nn.Dense(3, name="head")(nn.avg_pool(x, (2, 2)).reshape(x.shape[0], -1))

    return Network()


def test_a_network_of_linen_and_where_its_modules_are(draw):
    module, x = linen_network(), draw(2, 8, 8, 3)
    captured = whole(module, module.init(jax.random.key(0), x), x)
    assert {"Block_0.Conv_0", "Block_1.BatchNorm_0", "head", ""} <= paths(captured)
    assert "Block_0.Conv_0.kernel" in captured.params
    assert "x" in captured.inputs


def test_dropout_of_linen_is_refused_with_its_line(draw):
    module, x = linen_network(), draw(2, 8, 8, 3)
    variables = module.init(jax.random.key(0), x)
    made = pure(module, variables, rngs={"dropout": jax.random.key(1)})
    with pytest.raises(Randomness, match=r"Block_0.*return nn\.Dropout\(0\.5"):
        capture(made.function, made.params, (x,), {"train": True}, state=made.state, root=made.root)


def nnx_network():
    nnx = library("flax.nnx")
    library("flax")

    class Block(nnx.Module):
        def __init__(self, width, rngs):
            self.norm = nnx.LayerNorm(width, epsilon=1e-5, rngs=rngs)
            self.up = nnx.Linear(width, 2 * width, rngs=rngs)
            self.down = nnx.Linear(2 * width, width, rngs=rngs)

        def __call__(self, x):
            return x + self.down(nnx.gelu(self.up(self.norm(x))))

    class Network(nnx.Module):
        def __init__(self, rngs):
            self.stem = nnx.Conv(3, 4, (3, 3), rngs=rngs)
            self.norm = nnx.BatchNorm(4, rngs=rngs)
            self.blocks = nnx.List([Block(4, rngs) for _ in range(2)])
            self.drop = nnx.Dropout(0.5, rngs=rngs)

        def __call__(self, x):
            x = nnx.relu(self.norm(self.stem(x)))
            for block in self.blocks:
                x = block(x)
            return self.drop(x).mean((1, 2))

    return Network(nnx.Rngs(0))


def test_a_network_of_nnx_and_where_its_modules_are(draw):
    module = nnx_network()
    module.drop.deterministic = True
    captured = whole(module, None, draw(2, 5, 5, 3))
    assert {"stem", "norm", "blocks.0.norm", "blocks.1.up", "blocks.1"} <= paths(captured)
    assert {"norm.mean", "norm.var"} <= set(captured.state)
    assert "blocks.0.up.kernel" in captured.params


def test_the_classes_are_as_they_were_afterwards(draw):
    module = nnx_network()
    module.drop.deterministic = True
    before = vars(type(module.blocks[0]))["__call__"]
    whole(module, None, draw(2, 5, 5, 3))
    assert vars(type(module.blocks[0]))["__call__"] is before


def test_dropout_of_nnx_is_refused_with_its_line(draw):
    made = pure(nnx_network())
    with pytest.raises(Randomness, match=r"drop: .*self\.drop\(x\)\.mean"):
        capture(made.function, made.params, (draw(2, 5, 5, 3),), state=made.state)


def test_recurrence_and_attention_of_nnx(draw):
    nnx = library("flax.nnx")

    class Both(nnx.Module):
        def __init__(self, rngs):
            cell = nnx.GRUCell(3, 4, rngs=rngs, param_dtype=jnp.float64)
            self.recurrent = nnx.RNN(cell)
            self.attention = nnx.MultiHeadAttention(
                2, 4, decode=False, rngs=rngs, attention_fn=nnx.dot_product_attention
            )

        def __call__(self, x):
            return self.recurrent(x)

    with jax.enable_x64(True):  # noqa: FBT003  JAX takes it by position
        module = Both(nnx.Rngs(0))
    captured = whole(module, None, draw(2, 5, 3))
    assert any(path.startswith("recurrent") for path in paths(captured))


def equinox_network():
    eqx = library("equinox")

    class Network(eqx.Module):
        conv: Any
        norm: Any
        layers: list

        def __init__(self):
            keys = jax.random.split(jax.random.key(0), 4)
            self.conv = eqx.nn.Conv2d(3, 4, 3, key=keys[0])
            self.norm = eqx.nn.GroupNorm(2, 4)
            self.layers = [eqx.nn.MLP(4, 5, 6, 1, key=keys[1]), eqx.nn.Linear(5, 2, key=keys[2])]

        def __call__(self, x):
            def one(x):
                y = jax.nn.silu(self.norm(self.conv(x))).mean((1, 2))
                for layer in self.layers:
                    y = layer(y)
                return y

            return jax.vmap(one)(x)

    return Network()


@pytest.mark.slow
def test_a_network_of_equinox_and_where_its_modules_are(draw):
    captured = whole(equinox_network(), None, draw(2, 3, 5, 5))
    assert {"conv", "norm", "layers.0.layers.0", "layers.1"} <= paths(captured)
    assert "layers.0.layers.1.weight" in captured.params


#: Those that need no library, and stand for the others where time is short.
QUICK = {"gpt", "experts", "codebook"}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in MODELS]
)
def test_a_model_as_people_write_it(name):
    model, params, args = MODELS[name]()
    assert whole(model, params, *args).params


def test_the_fused_attention_is_captured_whole_and_its_float32_is_noted():
    model, params, args = fused_attention()
    captured = capture(model, params, args, dtype="float64")
    assert captured.gaps == ()
    assert "float32" in captured.dtypes.values()


def nnx_layers():
    nnx = library("flax.nnx")
    rngs = nnx.Rngs(0)
    wide: Any = {"rngs": rngs, "dtype": jnp.float64, "param_dtype": jnp.float64}
    return {
        "linear": (nnx.Linear(8, 3, rngs=rngs), (2, 5, 8)),
        "linear-general": (nnx.LinearGeneral((5, 8), (2, 3), axis=(-2, -1), rngs=rngs), (2, 5, 8)),
        "conv-grouped": (
            nnx.Conv(4, 8, (3, 3), (2, 2), feature_group_count=2, rngs=rngs),
            (2, 6, 6, 4),
        ),
        "conv-transposed": (nnx.ConvTranspose(4, 3, (3, 3), (2, 2), rngs=rngs), (2, 5, 5, 4)),
        "layer-norm": (nnx.LayerNorm(8, rngs=rngs), (2, 5, 8)),
        "rms-norm": (nnx.RMSNorm(8, rngs=rngs), (2, 5, 8)),
        "group-norm": (nnx.GroupNorm(4, 2, rngs=rngs), (2, 4, 4, 4)),
        "instance-norm": (nnx.InstanceNorm(4, rngs=rngs), (2, 4, 4, 4)),
        "batch-norm": (nnx.BatchNorm(4, rngs=rngs), (3, 4, 4, 4)),
        "einsum": (nnx.Einsum("btd,de->bte", (8, 3), (3,), rngs=rngs), (2, 5, 8)),
        "prelu": (nnx.PReLU(), (2, 5)),
        "lora": (nnx.LoRALinear(8, 3, lora_rank=2, rngs=rngs), (2, 8)),
        "gru": (nnx.RNN(nnx.GRUCell(3, 4, **wide), rngs=rngs), (2, 5, 3)),
    }


NNX = [
    *("linear", "linear-general", "conv-grouped", "conv-transposed", "layer-norm", "rms-norm"),
    *("group-norm", "instance-norm", "batch-norm", "einsum", "prelu", "lora", "gru"),
]


def equinox_layers():
    nn, key = library("equinox").nn, jax.random.key(0)
    return {
        "linear": (nn.Linear(8, 3, key=key), (8,)),
        "conv1d": (nn.Conv1d(4, 6, 3, padding=1, dilation=2, key=key), (4, 7)),
        "conv3d": (nn.Conv3d(2, 3, 2, stride=2, key=key), (2, 4, 4, 4)),
        "conv-transposed": (nn.ConvTranspose2d(4, 3, 3, 2, output_padding=1, key=key), (4, 5, 5)),
        "layer-norm": (nn.LayerNorm((5, 8)), (5, 8)),
        "rms-norm": (nn.RMSNorm(8), (8,)),
        "group-norm": (nn.GroupNorm(2, 4), (4, 5, 5)),
        "mlp": (nn.MLP(8, 3, 6, 2, key=key), (8,)),
        "prelu": (nn.PReLU(0.2), (2, 5)),
        "weight-norm": (nn.WeightNorm(nn.Linear(8, 3, key=key)), (8,)),
        "pools": (
            nn.Sequential(
                [
                    nn.Conv2d(2, 3, 3, key=key),
                    nn.MaxPool2d(3, 2, 1),
                    nn.AvgPool2d(2, 1),
                    nn.AdaptiveAvgPool2d(2),
                ]
            ),
            (2, 11, 11),
        ),
    }


EQUINOX = [
    *("linear", "conv1d", "conv3d", "conv-transposed", "layer-norm", "rms-norm", "group-norm"),
    *("mlp", "prelu", "weight-norm", "pools"),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("layers", "name"),
    [*((nnx_layers, name) for name in NNX), *((equinox_layers, name) for name in EQUINOX)],
)
def test_a_layer_of_nnx_and_of_equinox(layers, name, draw):
    with jax.enable_x64(True):  # noqa: FBT003  JAX takes it by position
        module, shape = layers()[name]
    assert whole(module, None, draw(*shape)).params


@pytest.mark.slow
def test_attention_of_equinox_with_rotary_positions(draw):
    nn, key = library("equinox").nn, jax.random.key(0)

    class Attending(library("equinox").Module):
        attention: Any
        turned: Any

        def __call__(self, x):
            def heads(q, k, v):
                return jax.vmap(self.turned, 1, 1)(q), jax.vmap(self.turned, 1, 1)(k), v

            seen = jnp.tril(jnp.ones((len(x), len(x)), bool))
            return self.attention(x, x, x, seen, process_heads=heads)

    module = Attending(nn.MultiheadAttention(2, 8, key=key), nn.RotaryPositionalEmbedding(4))
    assert "attention.query_proj" in paths(whole(module, None, draw(5, 8)))


def test_recurrence_of_equinox(draw):
    eqx = library("equinox")
    cell = eqx.nn.LSTMCell(3, 4, key=jax.random.key(0))

    class Recurrent(eqx.Module):
        cell: Any

        def __call__(self, x):
            def step(state, x):
                state = self.cell(x, state)
                return state, state[0]

            start = (jnp.zeros(4, x.dtype), jnp.zeros(4, x.dtype))
            return jax.vmap(lambda x: jax.lax.scan(step, start, x)[1])(x)

    captured = whole(Recurrent(cell), None, draw(2, 5, 3))
    assert "cell" in paths(captured)


def test_running_statistics_of_equinox(draw):
    eqx = library("equinox")

    class Normed(eqx.Module):
        norm: Any

        def __call__(self, x, state):
            return jax.vmap(self.norm, axis_name="batch", in_axes=(0, None), out_axes=(0, None))(
                x, state
            )

    with jax.enable_x64(True):  # noqa: FBT003  JAX takes it by position
        norm, state = eqx.nn.make_with_state(eqx.nn.BatchNorm)(4, "batch", mode="ema")
    captured = whole(Normed(norm), None, draw(5, 4), state=state)
    assert {"norm.ema_state_index.0", "norm.ema_state_index.1"} <= set(captured.state)


def test_a_network_of_haiku(draw):
    hk = library("haiku")

    def network(x):
        y = hk.BatchNorm(create_scale=True, create_offset=True, decay_rate=0.9)(x, is_training=True)
        return hk.Linear(2, name="head")(jax.nn.relu(y))

    model, x = hk.transform_with_state(network), draw(5, 4)
    params, state = model.init(jax.random.key(0), x)
    captured = whole(model, params, x, state=state)
    assert "head" in paths(captured)
    assert captured.state


def test_parameters_are_given_where_they_are_missing_and_nowhere_else(draw):
    nn, eqx = library("flax.linen"), library("equinox")
    with pytest.raises(BadUsage, match="Dense does not hold its parameters"):
        pure(nn.Dense(3))
    with pytest.raises(BadUsage, match="Linear holds its parameters itself"):
        pure(eqx.nn.Linear(2, 2, key=jax.random.key(0)), {})
    with pytest.raises(BadUsage, match="int is neither a module nor a function"):
        pure(3)

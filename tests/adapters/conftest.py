import jax
import pytest


@pytest.fixture
def quick_compilation():
    """What a lowering or a capture means does not hang on how well it is compiled."""
    before = jax.config.values["jax_disable_most_optimizations"]
    jax.config.update("jax_disable_most_optimizations", True)  # noqa: FBT003  JAX takes it by position
    yield
    jax.config.update("jax_disable_most_optimizations", before)

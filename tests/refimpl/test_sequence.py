"""Attention, recurrence and alignments, where differences cannot tell right from wrong."""

import itertools

import numpy as np
import pytest

from gradparity.refimpl.ops import TABLE
from gradparity.refimpl.tape import Tape

GENERATOR = np.random.default_rng(0)
Q, K, V = (GENERATOR.standard_normal((2, 3, 4)) for _ in range(3))


def attend(*arrays, **attributes):
    return TABLE["scaled_dot_product_attention"].forward(*arrays, **attributes)


def test_a_query_that_sees_one_key_returns_its_value():
    seen = np.zeros((3, 3), dtype=bool)
    seen[[0, 1, 2], [2, 0, 1]] = True
    np.testing.assert_allclose(attend(Q, K, V, seen), V[:, [2, 0, 1]])


def test_a_query_that_sees_nothing_yields_zeros():
    seen = np.ones((3, 3), dtype=bool)
    seen[1] = False
    assert np.array_equal(attend(Q, K, V, seen)[:, 1], np.zeros((2, 4)))


def test_causal_is_the_lower_triangle():
    seen = np.tri(3, dtype=bool)
    assert np.array_equal(attend(Q, K, V, seen), attend(Q, K, V, is_causal=True))


def test_equal_keys_are_averaged():
    same = np.broadcast_to(K[:, :1], K.shape)
    np.testing.assert_allclose(attend(Q, same, V), np.repeat(V.mean(1, keepdims=True), 3, 1))


def test_grouped_heads_are_repeated_heads():
    query, key, value = (GENERATOR.standard_normal((1, h, 3, 2)) for h in (4, 2, 2))
    whole = attend(query, np.repeat(key, 2, 1), np.repeat(value, 2, 1))
    assert np.array_equal(whole, attend(query, key, value))
    with pytest.raises(ValueError, match="no multiple"):
        attend(query[:, :3], key, value)


def test_the_padding_row_gets_no_gradient():
    tape = Tape()
    weight = tape.leaf(np.ones((3, 2)))
    y = tape.apply(TABLE["embedding"], np.array([1, 2, 1]), weight, padding_idx=2)
    tape.backward(y, np.ones((3, 2)))
    assert np.array_equal([[0, 0], [2, 2], [0, 0]], weight.cotangent)


def test_a_full_turn_of_rotary_positions_changes_nothing():
    x = GENERATOR.standard_normal((3, 4))
    quarter = np.zeros((3, 2)), np.ones((3, 2))
    turned = x
    for _ in range(4):
        turned = TABLE["rotary_embedding"].forward(turned, *quarter)
    np.testing.assert_allclose(turned, x, atol=1e-15)


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru"])
def test_a_sequence_in_two_parts_is_the_sequence(name):
    blocks = {"rnn": 1, "lstm": 4, "gru": 3}[name]
    x = GENERATOR.standard_normal((5, 2, 3))
    weights = GENERATOR.standard_normal((blocks * 2, 3)), GENERATOR.standard_normal((blocks * 2, 2))
    forward = TABLE[name].forward
    whole = forward(x, *weights)
    first, *state = forward(x[:2], *weights)
    second, *last = forward(x[2:], *weights, None, None, *state)
    np.testing.assert_allclose(np.concatenate((first, second)), whole[0])
    np.testing.assert_allclose(last, whole[1:])


def collapsed(path, blank):
    return [symbol for symbol, _ in itertools.groupby(path) if symbol != blank]


@pytest.mark.parametrize("labels", [[1, 2], [1, 1], [2], []])
@pytest.mark.parametrize("blank", [0, 3])
def test_ctc_sums_over_every_alignment(labels, blank):
    labels = [k % 3 if blank == 3 else k for k in labels]
    x = GENERATOR.standard_normal((4, 1, 4))
    p = np.exp(x[:, 0]) / np.exp(x[:, 0]).sum(-1, keepdims=True)
    total = sum(
        np.prod([p[t, k] for t, k in enumerate(path)])
        for path in itertools.product(range(4), repeat=4)
        if collapsed(path, blank) == labels
    )
    target = np.array([labels + [blank] * (2 - len(labels))])
    lengths = np.array([4]), np.array([len(labels)])
    loss = TABLE["ctc"].forward(x, target, *lengths, blank=blank, reduction="sum")
    np.testing.assert_allclose(loss, -np.log(total))

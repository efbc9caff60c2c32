"""Entries of the atlas as text, and what a name finds."""

from gradparity.reports.atlas_text import NOWHERE, rank, ranked


def test_the_functions_own_name_goes_before_names_and_words():
    asked = "torch.max"
    assert rank(asked, ["jax.numpy.max"], "ties", "") == 0
    assert rank(asked, ["amax"], "max-of-ties", "") == 1
    assert rank(asked, ["pool"], "nan-max-pool", "") == 2
    assert rank(asked, ["relu"], "relu", "a maximum by torch.max") == 3
    assert rank(asked, ["relu"], "relu", "max") == NOWHERE
    assert rank("max_pool", ["a"], "max-pool-ties", "") == 1
    found = ranked([((3,), "said"), ((0, 1, 2), "two"), ((NOWHERE,), "none"), ((0, 1, 1), "one")])
    assert found == ["one", "two", "said"]

"""What a noisy run loses where others take a difference that the reference does not."""

import numpy as np
import pytest

from gradparity.refimpl.rounding import LOST, Noise, unit_roundoff
from gradparity.refimpl.textbook import beside

UNIT = unit_roundoff("float64")
SMALL = np.array([1e-3, 1e-20])


def furthest(make, **options):
    runs = [np.asarray(beside(make(Noise(s, "float64")), 1.0, **options)) for s in range(40)]
    return np.max(np.abs(np.array(runs) - SMALL), axis=0)


def test_a_plain_array_is_what_it_was():
    assert beside(SMALL, 1.0) is SMALL


def test_a_noisy_one_is_moved_like_the_terms_but_by_a_thousandth_of_itself_at_most():
    far = furthest(lambda noise: noise.array(SMALL))
    assert 0.2 * UNIT < far[0] <= UNIT
    assert 0.2 * LOST < far[1] / SMALL[1] <= LOST


def test_beside_other_elements_all_of_it_may_be_lost():
    far = furthest(lambda noise: noise.array(SMALL), mixing=True)
    assert (far > 0.2 * UNIT).all()
    assert (far <= UNIT).all()


@pytest.mark.parametrize(("mixing", "moves"), [(False, False), (True, True)])
def test_what_is_only_jittered_is_moved_where_elements_mix(mixing, moves):
    noise = Noise(3, "float64")
    held = noise.jittered(SMALL)
    assert (np.asarray(beside(held, 1.0, mixing=mixing)) != np.asarray(held)).any() == moves
    assert (np.asarray(held + 0.0) == np.asarray(held)).all()  # arithmetic on it is left alone


def test_a_noise_that_leaves_other_formulas_out_moves_nothing():
    noise = Noise(3, "float64", others=0.0)
    assert (np.asarray(beside(noise.array(SMALL), 1.0, mixing=True)) == SMALL).all()

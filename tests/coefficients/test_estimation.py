"""The likeliest whole numbers are the right ones where values leave a choice."""

from collections.abc import Callable

import numpy as np
import pytest

from jpegqf.arrays import F64, I16
from jpegqf.coefficients.estimation import (
    Encoded,
    Known,
    encoded_prior,
    likeliest,
    likeliest_of_part,
    likeliest_of_reduced,
    padding_prior,
    prior_of,
    reduced_basis,
    spread_prior,
)
from jpegqf.evidence.dct import FORWARD, INVERSE
from jpegqf.jpeg.ijg import ijg_luma

Ranking = Callable[[Known, F64, int], I16]


@pytest.mark.parametrize("ranking", [likeliest, likeliest_of_reduced])
def test_the_best_set_comes_first_and_all_are_different(ranking: Ranking) -> None:
    rng = np.random.default_rng(0)
    basis = rng.normal(0, 3, (6, 12)).astype(np.float32)
    numbers = rng.integers(-2, 3, (5, 6))
    values = (numbers @ basis + rng.uniform(-0.5, 0.5, (5, 12))).astype(np.float32)
    precision = np.full((5, 12), 12, np.float32)
    found = ranking(Known(basis, values, precision, values, values), np.eye(6) * 0.2, 16)
    assert (found[:, 0] == numbers).all()
    assert all(len(np.unique(sets, axis=0)) == len(sets) for sets in found)


def test_a_value_that_should_lie_beyond_a_bound_is_drawn_there() -> None:
    basis = np.eye(2, dtype=np.float32)
    precision = np.array([[12, 0]], np.float32)
    low, high = np.array([[1, 9]], np.float32), np.array([[1, 1e4]], np.float32)
    found = likeliest(Known(basis, np.array([[1, 0]], np.float32), precision, low, high), np.eye(2) * 0.01, 8)
    assert found[0, 0].tolist() == [1, 9]


def test_a_padded_block_costs_less_than_another_with_the_same_rows() -> None:
    steps = ijg_luma(75).reshape(64).astype(np.int32)
    prior = padding_prior(steps, 3, 8)
    assert np.linalg.eigvalsh(prior).min() > -1e-6
    assert np.linalg.matrix_rank(prior, tol=1e-6) == 64 - 24


def test_a_prior_knows_which_coefficients_are_used() -> None:
    blocks = np.zeros((50, 64), np.int16)
    blocks[:, 1] = 3
    variance = prior_of(blocks, 1)
    assert variance[1] > 8 > 1 > variance[2] > 0


def test_a_reduced_basis_spans_the_same_lattice_and_is_closer_to_orthogonal() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(0, 1, (40, 12)) * rng.uniform(0.1, 9, 40)[:, None]
    form = values @ values.T + np.eye(40) * 0.05
    basis, root = reduced_basis(form)
    assert (basis == np.rint(basis)).all()
    assert abs(abs(np.linalg.det(basis)) - 1) < 1e-6
    assert np.allclose(root.T @ root, basis.T @ form @ basis)
    before = np.abs(np.diag(np.linalg.cholesky(form)))
    assert np.ptp(np.log(np.abs(np.diag(root)))) < np.ptp(np.log(before))


def test_a_reduced_basis_finds_more_blocks_of_which_two_columns_are_known() -> None:
    steps = ijg_luma(85).reshape(64).astype(np.int32)
    inside = np.arange(64) % 8 < 2
    found = {likeliest: 0, likeliest_of_reduced: 0}
    prior = padding_prior(steps, 8, 2) + np.diag(np.full(64, 0.01))
    for seed in range(20):
        block = np.repeat(np.random.default_rng(seed).normal(0, 25, (8, 2)), (1, 7), axis=1).reshape(64)
        numbers = np.rint(block @ INVERSE.T / steps).astype(np.int16)
        values = np.rint(numbers * steps @ INVERSE)[None].astype(np.float32)
        precision = np.where(inside, 12, 0)[None].astype(np.float32)
        far = np.full((1, 64), 1e4, np.float32)
        known = Known((steps[:, None] * INVERSE).astype(np.float32), values, precision, -far, far)
        for ranking in found:
            found[ranking] += int((ranking(known, prior, 8)[0] == numbers).all(axis=1).any())
    assert found[likeliest_of_reduced] >= 18 > found[likeliest]


def test_a_block_whose_samples_were_all_known_before_is_expected_as_it_was_encoded() -> None:
    steps = ijg_luma(75).reshape(64).astype(np.int32)
    rise, samples = FORWARD.astype(np.float64) / steps, np.random.default_rng(0).uniform(-128, 127, 64)
    inverse, pull = encoded_prior(Encoded(rise, np.eye(64), samples, np.full(64, 1e-3)))
    assert np.allclose(inverse, 12 * np.eye(64), atol=0.01)
    assert np.allclose(np.linalg.solve(inverse, pull), samples @ rise, atol=0.01)


def test_samples_of_which_nothing_was_known_before_tell_nothing() -> None:
    rise = FORWARD.astype(np.float64) / ijg_luma(75).reshape(64)
    inverse, pull = encoded_prior(Encoded(rise, np.empty((0, 64)), np.empty(0), np.empty(0)))
    assert np.abs(inverse).max() < 0.01 * 12
    assert not pull.any()


def test_combinations_stay_small_where_a_few_samples_of_a_block_are_known() -> None:
    steps = ijg_luma(80).reshape(64).astype(np.int32)
    rise, basis = FORWARD.astype(np.float64) / steps, (steps[:, None] * INVERSE).astype(np.float64)
    for seed in range(12):
        known, white = np.random.default_rng(seed).uniform(0, 1, (2, 64)) < 0.35
        prior, _ = encoded_prior(Encoded(rise, np.eye(64)[white], np.full(white.sum(), 127.0), np.ones(white.sum())))
        form = 12 * basis[:, known] @ basis[:, known].T + prior + 1e-4 * np.eye(64)
        combinations, _ = reduced_basis(form)
        assert np.abs(combinations).max() < 1e5
        assert abs(abs(np.linalg.det(combinations)) - 1) < 1e-3


def test_of_a_wide_prior_many_sets_give_the_few_known_values() -> None:
    steps = ijg_luma(75).reshape(64).astype(np.int32)
    basis = np.ascontiguousarray(INVERSE[:, :16])
    values = np.random.default_rng(0).integers(-60, 60, (3, 16)).astype(np.float32)
    found = likeliest_of_part(steps, basis, values, spread_prior(steps, 300), 32, spread=300)
    missed = (found * steps.astype(np.float32)) @ basis - values[:, None]
    assert (np.abs(missed).max(axis=2) < 0.5).all(axis=1).all()
    assert all(len(np.unique(sets, axis=0)) == len(sets) for sets in found)

"""The likeliest whole numbers are the right ones where values leave a choice."""

import numpy as np

from jpegqf.coefficients.estimation import likeliest, likeliest_of_part, padding_prior, prior_of, reduction
from jpegqf.evidence.dct import INVERSE
from jpegqf.jpeg.ijg import ijg_luma


def test_the_best_set_comes_first_and_all_are_different() -> None:
    rng = np.random.default_rng(0)
    basis = rng.normal(0, 3, (6, 12)).astype(np.float32)
    numbers = rng.integers(-2, 3, (5, 6))
    values = (numbers @ basis + rng.uniform(-0.5, 0.5, (5, 12))).astype(np.float32)
    precision = np.full((5, 12), 12, np.float32)
    found = likeliest(basis, values, precision, values, values, np.eye(6) * 0.2, 16)
    assert (found[:, 0] == numbers).all()
    assert all(len(np.unique(sets, axis=0)) == len(sets) for sets in found)


def test_a_value_that_should_lie_beyond_a_bound_is_drawn_there() -> None:
    basis = np.eye(2, dtype=np.float32)
    precision = np.array([[12, 0]], np.float32)
    low, high = np.array([[1, 9]], np.float32), np.array([[1, 1e4]], np.float32)
    found = likeliest(basis, np.array([[1, 0]], np.float32), precision, low, high, np.eye(2) * 0.01, 8)
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


def test_a_reduced_basis_is_of_the_same_lattice_and_shorter() -> None:
    rng = np.random.default_rng(1)
    basis = rng.normal(0, 1, (12, 5)) @ rng.normal(0, 9, (5, 12)) + np.eye(12)
    form = basis @ basis.T
    change = reduction(form)
    assert round(abs(np.linalg.det(change))) == 1
    lengths, before = np.diag(change @ form @ change.T), np.diag(form)
    assert lengths.max() < before.min()


def test_a_block_of_which_three_rows_are_known_gets_coefficients_that_give_them() -> None:
    rng = np.random.default_rng(2)
    steps, known = ijg_luma(75).reshape(64).astype(np.int32), np.arange(64) < 24
    frequency = np.add.outer(np.arange(8), np.arange(8)).reshape(64)
    blocks = np.rint(rng.laplace(0, 60 / (1 + frequency) ** 1.5, (20, 64)) / steps).astype(np.int16)
    samples = np.rint((blocks * steps) @ INVERSE)[:, known].astype(np.float32)
    prior = np.diag(1 / prior_of(blocks, 3).astype(np.float64))
    sets = likeliest_of_part(steps, np.ascontiguousarray(INVERSE[:, known]), samples, prior, 64)
    missed = np.abs((sets * steps) @ INVERSE[:, known] - samples[:, None]).max(axis=2).min(axis=1)
    assert np.mean(missed <= 0.5) >= 0.9

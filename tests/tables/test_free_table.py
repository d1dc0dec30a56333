import numpy as np
import pytest

from jpegqf.jpeg.ijg import ijg_luma
from jpegqf.tables.free_table import free_steps


def test_probabilities_of_each_frequency_sum_to_one_and_without_evidence_nothing_is_certain() -> None:
    probability, evidence = free_steps(np.zeros((255, 64)))
    assert probability.sum(axis=0) == pytest.approx(np.ones(64))
    assert probability.max() < 0.3
    assert evidence == pytest.approx(0, abs=1e-6)


def test_neighbours_decide_between_a_step_and_its_multiple() -> None:
    table = ijg_luma(50).reshape(64)
    likelihoods = np.full((255, 64), -50.0)
    likelihoods[table - 1, np.arange(64)] = 0
    likelihoods[2 * table[20] - 1, 20] = 0  # one coefficient that is a multiple of both
    probability, _ = free_steps(likelihoods)
    assert probability[table[20] - 1, 20] > 0.9


def test_clear_evidence_outweighs_the_neighbours() -> None:
    table = ijg_luma(50).reshape(64)
    likelihoods = np.full((255, 64), -50.0)
    likelihoods[table - 1, np.arange(64)] = 0
    likelihoods[:, 20] = -50
    likelihoods[3 * table[20] - 1, 20] = 0
    probability, _ = free_steps(likelihoods)
    assert probability[3 * table[20] - 1, 20] > 0.99

import numpy as np
import pytest

from jpegqf.evidence.likelihood import BINS, BINS_PER_UNIT, comb_evidence, comb_table, histogram, multiple_sums


@pytest.fixture(scope="module")
def counts() -> np.ndarray:
    """Histograms whose frequencies reach differently far, one of them empty but for zeros."""
    rng = np.random.default_rng(0)
    scale = np.concatenate([[300.0], np.geomspace(60, 0.5, 62), [0.0]])
    return histogram((rng.laplace(size=(500, 64)) * scale).astype(np.float32))


@pytest.mark.parametrize("most", [1, 48, 255])
def test_multiples_are_counted_as_if_each_coefficient_were_divided(counts: np.ndarray, most: int) -> None:
    total, zeros = multiple_sums(counts, most)
    value = np.arange(BINS) / BINS_PER_UNIT
    for step in {1, most // 2 + 1, most}:
        multiple = np.rint(value / step)
        assert np.array_equal(total[step - 1], counts @ multiple)
        assert np.array_equal(zeros[step - 1], counts @ (multiple == 0))


def test_the_comb_is_summed_over_every_coefficient(counts: np.ndarray) -> None:
    table = comb_table(0.29, 1e-3)
    assert np.allclose(comb_evidence(counts, table), (counts.astype(np.float64) @ table).T, rtol=1e-4, atol=1e-2)


def test_every_coefficient_is_in_one_bin(counts: np.ndarray) -> None:
    assert (counts.sum(axis=1) == 500).all()

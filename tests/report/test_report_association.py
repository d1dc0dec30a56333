from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from jpegqf.report.association import BANDS, NO_TRACE, associate, band_of, chi2_tail, total_variation


@pytest.fixture(scope="module")
def stats() -> Any:
    """The same statistics of another library."""
    return pytest.importorskip("scipy.stats", reason="the statistics are compared with SciPy's")


def table(*rows: list[int]) -> NDArray[np.int64]:
    return np.array(rows, np.int64)


@pytest.mark.parametrize("df", [1, 2, 3, 8, 35, 400, 1991])
def test_the_tail_of_chi_square_equals_that_of_scipy(df: int, stats: Any) -> None:
    for chi2 in (0.0, 0.01 * df, 0.5 * df, df, 1.2 * df + 3, 2 * df + 20, 1e6):
        assert chi2_tail(chi2, df) == pytest.approx(stats.chi2.sf(chi2, df), rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("seed", range(5))
def test_chi_square_and_v_are_those_of_scipy_and_of_bergsmas_formula(seed: int, stats: Any) -> None:
    random = np.random.default_rng(seed)
    counts = random.poisson(random.uniform(1, 60, (4, 6)))
    found = associate(counts)
    told = stats.chi2_contingency(counts, correction=False)
    assert found
    assert (found.chi2, found.p, found.df) == pytest.approx((told.statistic, told.pvalue, told.dof))
    n = counts.sum()
    phi2 = max(0, told.statistic / n - told.dof / (n - 1))
    rows, columns = 4 - 9 / (n - 1), 6 - 25 / (n - 1)
    assert found.v == pytest.approx((phi2 / (min(rows, columns) - 1)) ** 0.5)


def test_v_is_that_of_another_implementation() -> None:
    """ClickHouse's documentation of cramersVBiasCorrected, last digits of 0 to 149 in base 10 against base 4."""
    counts = np.zeros((10, 4), np.int64)
    for number in range(150):
        counts[number % 10, number % 4] += 1
    found = associate(counts)
    assert found
    assert found.v == pytest.approx(0.5305112825189074)


def test_v_is_one_where_the_group_tells_the_band_and_about_nothing_where_groups_are_alike() -> None:
    apart = associate(table([5000, 0], [0, 5000]))
    alike = associate(np.random.default_rng(1).multinomial(2000, [0.2, 0.3, 0.5], size=5))
    assert apart
    assert alike
    assert apart.v == pytest.approx(1, abs=1e-3)
    assert (apart.effect, apart.guess, apart.chance) == ("large", 1.0, 0.5)
    assert alike.v < 0.03
    assert alike.effect == "negligible"
    assert alike.guess == pytest.approx(0.2, abs=0.03)


def test_thin_tables_without_association_are_not_taken_for_an_effect() -> None:
    """Plain V of such tables is 0.3 to 0.5, and naming the likeliest group is right in half of the cases it learnt."""
    random = np.random.default_rng(2)
    found = [associate(random.multinomial(30, [1 / 9] * 9, size=20)) for _ in range(20)]
    assert max(each.v for each in found if each) < 0.12
    assert np.mean([each.guess for each in found if each]) == pytest.approx(1 / 20, abs=0.01)
    assert all(each.effect == "negligible" for each in found if each)


def test_effects_follow_cohens_conventions() -> None:
    def effect(share: float) -> str:
        found = associate(table([int(1e5 * share), int(1e5 * (1 - share))], [50_000, 50_000]))
        assert found
        return found.effect

    assert [effect(share) for share in (0.505, 0.62, 0.85, 0.999)] == ["negligible", "small", "medium", "large"]


def test_a_large_effect_on_few_images_is_no_effect_yet() -> None:
    found = associate(table([3, 1], [1, 3]))
    assert found
    assert found.rough
    assert found.effect == "negligible"


def test_one_group_or_one_band_has_no_association() -> None:
    assert associate(table([5, 7])) is None
    assert associate(table([5, 0], [7, 0])) is None
    assert associate(table([5, 3], [0, 0])) is None
    assert associate(np.zeros((0, 9), np.int64)) is None


def test_total_variation_is_between_a_group_and_all_others() -> None:
    assert total_variation(table([10, 0], [0, 30])) == pytest.approx([1, 1])
    assert total_variation(table([10, 10], [30, 30], [20, 20])) == pytest.approx([0, 0, 0])
    assert total_variation(table([10, 0], [10, 10], [0, 10]))[1] == pytest.approx(0)


def test_every_quality_has_one_band() -> None:
    assert [quality for band in BANDS for quality in range(band[0], band[1] + 1)] == list(range(1, 101))
    assert [band_of(quality) for quality in (1, 49, 50, 95, 97, 98, 100)] == [0, 0, 1, 6, 6, 7, 7]
    assert band_of(100) < NO_TRACE

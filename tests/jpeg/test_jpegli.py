import numpy as np
import pytest

from jpegqf.jpeg.header import read_header
from jpegqf.jpeg.ijg import ijg_chroma, ijg_luma
from jpegqf.jpeg.jpegli import distance_to_quality, jpegli_table, match_jpegli, quality_to_distance

NOISE = np.random.default_rng(0).integers(0, 255, (16, 16, 3), dtype=np.uint8)
DISTANCES = [float(d) for d in np.geomspace(0.05, 24, 60).round(4)]


@pytest.mark.parametrize("subsampled", [False, True])
def test_distances_come_back_within_a_hundredth(subsampled: bool) -> None:
    for distance in DISTANCES:
        tables = [jpegli_table(distance, plane, subsampled) for plane in ("Y", "Cb", "Cr")]
        found = match_jpegli(tables, subsampled)
        assert found is not None
        assert abs(found.distance - distance) <= 0.01
        assert found.low <= distance <= found.high


@pytest.mark.parametrize("subsampled", [False, True])
def test_qualities_come_back_exactly_except_where_all_steps_are_1(subsampled: bool) -> None:
    for quality in range(1, 100):
        tables = [jpegli_table(quality_to_distance(quality), plane, subsampled) for plane in ("Y", "Cr")]
        found = match_jpegli(tables, subsampled)
        assert found is not None
        assert found.quality == quality
    assert match_jpegli([np.ones((8, 8), np.int64)] * 2, subsampled) is None


def test_quality_and_distance_are_inverse() -> None:
    for quality in range(1, 100):
        assert distance_to_quality(quality_to_distance(quality)) == pytest.approx(quality)
    assert quality_to_distance(90) == pytest.approx(1.0)
    assert quality_to_distance(100) == 0.01


def test_tables_of_others_are_no_jpegli_tables() -> None:
    for quality in range(1, 101):
        assert match_jpegli([ijg_luma(quality)]) is None
        assert match_jpegli([ijg_luma(quality), ijg_chroma(quality)]) is None


def test_one_step_changed_is_no_match() -> None:
    tables = [jpegli_table(1.0, plane) for plane in ("Y", "Cb", "Cr")]
    tables[0][4, 4] += 1
    assert match_jpegli(tables) is None


def test_the_subsampling_decides_which_tables_fit() -> None:
    tables = [jpegli_table(1.0, plane, True) for plane in ("Y", "Cb", "Cr")]
    assert match_jpegli(tables, True) is not None
    assert match_jpegli(tables, False) is None


@pytest.mark.parametrize("subsampling", ["444", "422", "420"])
def test_jpegli_itself_is_read_to_a_hundredth_of_distance(subsampling: str) -> None:
    ajpegli = pytest.importorskip("ajpegli", reason="ajpegli carries jpegli")
    for distance in DISTANCES:
        header = read_header(ajpegli.encode(NOISE, distance=distance, subsampling=subsampling))
        tables = [table.steps for table in header.component_tables if table]
        found = match_jpegli(tables, subsampling == "420")
        assert found is not None
        assert abs(found.distance - distance) <= 0.01


@pytest.mark.parametrize("subsampling", ["444", "420"])
def test_jpegli_qualities_are_exact(subsampling: str) -> None:
    ajpegli = pytest.importorskip("ajpegli", reason="ajpegli carries jpegli")
    for quality in range(1, 100):
        header = read_header(ajpegli.encode(NOISE, quality=quality, subsampling=subsampling))
        tables = [table.steps for table in header.component_tables[:2] if table]
        found = match_jpegli(tables, subsampling == "420")
        assert found is not None
        assert found.quality == quality

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from conftest import MakeJpeg
from jpegqf.evidence.blocks import block_lattice
from jpegqf.evidence.grid_votes import grid_votes
from jpegqf.evidence.settings import EvidenceSettings
from jpegqf.evidence.synthesis import agreement
from jpegqf.inspection.reach import Box, Reach, Table, largest_sum, reach_by_table, reach_by_votes, table_of
from jpegqf.jpeg.ijg import STEPS
from jpegqf.pixels.grid import Grid
from jpegqf.pixels.luma import Luma

SETTINGS = EvidenceSettings()


@st.composite
def small_arrays(draw: st.DrawFn) -> np.ndarray:
    rows, columns = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    values = draw(st.lists(st.integers(-4, 4), min_size=rows * columns, max_size=rows * columns))
    return np.array(values, float).reshape(rows, columns)


@given(small_arrays())
def test_the_rectangle_of_largest_sum_is_that_of_trying_all(weights: np.ndarray) -> None:
    rows, columns = weights.shape
    best = max(
        weights[top:bottom, left:right].sum()
        for top in range(rows)
        for bottom in range(top, rows + 1)
        for left in range(columns)
        for right in range(left, columns + 1)
    )
    total, down, across = largest_sum(weights)
    assert total == best
    assert weights[down, across].sum() == best


def test_the_rectangle_of_largest_sum_is_found_among_other_values() -> None:
    weights = np.full((40, 50), -1.0)
    weights[12:30, 7:45] = 0.5
    weights[20, 20] = -3.0
    assert largest_sum(weights) == (18 * 38 * 0.5 - 3.5, slice(12, 30), slice(7, 45))


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0), (3, 3)])
def test_without_any_positive_value_the_rectangle_is_empty(shape: tuple[int, int]) -> None:
    assert largest_sum(np.full(shape, -1.0)) == (0.0, slice(0, 0), slice(0, 0))


def test_a_box_holds_its_first_pixels_and_not_those_behind_its_last() -> None:
    held = Box(10, 20, 5, 3).holds(np.array([19, 20, 22, 23]), np.array([9, 10, 14, 15]))
    assert np.argwhere(held).tolist() == [[1, 1], [1, 2], [2, 1], [2, 2]]


def test_boxes_that_only_touch_do_not_overlap() -> None:
    box = Box(10, 20, 5, 3)
    beside = [Box(15, 20, 5, 3), Box(5, 20, 5, 3), Box(10, 23, 5, 3), Box(10, 17, 5, 3), Box(15, 23, 5, 3)]
    assert not any(box.overlaps(other) or other.overlaps(box) for other in beside)
    assert all(box.overlaps(other.grown(1)) and other.grown(1).overlaps(box) for other in beside)
    assert not box.overlaps(Box(0, 0, 0, 0))


def decoded(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("L"))


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(5).integers(40, 200, (height, width), dtype=np.uint8)


PLACE = Box(72 + 3, 48 + 5, 160, 128)
GRID = Grid(3, 5)


@pytest.fixture(scope="module")
def pasted(jpeg: MakeJpeg, photo: Image.Image) -> Luma:
    """Noise with a part of a JPEG at 60 at PLACE, whole blocks of the grid GRID."""
    plane = noise(256, 320)
    plane[PLACE.y : PLACE.y + 128, PLACE.x : PLACE.x + 160] = decoded(jpeg(60, photo.convert("L")))[200:328, 64:224]
    return Luma(plane)


@pytest.fixture(scope="module")
def reach(pasted: Luma) -> Reach:
    return reach_by_table(pasted, GRID, Table(STEPS[59]), SETTINGS)


def test_the_reach_of_a_table_is_the_box_that_was_saved_with_it(reach: Reach) -> None:
    assert reach.box == PLACE
    assert (reach.grid, reach.side) == (GRID, 8)


def test_the_table_of_another_quality_or_the_same_on_another_grid_reaches_next_to_nowhere(pasted: Luma) -> None:
    for grid, quality in ((GRID, 70), (Grid(3, 4), 60)):
        box = reach_by_table(pasted, grid, Table(STEPS[quality - 1]), SETTINGS).box
        assert box.width * box.height < 0.02 * PLACE.width * PLACE.height


def test_places_are_doubted_outside_of_what_was_saved_and_not_inside(reach: Reach) -> None:
    tops, lefts = np.arange(5, 248, 8), np.arange(3, 312, 8)
    inside = PLACE.holds(tops, lefts)
    doubted = reach.doubted(tops, lefts)
    edges = PLACE.grown(8).holds(tops, lefts) & ~PLACE.grown(-8).holds(tops, lefts)
    assert doubted[~inside & ~edges].all()
    assert not doubted[inside & ~edges].any()


def test_a_save_is_contradicted_in_the_half_that_is_not_its_own(jpeg: MakeJpeg, photo: Image.Image) -> None:
    plane = noise(256, 512)
    plane[:, :256] = decoded(jpeg(60, photo.convert("L")))[:256, 128:384]
    total, box = reach_by_table(Luma(plane), Grid(0, 0), Table(STEPS[59]), SETTINGS).contradicted()
    assert box == Box(256, 0, 256, 256)
    assert total > 1000


def test_where_other_saves_are_nothing_is_contradicted(reach: Reach) -> None:
    total, box = reach.contradicted([PLACE])
    assert total > 200
    assert not box.overlaps(PLACE)
    less, elsewhere = reach.contradicted([PLACE, box])
    assert 0 < less <= total
    assert not elsewhere.overlaps(box)
    assert reach.contradicted([Box(0, 0, 320, 256)]) == (0.0, Box(0, 0, 0, 0))


def test_blocks_that_come_back_with_larger_multiples_alone_are_no_failure(reach: Reach) -> None:
    assert reach.fails([])
    assert not replace(reach, lone=reach.ratio < 0).fails([])


def test_a_single_save_is_contradicted_nowhere(jpeg: MakeJpeg, photo: Image.Image) -> None:
    luma = Luma(decoded(jpeg(75, photo.convert("L"))))
    reach = reach_by_table(luma, Grid(0, 0), Table(STEPS[74]), SETTINGS)
    assert reach.box == Box(0, 0, 512, 512)
    assert reach.contradicted()[0] < 10


def test_a_coarser_save_is_not_explained_by_a_finer_table_of_which_it_has_multiples(
    jpeg: MakeJpeg, photo: Image.Image
) -> None:
    luma = Luma(decoded(jpeg(50, photo.convert("L"))))
    own, fine = (reach_by_table(luma, Grid(0, 0), Table(STEPS[49] / part), SETTINGS) for part in (1, 2))
    assert own.box == Box(0, 0, 512, 512)
    assert own.lone.mean() < 0.3
    assert fine.lone.mean() > 0.7
    assert fine.contradicted()[0] > 1000
    assert not fine.fails([])


def test_own_blocks_are_of_the_save_and_the_others_are_not(pasted: Luma, reach: Reach) -> None:
    own, others = reach.own_blocks(pasted), reach.other_blocks(pasted, reach.contradicted([PLACE])[1])
    assert own is not None
    assert others is not None
    agreeing = []
    for blocks in (own, others):
        lattice = block_lattice(blocks, 0, 0)
        agrees = agreement(lattice, STEPS[59], SETTINGS.pixel_tolerance, SETTINGS.clip_rounds)
        agreeing.append(agrees[lattice.informative & ~lattice.clipped].mean())
    assert agreeing[0] > 0.9
    assert agreeing[1] < 0.05
    assert own.plane.shape[0] % 8 == own.plane.shape[1] % 8 == 0
    assert own.plane.size > 0.7 * PLACE.width * PLACE.height
    assert others.plane.size > 0.3 * (320 * 256 - PLACE.width * PLACE.height)


def test_without_a_box_a_save_has_no_blocks(pasted: Luma, reach: Reach) -> None:
    assert replace(reach, box=Box(0, 0, 0, 0)).own_blocks(pasted) is None


def test_the_box_in_an_image_too_large_for_all_its_blocks_is_as_sharp(jpeg: MakeJpeg, photo: Image.Image) -> None:
    plane = noise(1000, 1400)
    plane[403:603, 701:941] = decoded(jpeg(60, photo.convert("L")))[200:400, 64:304]
    found = reach_by_table(Luma(plane), Grid(701 % 8, 403 % 8), Table(STEPS[59]), SETTINGS)
    assert found.tops[1] - found.tops[0] > 8
    assert found.box == Box(701, 403, 240, 200)


@pytest.mark.parametrize("quality", [30, 60, 85, 92])
def test_the_table_of_a_save_is_found_from_the_windows_that_vote_for_its_grid(
    jpeg: MakeJpeg, photo: Image.Image, quality: int
) -> None:
    luma = Luma(decoded(jpeg(quality, photo.convert("L")))).crop(5, 3, 300, 400)
    votes = grid_votes(luma)
    table = table_of(luma, votes, Grid(5, 3), votes.grid == 8 * 3 + 5, SETTINGS)
    assert table is not None
    assert np.array_equal(table.steps, STEPS[quality - 1])
    assert table.returning == 0.95


def test_of_a_fine_table_no_more_blocks_are_expected_back_than_came_back(jpeg: MakeJpeg, photo: Image.Image) -> None:
    luma = Luma(decoded(jpeg(97, photo.convert("L"))))
    votes = grid_votes(luma)
    table = table_of(luma, votes, Grid(0, 0), votes.grid == 0, SETTINGS)
    assert table is not None
    assert np.array_equal(table.steps, STEPS[96])
    assert 0.1 < table.returning < 0.9


def test_noise_and_too_few_windows_have_no_table(pasted: Luma) -> None:
    plain = Luma(noise(256, 320))
    votes = grid_votes(plain)
    assert table_of(plain, votes, GRID, votes.asked, SETTINGS) is None
    votes = grid_votes(pasted)
    few = np.zeros_like(votes.asked)
    few[PLACE.y // 16 + 1, PLACE.x // 16 + 1 : PLACE.x // 16 + 8] = True
    assert few.sum() == 7
    assert table_of(pasted, votes, GRID, few, SETTINGS) is None


def test_the_reach_by_votes_doubts_where_votes_are_for_other_grids(jpeg: MakeJpeg, photo: Image.Image) -> None:
    one, other = (decoded(jpeg(quality, photo.convert("L"))) for quality in (60, 80))
    plane = np.concatenate([one[:, :256], other[:, 203:459]], axis=1)
    votes = grid_votes(Luma(plane))
    left = (slice(0, len(votes.tops)), slice(0, 16))
    reach = reach_by_votes(votes, Grid(0, 0), left, 1 / 40)
    assert reach.box == Box(0, 0, 256, 31 * 16 + 16)
    assert reach.side == votes.step == 16
    doubted = reach.doubted(votes.tops, votes.lefts)
    assert doubted[:, :15].mean() < 0.05
    assert doubted[:, 18:].mean() > 0.7
    total, box = reach.contradicted()
    assert total > 100
    assert box.x >= 240

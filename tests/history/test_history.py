import io
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageFilter
from saves import saved

from jpegqf.arrays import I64
from jpegqf.history.classifier import (
    EARLIER_SAVE_SEEN,
    STATISTICS,
    History,
    conclude,
    history_of,
    joined_statistics,
    load_classifier,
)  # fmt: skip
from jpegqf.history.earlier_save import earlier_save
from jpegqf.history.first_tables import first_tables
from jpegqf.history.last_save import LastSave
from jpegqf.history.naming import TableEvidence
from jpegqf.history.other_grid.counts import MOST_WINDOWS, SPREAD, count_other_grids, windows_of
from jpegqf.history.other_grid.evidence import (
    GLANCES,
    OtherGridEvidence,
    looks_at_other_grids,
    other_grid_evidence,
)  # fmt: skip
from jpegqf.history.same_grid.counts import FULL as FULL_SAME_GRID
from jpegqf.history.same_grid.counts import count_same_grid
from jpegqf.history.same_grid.evidence import SameGridEvidence, same_grid_evidence
from jpegqf.history.same_grid.looks import SameGrid
from jpegqf.jpeg.ijg import ijg_luma
from jpegqf.pixels.decode import decode_luma
from jpegqf.pixels.luma import Luma

PHOTOS: dict[str, Callable[[], object]] = {
    "astronaut": skimage.data.astronaut,  # NASA, public domain
    "chelsea": skimage.data.chelsea,  # CC0 by Stefan van der Walt
    "coffee": skimage.data.coffee,  # CC0 by Rachel Michetti
}
SHIFTED_PAIRS = [(10, 40), (30, 60), (50, 75), (60, 80), (75, 90), (70, 95), (90, 100)]
PAIRS = [(10, 40), (30, 60), (50, 75), (60, 80), (75, 85), (75, 90), (70, 95), (85, 92), (88, 95), (90, 99)]


def same_grid_of(luma: Luma, last_table: I64) -> SameGridEvidence | None:
    """Evidence on the same grid."""
    return same_grid_evidence(count_same_grid(luma, last_table))


def other_grid_of(luma: Luma, last_table: I64) -> OtherGridEvidence | None:
    """Evidence on the best of the other grids."""
    return other_grid_evidence(count_other_grids(windows_of(luma, last_table)))


def first_quality(history: History) -> int:
    """The quality that is named. Fails where none is."""
    assert history.first is not None
    assert history.first.quality is not None
    return history.first.quality


def of_tables(qualities: list[int], evidence: float) -> TableEvidence:
    """The same evidence for the IJG tables of these qualities."""
    nothing = np.zeros((0, 256)), np.zeros(0, np.int64)
    return TableEvidence(first_tables().ijg[np.array(qualities) - 1], np.full(len(qualities), evidence), *nothing)


@pytest.fixture(scope="module", params=PHOTOS)
def photograph(request: pytest.FixtureRequest) -> Image.Image:
    """Half size: two of the three photographs are developed JPEGs, and a smaller image carries no trace of it."""
    image = Image.fromarray(np.asarray(PHOTOS[request.param]()))
    return image.resize((image.width * 2 // 3, image.height * 2 // 3), Image.Resampling.BICUBIC)


@pytest.mark.parametrize(("first", "last"), PAIRS)
def test_an_aligned_save_at_a_lower_quality_is_found_and_named(photograph: Image.Image, first: int, last: int) -> None:
    history = earlier_save(saved(photograph, first, last), ijg_luma(last))
    assert history.found
    assert abs(first_quality(history) - first) <= 1


@pytest.mark.parametrize(("first", "last"), [(30, 60), (50, 75), (60, 80), (70, 95)])
@pytest.mark.parametrize("cut", [(0, 0), (3, 5)])
def test_an_image_turned_between_the_saves_is_given_its_first_quality(
    photograph: Image.Image, first: int, last: int, cut: tuple[int, int]
) -> None:
    once = photograph.crop((0, 0, photograph.width // 8 * 8, photograph.height // 8 * 8))
    luma = saved(once, first, last, cut=cut, turn=Image.Transpose.ROTATE_90)
    history = earlier_save(luma, ijg_luma(last))
    assert abs(first_quality(history) - first) <= 1
    assert history.grid == (-cut[0] % 8, -cut[1] % 8)


@pytest.mark.parametrize(("first", "last"), [(73, 60), (86, 79), (75, 61), (81, 72), (68, 52), (54, 34), (66, 47)])
def test_a_finer_first_save_is_not_given_a_coarser_quality(photograph: Image.Image, first: int, last: int) -> None:
    """Steps of 2/3 of the last ones leave nearly the pattern that steps of 4/3 leave."""
    history = earlier_save(saved(photograph, first, last), ijg_luma(last))
    assert not history.found or (history.first is not None and history.first.high >= first - 1)


@pytest.mark.parametrize(("first", "last"), [(73, 60), (86, 79), (75, 61), (81, 72), (68, 52)])
def test_a_first_save_at_a_higher_quality_is_named_where_dc_shows_it(first: int, last: int) -> None:
    history = earlier_save(saved(Image.fromarray(skimage.data.chelsea()), first, last), ijg_luma(last))
    assert abs(first_quality(history) - first) <= 1


@pytest.mark.parametrize("quality", range(5, 101, 5))
def test_a_single_save_is_not_called_saved_before(photograph: Image.Image, quality: int) -> None:
    history = earlier_save(saved(photograph, quality), ijg_luma(quality))
    assert not history.found
    assert history.first is None


@pytest.mark.parametrize(("first", "last"), SHIFTED_PAIRS)
@pytest.mark.parametrize("cut", [(3, 5), (0, 4), (7, 7)])
def test_a_save_on_another_grid_is_found_with_its_grid_and_quality(
    photograph: Image.Image, first: int, last: int, cut: tuple[int, int]
) -> None:
    history = earlier_save(saved(photograph, first, last, cut=cut), ijg_luma(last))
    assert history.found
    assert history.grid == (-cut[0] % 8, -cut[1] % 8)
    assert abs(first_quality(history) - first) <= 1


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:0"])
def test_a_save_on_another_grid_is_found_whatever_the_chroma(subsampling: str) -> None:
    image = Image.fromarray(skimage.data.coffee())
    luma = saved(image, 65, 85, cut=(2, 6), subsampling=subsampling)
    assert first_quality(earlier_save(luma, ijg_luma(85))) == 65


@pytest.mark.parametrize(("first", "last"), PAIRS)
def test_an_aligned_save_is_not_put_on_another_grid(photograph: Image.Image, first: int, last: int) -> None:
    luma = saved(photograph, first, last)
    assert earlier_save(luma, ijg_luma(last)).grid == (0, 0)
    *_, looks = looks_at_other_grids(luma, ijg_luma(last))
    assert not history_of(looks[-1], looks, load_classifier("shifted")).found


@pytest.mark.parametrize(("cut", "blurred_along"), [((0, 4), (30, 30)), ((4, 0), (14, 0))])
def test_rows_or_columns_cut_off_a_blurred_image_are_not_taken_for_the_same_grid(
    cut: tuple[int, int], blurred_along: tuple[int, int]
) -> None:
    """Along the other axis the grids agree, and blurred blocks have little else: the same grid shows a first save, too.

    But made again on that grid, the image comes out otherwise.
    """
    blurred = Image.fromarray(skimage.data.chelsea()).filter(ImageFilter.GaussianBlur(blurred_along))
    history = earlier_save(saved(blurred, 50, 95, cut=cut), ijg_luma(95))
    assert history.grid == (-cut[0] % 8, -cut[1] % 8)
    assert history.first is not None
    assert history.first.low <= 50 <= history.first.high


@pytest.mark.parametrize("last", [20, 40, 60])
def test_a_finer_save_on_another_grid_is_not_given_a_quality(photograph: Image.Image, last: int) -> None:
    assert not earlier_save(saved(photograph, last + 20, last, cut=(3, 5)), ijg_luma(last)).found


@pytest.mark.parametrize("side", [8, 15, 24, 32])
def test_too_small_an_image_has_nothing_on_other_grids(side: int) -> None:
    image = Image.fromarray(skimage.data.coffee()[100 : 108 + side, 200 : 208 + side])
    luma = saved(image, 40, 90, cut=(3, 5))
    assert other_grid_of(luma.crop(0, 0, side, side), ijg_luma(90)) is None


def test_evidence_on_the_true_other_grid_is_near_what_is_expected() -> None:
    evidence = other_grid_of(saved(Image.fromarray(skimage.data.coffee()), 65, 85, cut=(3, 5)), ijg_luma(85))
    assert evidence is not None
    assert evidence.grid == (5, 3)
    assert first_tables().quality[evidence.candidates[evidence.best]] == 65
    assert 0.4 < evidence.found[evidence.best].sum() / evidence.expected[evidence.best].sum() < 2.5


def test_errors_spread_to_another_grid_keep_their_energy() -> None:
    """Over all frequencies, one grid's white errors are as strong on any other."""
    np.testing.assert_allclose(SPREAD.sum(axis=0), 1)
    np.testing.assert_allclose(SPREAD.sum(axis=1), 1)


def test_the_same_table_twice_leaves_no_trace(photograph: Image.Image) -> None:
    assert not earlier_save(saved(photograph, 80, 80), ijg_luma(80)).found


def test_the_last_table_need_not_be_an_ijg_table(photograph: Image.Image) -> None:
    """A flat table, as some encoders write; the first save is IJG."""
    flat = np.full((8, 8), 5)
    out = io.BytesIO()
    Image.fromarray(saved(photograph, 70).plane).save(out, "JPEG", qtables=[flat.ravel().tolist()])
    history = earlier_save(decode_luma(out.getvalue()).luma, flat)
    assert first_quality(history) == 70


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_chroma_subsampling_does_not_matter(subsampling: str) -> None:
    image = Image.fromarray(skimage.data.coffee())
    assert first_quality(earlier_save(saved(image, 65, 85, subsampling=subsampling), ijg_luma(85))) == 65


@pytest.mark.parametrize(
    "plane",
    [
        np.full((256, 256), 128),
        np.zeros((256, 256)),
        np.full((256, 256), 255),
        np.kron(np.indices((32, 32)).sum(axis=0) % 2, np.full((8, 8), 255)),
        np.tile(np.arange(8) * 30, (256, 32)),
        np.zeros((7, 300)),
    ],
    ids=["grey", "black", "white", "chequered", "repeated", "no whole block"],
)
def test_nothing_is_said_of_images_without_information(plane: np.ndarray) -> None:
    assert earlier_save(Luma(plane.astype(np.uint8)), ijg_luma(75)) == History(None)


def test_of_drawn_gradients_saved_once_one_in_a_hundred_at_most_is_called_saved_before() -> None:
    rows, columns = np.indices((256, 256))
    found = [
        earlier_save(saved(Image.fromarray(np.rint(20 + across * columns + down * rows).astype(np.uint8)), quality),
                     ijg_luma(quality)).found
        for across in np.arange(0.05, 0.5, 0.05)
        for down in (0, 0.05, 0.1, 0.2, 0.25, 0.3)
        for quality in (60, 75, 85, 90, 95, 98)
    ]  # fmt: skip
    assert len(found) > 300
    assert np.mean(found) <= 0.01


def test_nothing_is_said_when_no_table_is_coarser() -> None:
    plane = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    assert earlier_save(Luma(plane), np.full((8, 8), 255)) == History(None)
    assert earlier_save(Luma(plane), np.full((8, 8), 65535)) == History(None)


def test_noise_that_was_never_saved_is_not_called_saved_before() -> None:
    plane = np.random.default_rng(0).integers(0, 256, (256, 256), dtype=np.uint8)
    assert not earlier_save(Luma(plane), ijg_luma(90)).found


def test_no_trace_is_only_reported_where_a_trace_would_show() -> None:
    found, nothing, strong = of_tables([40, 50, 60], 0.0), np.zeros(3), np.full(3, 40.0)
    assert conclude(found, nothing, 0.1, (0, 0)) == History(None)
    assert conclude(found, strong, 0.1, (0, 0)) == History(0.1)


def test_a_table_that_is_none_is_refused() -> None:
    luma = Luma(np.zeros((16, 16), np.uint8))
    with pytest.raises(ValueError, match="8x8 steps"):
        earlier_save(luma, np.ones(64, np.int64))
    with pytest.raises(ValueError, match="8x8 steps"):
        earlier_save(luma, np.zeros((8, 8), np.int64))


def test_evidence_of_a_true_first_quality_is_within_twice_what_is_expected() -> None:
    evidence = same_grid_of(saved(Image.fromarray(skimage.data.coffee()), 65, 85), ijg_luma(85))
    assert evidence is not None
    row = int(np.flatnonzero(evidence.candidates == first_tables().ijg[64])[0])
    assert 0.5 < evidence.total[row] / evidence.expected[row] < 2


def test_classifiers_take_the_statistics_of_all_looks_up_to_theirs() -> None:
    luma, table = saved(Image.fromarray(skimage.data.coffee()), 80), ijg_luma(80)
    same_grid, others = SameGrid(LastSave(luma, table)), list(looks_at_other_grids(luma, table))
    taken = {
        "aligned glance": [same_grid.glance], "aligned": same_grid.looks, "finer": same_grid.looks,
        "shifted glance": others[0], "shifted second glance": others[1], "shifted": others[2],
    }  # fmt: skip
    for name, looks in taken.items():
        values = joined_statistics(looks)
        assert np.isfinite(values).all()
        assert load_classifier(name).mean.shape == load_classifier(name).scale.shape == values.shape


def test_a_second_look_adds_to_what_the_first_has_counted() -> None:
    luma, table = saved(Image.fromarray(skimage.data.coffee()), 65, 85, cut=(3, 5)), ijg_luma(85)
    windows, (first, second, _) = windows_of(luma, table), list(looks_at_other_grids(luma, table))
    (at_first,), (_, added) = first, second
    at_once = other_grid_evidence(count_other_grids(windows, GLANCES[1]), added.candidates)
    assert at_once is not None
    assert at_once.grid == added.grid == (5, 3)
    np.testing.assert_allclose(at_once.of_tables.total, added.of_tables.total, rtol=1e-4, atol=0.1)
    assert added.counts.used[: len(at_first.counts.used)].tolist() == at_first.counts.used.tolist()


def test_a_look_that_saw_nothing_has_zeros_for_statistics() -> None:
    last = LastSave(saved(Image.fromarray(skimage.data.coffee()), 80), ijg_luma(80))
    values = joined_statistics([None, SameGrid(last).glance])
    assert not values[:STATISTICS].any()
    assert values[STATISTICS:].any()


def test_a_large_image_costs_no_more_than_a_budget_of_blocks() -> None:
    plane = np.random.default_rng(0).integers(60, 200, (4096, 4096), dtype=np.uint8)
    evidence = same_grid_of(Luma(plane), ijg_luma(80))
    assert evidence is not None
    assert evidence.counts.blocks <= FULL_SAME_GRID.blocks
    moved = other_grid_of(Luma(plane), ijg_luma(80))
    assert moved is not None
    assert moved.counts.windows <= MOST_WINDOWS
    small, large = (min(_processor_seconds(luma) for _ in range(3)) for luma in (Luma(plane[:512, :512]), Luma(plane)))
    assert large < 5 * small  # 64 times the pixels


def _processor_seconds(luma: Luma) -> float:
    started = time.process_time()
    earlier_save(luma, ijg_luma(80))
    return time.process_time() - started


def test_the_fitted_decision_tells_what_can_be_told() -> None:
    training = pytest.importorskip("jpegqf.train.history")
    rng = np.random.default_rng(0)
    truth = np.arange(400) % 2
    values = rng.normal(size=(400, 15)) + 4.0 * truth[:, None]
    measured = [
        training.Measured(row, bool(one), None, of_tables([50], 0.0)) for row, one in zip(values, truth, strict=True)
    ]
    fitted = training.fit_classifier(measured, single_weight=2.0, trust=0.1, seed=0)
    found = np.array([fitted.probability(row) for row in values]) >= EARLIER_SAVE_SEEN
    np.testing.assert_array_equal(found, truth == 1)


def test_trust_is_as_large_as_intervals_allow() -> None:
    """Evidence of 50 nats for a quality that is right, and for one that is three too high one time in ten."""
    training = pytest.importorskip("jpegqf.train.history")
    evidence = of_tables([60, 63], 0.0)
    evidence.total[1] = 50
    right = [training.Measured(np.zeros(1), True, 63, evidence)] * 9
    wrong = [training.Measured(np.zeros(1), True, 60, evidence)]
    assert training.fit_trust(right) == training.TRUSTS[-1]
    assert training.held_share(right + wrong, 1.0) == 0.9
    assert training.fit_trust(right + wrong) < 0.1


def test_drawn_tables_have_the_quality_that_was_asked_for() -> None:
    training = pytest.importorskip("jpegqf.train.history")
    rng = np.random.default_rng(0)
    drawn = [training.draw_any(40, 60, rng) for _ in range(300)]
    assert all(40 <= tables.quality <= 60 for tables in drawn)
    others = [tables for tables in drawn if (tables.luma != ijg_luma(tables.quality)).any()]
    assert 0.15 < len(others) / len(drawn) < 0.45


def test_drawn_saves_have_their_first_grid_where_they_say(tmp_path: Path) -> None:
    training = pytest.importorskip("jpegqf.train.history")
    Image.fromarray(skimage.data.coffee()).save(tmp_path / "coffee.png")
    rng = np.random.default_rng(0)
    drawn = [training.draw_other_grid([tmp_path / "coffee.png"], rng) for _ in range(30)]
    twice = [(saves.first.quality, saves.last.quality) for saves in drawn if saves.first]
    assert all(first <= last - training.SHIFTED_GAP for first, last in twice)
    moved = [saves for saves in drawn if saves.grid != (0, 0)]
    told = [earlier_save(decode_luma(saves.data).luma, saves.last.luma) for saves in moved]
    pairs = [(history, saves.grid) for history, saves in zip(told, moved, strict=True)]
    sure = [(history.grid, grid) for history, grid in pairs if (history.recompressed_probability or 0) >= 0.9]
    assert all(grid == drawn_grid for grid, drawn_grid in sure)
    assert len(sure) > len(moved) // 2

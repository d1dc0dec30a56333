import numpy as np
import pytest
from PIL import Image

from conftest import LumaWith
from jpegqf.arrays import I64, U8
from jpegqf.jpeg.ijg import IJG_LUMA, ijg_luma, scaled
from jpegqf.jpeg.jpegli import jpegli_table, quality_to_distance
from jpegqf.jpeg.known_tables import MOZJPEG_LUMA, Family
from jpegqf.jpeg.listed_tables import listed_tables
from jpegqf.jpeg.ruled_tables import ffmpeg_table, guetzli_tables
from jpegqf.jpeg.table_match import equivalent_quality
from jpegqf.pixels.luma import Luma
from jpegqf.tables.reading import certain_steps, read_blocks, read_table
from jpegqf.tables.step_likelihood import rich, unclipped_blocks

PHOTOSHOP_8 = next(table for table in listed_tables() if (table.family, table.quality) == (Family.ADOBE, 8))
KNOWN = [
    (ijg_luma(75), Family.IJG, 75),
    (scaled(np.array(MOZJPEG_LUMA[3]), 70), Family.MOZJPEG, 70),
    (jpegli_table(quality_to_distance(80)), Family.JPEGLI, None),  # or another, with chroma subsampled
    (ffmpeg_table(5), Family.FFMPEG, 5),
    (guetzli_tables()[200], Family.GUETZLI, None),
    (np.array(PHOTOSHOP_8.luma), Family.ADOBE, 8),
]


def bent(quality: int, seed: int) -> I64:
    """An IJG table whose steps are changed by some 20 %: a table in no list."""
    noise = np.random.default_rng(seed).normal(0, 0.2, 64)
    return np.clip(np.rint(ijg_luma(quality).reshape(64) * np.exp(noise)), 2, 255).astype(np.int64)


def edited(luma: Luma, plane: U8) -> Luma:
    return Luma(plane, luma.marks)


@pytest.mark.parametrize(("table", "family", "quality"), KNOWN, ids=[known[1].value for known in KNOWN])
def test_a_known_table_is_read_whole_with_its_writer_and_equivalent_quality(
    luma_with: LumaWith, table: I64, family: Family, quality: int | None
) -> None:
    reading = read_table(luma_with(table))
    assert reading is not None
    assert reading.steps == tuple(table.reshape(64).tolist())
    assert reading.writer is not None
    assert (reading.writer.family, reading.writer.quality) == (family, quality)
    assert reading.equivalent.argmax() + 1 == equivalent_quality(table)
    assert (reading.ijg > 0.9) == (family is Family.IJG)


@pytest.mark.parametrize("seed", range(4))
def test_steps_of_a_table_in_no_list_are_named_where_the_image_tells_them_and_not_wrongly(
    luma_with: LumaWith, seed: int
) -> None:
    table = bent(60 + 8 * seed, seed)
    reading = read_table(luma_with(table))
    assert reading is not None
    assert reading.writer is None
    assert reading.free > 0.9
    named = [(read, int(step)) for read, step in zip(reading.steps, table, strict=True) if read is not None]
    assert len(named) >= 50
    assert all(read == step for read, step in named)
    assert reading.equivalent @ np.arange(1, 101) == pytest.approx(equivalent_quality(table), abs=1)


def test_the_qualities_of_a_reading_are_a_distribution(luma_with: LumaWith) -> None:
    reading = read_table(luma_with(bent(85, 9)))
    assert reading is not None
    assert reading.equivalent.sum() == pytest.approx(1)
    assert reading.equivalent.min() >= 0


def test_an_image_turned_by_90_degrees_since_shows_the_table_transposed_and_its_writer(luma_with: LumaWith) -> None:
    table = scaled(np.array(IJG_LUMA), 60)
    reading = read_table(luma_with(table).transposed())
    assert reading is not None
    assert reading.turned
    assert reading.writer is not None
    assert reading.writer.quality == 60
    assert reading.steps == tuple(table.reshape(8, 8).T.reshape(64).tolist())


def test_an_image_made_brighter_since_shows_all_steps_but_that_of_dc(luma_with: LumaWith) -> None:
    luma = luma_with(ijg_luma(60))
    reading = read_table(edited(luma, np.minimum(luma.plane, 253) + np.uint8(2)))
    assert reading is not None
    assert reading.steps[1:] == tuple(ijg_luma(60).reshape(64)[1:].tolist())
    assert reading.steps[0] is None


def test_an_image_with_more_contrast_since_shows_no_table(luma_with: LumaWith) -> None:
    luma = luma_with(ijg_luma(60))
    plane = np.clip(np.rint(128 + 1.04 * (luma.plane.astype(float) - 128)), 0, 255).astype(np.uint8)
    assert read_table(edited(luma, plane)) is None


def test_an_image_that_was_never_saved_shows_no_grid(photo: Image.Image) -> None:
    reading = read_table(Luma.from_rgb(np.asarray(photo.resize((200, 200), Image.Resampling.BICUBIC))))
    assert reading is None or not reading.shows_a_grid


@pytest.mark.parametrize("blocks", [0, 3])
def test_too_few_blocks_tell_nothing(luma_with: LumaWith, blocks: int) -> None:
    assert read_blocks(unclipped_blocks(luma_with(ijg_luma(60)))[:blocks]) is None


def test_a_few_blocks_tell_a_known_table_but_no_free_one(luma_with: LumaWith) -> None:
    few = [rich(unclipped_blocks(luma_with(table)))[800:807] for table in (ffmpeg_table(4), bent(50, 3))]
    known, free = map(read_blocks, few)
    assert known is not None
    assert known.writer is not None
    assert known.writer.quality == 4
    assert free is None


def test_a_step_is_named_from_its_probability_on() -> None:
    probability = np.zeros((255, 64))
    probability[9], probability[19] = 0.97, 0.03
    assert certain_steps(probability) == (None,) * 64
    assert certain_steps(probability, least=0.97) == (10,) * 64

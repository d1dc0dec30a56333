import numpy as np
import pytest

from conftest import LumaWith
from jpegqf.jpeg.ruled_tables import ffmpeg_table
from jpegqf.tables.check import explains, on_comb, share_expected
from jpegqf.tables.step_likelihood import rich, unclipped_blocks


def test_coefficients_are_on_the_comb_of_their_own_table_alone(luma_with: LumaWith) -> None:
    pixels = rich(unclipped_blocks(luma_with(ffmpeg_table(4))))
    assert on_comb(ffmpeg_table(4), pixels)
    assert not on_comb(ffmpeg_table(5), pixels)


def test_steps_of_one_lower_the_share_of_blocks_that_come_back() -> None:
    assert share_expected(np.full(64, 3)) == 1
    assert share_expected(np.ones(64, np.int64)) == pytest.approx(0.9167**64)


def test_a_table_explains_its_own_pixels_and_neither_a_coarser_nor_a_finer_one_does(luma_with: LumaWith) -> None:
    pixels = rich(unclipped_blocks(luma_with(ffmpeg_table(4))))
    assert explains(ffmpeg_table(4), pixels)
    assert not explains(ffmpeg_table(8), pixels)
    assert not explains(ffmpeg_table(3), pixels)

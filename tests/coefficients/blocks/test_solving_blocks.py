"""Blocks come back where rounding alone fails: fine tables, unknown samples."""

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageDraw
from saved import saved

from jpegqf.coefficients.blocks.beam import EFFORTS
from jpegqf.coefficients.blocks.levels import HIGHEST, LOWEST, is_within, quantized
from jpegqf.coefficients.blocks.solving import solve
from jpegqf.evidence.blocks import cut
from jpegqf.jpeg.ijg import ijg_luma


def blocks_of(quality: int) -> np.ndarray:
    return cut(saved(Image.fromarray(skimage.data.camera()[:256, :256]), quality=quality)[0]).astype(np.int16)


@pytest.mark.parametrize(("quality", "rounded"), [(85, 0.99), (95, 0.4)])
def test_a_search_solves_the_blocks_that_rounding_does_not(quality: int, rounded: float) -> None:
    blocks, steps = blocks_of(quality), ijg_luma(quality).reshape(64).astype(np.int32)
    low, high = np.where(blocks == 0, LOWEST, blocks), np.where(blocks == 255, HIGHEST, blocks)
    low, high, start = low.astype(np.int16), high.astype(np.int16), blocks.astype(np.float32)
    alone = solve(low, high, steps, start, efforts=())
    assert rounded <= alone.solved.mean() < 1
    found = solve(low, high, steps, start)
    assert found.solved.all()
    assert is_within(found.coefficients, low, high, steps).all()


def test_blocks_of_which_three_rows_are_known_are_found_as_encoders_pad_them() -> None:
    pixels, _ = saved(Image.fromarray(skimage.data.camera()[:67, :256]), quality=75)
    steps = ijg_luma(75).reshape(64).astype(np.int32)
    last = np.pad(pixels[64:], ((0, 5), (0, 0)), mode="edge")
    blocks = cut(last).astype(np.int16)
    unknown = np.arange(64) >= 24
    low = np.where(unknown, LOWEST, blocks).astype(np.int16)
    high = np.where(unknown, HIGHEST, blocks).astype(np.int16)
    assert solve(low, high, steps, blocks.astype(np.float32)).solved.all()


def test_blocks_that_no_coefficients_give_are_not_called_solved() -> None:
    noise = np.random.default_rng(1).integers(1, 255, (8, 64)).astype(np.int16)
    steps = ijg_luma(75).reshape(64).astype(np.int32)
    assert not solve(noise, noise, steps, noise.astype(np.float32)).solved.any()


@pytest.mark.slow
def test_blocks_of_a_white_page_with_black_letters_come_back_though_half_of_them_is_clipped() -> None:
    page = Image.new("L", (256, 45), 255)
    for row in range(4):
        ImageDraw.Draw(page).text((3, 1 + 11 * row), "the quick brown fox jumps over the lazy dog" * 2, fill=0)
    pixels, _ = saved(page, quality=80)
    blocks = cut(np.pad(pixels, ((0, 3), (0, 0)), mode="edge")).astype(np.int16)
    unknown = np.zeros(blocks.shape, bool)
    unknown[-32:, 40:] = True  # the last row of blocks has five rows of pixels
    steps = ijg_luma(80).reshape(64).astype(np.int32)
    low = np.where(unknown | (blocks == 0), LOWEST, blocks).astype(np.int16)
    high = np.where(unknown | (blocks == 255), HIGHEST, blocks).astype(np.int16)
    assert ((low != high).mean(axis=1) > 0.3).mean() > 0.8
    found = solve(low, high, steps, blocks.astype(np.float32), EFFORTS[:1])
    assert found.solved.all()
    assert is_within(found.coefficients, low, high, steps).all()


@pytest.mark.parametrize("columns", [1, 2, 3, 4])
@pytest.mark.parametrize("quality", [75, 90])
def test_samples_of_half_a_block_come_back_whatever_they_are(columns: int, quality: int) -> None:
    steps = ijg_luma(quality).reshape(64).astype(np.int32)
    levels = np.random.default_rng(0).integers(60, 200, (12, 8, 8)).astype(np.int16)
    levels[:, :, columns:] = levels[:, :, columns - 1 : columns]
    known = np.broadcast_to(np.arange(8) < columns, (8, 8)).reshape(64)
    blocks = levels.reshape(12, 64)
    low = np.where(known, blocks, LOWEST).astype(np.int16)
    high = np.where(known, blocks, HIGHEST).astype(np.int16)
    found = solve(low, high, steps, blocks.astype(np.float32), like=blocks_like(steps))
    assert found.solved.all()
    assert is_within(found.coefficients, low, high, steps).all()


def blocks_like(steps: np.ndarray) -> np.ndarray:
    return quantized(blocks_of(75).astype(np.float32), steps)

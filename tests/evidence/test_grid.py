import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from conftest import MakeJpeg
from jpegqf.evidence.features import GatheredBlocks
from jpegqf.evidence.grid_search import ranked_grids
from jpegqf.evidence.patches import select
from jpegqf.evidence.settings import EvidenceSettings, PatchRule
from jpegqf.model.predictor import Predictor, one_by_one
from jpegqf.pixels.grid import ALIGNED, Grid
from jpegqf.pixels.luma import Luma

SETTINGS = EvidenceSettings()


def decoded(data: bytes) -> Luma:
    with Image.open(io.BytesIO(data)) as image:
        return Luma.from_rgb(np.asarray(image.convert("RGB")))


def best(luma: Luma) -> Grid:
    return ranked_grids(select(luma, PatchRule()), SETTINGS)[0][1]


@pytest.mark.parametrize("quality", [5, 30, 60, 90, 97, 100])
@pytest.mark.parametrize(("left", "top"), [(0, 0), (1, 0), (3, 6), (7, 7)])
def test_the_grid_of_a_crop_is_found(jpeg: MakeJpeg, cat: Image.Image, quality: int, left: int, top: int) -> None:
    whole = decoded(jpeg(quality, cat))
    crop = whole.crop(top, left, 256, 300)
    assert best(crop) in (Grid(-left % 8, -top % 8), Grid(-left % 8, -top % 8, turned=quality == 100))


def test_a_turned_crop_is_told_from_an_upright_one(jpeg: MakeJpeg) -> None:
    crop = decoded(jpeg(60)).crop(3, 5, 300, 300)
    assert best(crop) == Grid(3, 5)
    assert best(crop.transposed()) == Grid(5, 3, turned=True)


def test_once_a_grid_is_sure_only_its_other_orientation_is_asked_about(predictor: Predictor, jpeg: MakeJpeg) -> None:
    asked = 0

    def counting(images: Sequence[GatheredBlocks], settings: EvidenceSettings) -> NDArray[np.float32]:
        nonlocal asked
        asked += 1
        return one_by_one(images, settings)

    said = replace(predictor, evidence=counting).examine(decoded(jpeg(97)).crop(3, 5, 300, 300))
    assert (said.rounded, said.grid) == (97, Grid(3, 5))
    assert asked == 3  # the grid at the first pixel, the right one, and that one turned


def test_placing_starts_on_the_grid_and_turns_back(jpeg: MakeJpeg) -> None:
    whole = decoded(jpeg(80))
    crop = whole.crop(3, 5, 200, 240)
    placed = Grid(3, 5).place(crop)
    assert np.array_equal(placed.plane, whole.plane[8:203, 8:245])
    assert np.array_equal(Grid(5, 3, turned=True).place(crop.transposed()).plane, placed.plane)
    assert ALIGNED.place(whole).plane.shape == whole.plane.shape


def test_stripes_leave_eight_grids_alike(jpeg: MakeJpeg) -> None:
    column = np.random.default_rng(0).integers(40, 200, (256, 1), dtype=np.uint8)
    stripes = Image.fromarray(np.repeat(column, 256, axis=1))
    scores = [score for score, grid in ranked_grids([decoded(jpeg(50, stripes))], SETTINGS) if not grid.turned]
    assert scores[0] == pytest.approx(scores[7], rel=1e-5)
    assert scores[0] > scores[8] + 1


def test_nothing_to_go_by_gives_no_grid() -> None:
    assert ranked_grids([Luma(np.full((64, 64), 9, np.uint8))], SETTINGS) == []
    assert ranked_grids([Luma(np.zeros((14, 200), np.uint8))], SETTINGS) == []
    assert ranked_grids([], SETTINGS) == []


def test_marks_of_clipped_pixels_are_heeded_where_luma_shows_none() -> None:
    rng = np.random.default_rng(0)
    plane = rng.integers(40, 200, (64, 64), dtype=np.uint8)
    marks = np.zeros_like(plane)
    marks[:, :32] = 1
    luma = Luma(plane, marks)
    assert luma.clipped().mean() == 0.5
    assert Luma(plane).clipped().sum() == 0
    assert len(ranked_grids([luma], SETTINGS)) == 128

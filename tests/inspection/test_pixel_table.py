from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from conftest import LumaWith
from jpegqf.inspection import pixel_table
from jpegqf.inspection.pixel_table import with_table
from jpegqf.jpeg.ijg import ijg_luma
from jpegqf.jpeg.known_tables import Family
from jpegqf.jpeg.ruled_tables import ffmpeg_table
from jpegqf.jpeg.table_match import equivalent_quality
from jpegqf.model.prediction import Prediction
from jpegqf.pixels.grid import Grid
from jpegqf.pixels.luma import Luma


def predicted(quality: int, confidence: float = 0.8, grid: float = 0.999) -> Prediction:
    probability = np.full(100, (1 - confidence) / 99)
    probability[quality - 1] = confidence
    return Prediction(float(quality), probability, grid)


def test_few_blocks_that_decided_have_told_the_table(monkeypatch: pytest.MonkeyPatch, luma_with: LumaWith) -> None:
    monkeypatch.setattr(pixel_table, "read_table", None)  # it must not be asked
    prediction, table = with_table(replace(predicted(75), by_few_blocks=True), luma_with(ijg_luma(75)))
    assert prediction.rounded == 75
    assert table is not None
    assert table.steps == tuple(ijg_luma(75).reshape(64).tolist())
    assert table.writer is not None
    assert (table.writer.family, table.writer.quality) == (Family.IJG, 75)


def test_another_encoders_table_is_the_answer_where_the_model_doubts(luma_with: LumaWith) -> None:
    prediction, table = with_table(predicted(70, 0.5), luma_with(ffmpeg_table(5)))
    assert prediction.rounded == equivalent_quality(ffmpeg_table(5))
    assert prediction.interval() == (prediction.rounded, prediction.rounded)
    assert table is not None
    assert not table.ijg


def test_a_table_shows_a_grid_that_the_model_does_not_see(luma_with: LumaWith) -> None:
    prediction, table = with_table(predicted(70, 0.5, grid=0.2), luma_with(ffmpeg_table(5)))
    assert prediction.has_grid
    assert table is not None


def test_pixels_that_show_no_table_leave_a_missing_grid_missing(photo: Image.Image) -> None:
    luma = Luma.from_rgb(np.asarray(photo.resize((256, 256), Image.Resampling.BICUBIC)))
    prediction, table = with_table(predicted(97, 0.5, grid=0.2), luma)
    assert not prediction.has_grid
    assert table is None


def test_where_the_table_cannot_be_read_steps_are_those_that_the_models_qualities_share(photo: Image.Image) -> None:
    flat = Luma(np.full((64, 64), 99, np.uint8))
    between = np.zeros(100)
    between[[74, 75]] = 0.5  # 75 and 76
    _, table = with_table(Prediction(75.0, between, 0.999), flat)
    assert table is not None
    same = ijg_luma(75).reshape(64) == ijg_luma(76).reshape(64)
    assert [step is not None for step in table.steps] == same.tolist()
    assert table.writer is None


def test_luma_is_read_though_the_model_judged_green(luma_with: LumaWith) -> None:
    prediction, table = with_table(replace(predicted(70, 0.5), by_green=True), luma_with(ffmpeg_table(5)))
    assert table is not None
    assert table.steps == tuple(ffmpeg_table(5).tolist())
    assert not prediction.by_green


def test_the_table_of_an_image_turned_since_is_that_of_the_stored_image(luma_with: LumaWith) -> None:
    table = ijg_luma(60)
    prediction, read = with_table(replace(predicted(60), grid=Grid(0, 0, turned=True)), luma_with(table).transposed())
    assert read is not None
    assert read.steps == tuple(table.T.reshape(64).tolist())
    assert prediction.grid.turned

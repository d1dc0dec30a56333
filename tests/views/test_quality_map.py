"""The map of qualities: what its pieces say, and how many of them the model is asked about."""

import io
from dataclasses import dataclass, field

import numpy as np
import pytest
from PIL import Image

from conftest import MakeJpeg
from jpegqf.inspection.findings import Findings
from jpegqf.inspection.inspector import Inspector
from jpegqf.jpeg.ruled_tables import ffmpeg_table
from jpegqf.jpeg.table_match import equivalent_quality
from jpegqf.model.prediction import Prediction
from jpegqf.model.predictor import Predictor
from jpegqf.pixels.luma import Luma
from jpegqf.views.quality_map import MOST_MODELLED_PIECES, quality_map


def luma_at(quality: int, jpeg: MakeJpeg, image: Image.Image) -> np.ndarray:
    with Image.open(io.BytesIO(jpeg(quality, image.convert("L")))) as opened:
        return np.asarray(opened)


def test_the_map_shows_both_halves_of_a_splice(predictor: Predictor, jpeg: MakeJpeg, photo: Image.Image) -> None:
    left, right = luma_at(60, jpeg, photo), luma_at(90, jpeg, photo)
    spliced = np.concatenate([left[:, :256], right[:, 256:]], axis=1)
    found = quality_map(predictor, Luma(spliced), Findings(""))
    assert found.side == 64
    assert found.quality.shape == (8, 8)
    assert np.nanmedian(found.quality[:, :4]) == 60
    assert np.nanmedian(found.quality[:, 4:]) == 90
    assert (np.abs(found.quality[:, :4] - 60) <= 1).mean() > 0.8
    assert (np.abs(found.quality[:, 4:] - 90) <= 1).mean() > 0.8


def test_pieces_of_another_encoders_save_have_its_equivalent_quality_in_the_map(
    predictor: Predictor, jpeg: MakeJpeg, photo: Image.Image
) -> None:
    data = jpeg(None, photo, qtables=[ffmpeg_table(7).tolist()] * 2, subsampling=0)
    found = Inspector(predictor).look(np.asarray(Image.open(io.BytesIO(data))))
    assert found.predicted_plane is not None
    pieces = quality_map(predictor, found.predicted_plane, found)
    assert (pieces.quality == equivalent_quality(ffmpeg_table(7))).mean() > 0.9


def test_a_flat_piece_is_blank_in_the_map_and_stops_nothing(predictor: Predictor, jpeg: MakeJpeg) -> None:
    drawn = Image.effect_noise((256, 256), 60)
    drawn.paste(128, (0, 0, 128, 128))
    found = quality_map(predictor, Luma(luma_at(70, jpeg, drawn)), Findings(""))
    assert np.isnan(found.quality[0, 0])
    assert found.quality[3, 3] == 70


@dataclass(frozen=True)
class Asked(Predictor):
    """A predictor that notes how often the model is asked."""

    asked: list[Luma] = field(default_factory=list)

    def examine(self, luma: Luma, *more: object, **named: object) -> Prediction:
        self.asked.append(luma)
        return super().examine(luma, *more, **named)  # type: ignore[arg-type]


def noise(side: int) -> Image.Image:
    """Gray values of every level: few blocks decide nothing at fine qualities."""
    levels = np.random.default_rng(0).normal(128, 25, (side, side))
    return Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("quality", [50, 74, 98])
def test_every_piece_of_a_jpeg_has_the_headers_quality_almost_without_the_model(
    predictor: Predictor, jpeg: MakeJpeg, quality: int
) -> None:
    found = Inspector(predictor).look(jpeg(quality, noise(512)))
    asked = Asked(predictor.model)
    assert found.predicted_plane is not None
    pieces = quality_map(asked, found.predicted_plane, found)
    assert pieces.quality.tolist() == np.full((8, 8), quality).tolist()
    assert len(asked.asked) <= 1


def test_pieces_grow_until_the_model_judges_few(predictor: Predictor, jpeg: MakeJpeg) -> None:
    found = quality_map(asked := Asked(predictor.model), Luma(luma_at(98, jpeg, noise(1024))), Findings(""))
    assert 0 < len(asked.asked) <= MOST_MODELLED_PIECES
    assert found.side > 64
    assert found.side % 8 == 0
    assert np.nanmedian(found.quality) == 98


def test_an_image_without_a_grid_has_a_blank_map(predictor: Predictor, cat: Image.Image) -> None:
    found = Inspector(predictor).look(np.asarray(cat.resize((150, 100))))
    assert found.prediction is not None
    assert not found.prediction.has_grid
    assert found.predicted_plane is not None
    pieces = quality_map(asked := Asked(predictor.model), found.predicted_plane, found)
    assert np.isnan(pieces.quality).all()
    assert asked.asked == []

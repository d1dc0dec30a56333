import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import jpegqf
from jpegqf.inspection.pixel_chroma import PixelChroma, with_chroma
from jpegqf.jpeg.ijg import QUALITIES
from jpegqf.model.prediction import Prediction
from jpegqf.pixels.chroma import Colours
from jpegqf.record import Verdict


def decoded(image: Image.Image, quality: int, subsampling: int = 0) -> Image.Image:
    image.save(out := io.BytesIO(), "JPEG", quality=quality, subsampling=subsampling)
    return Image.open(io.BytesIO(out.getvalue())).convert("RGB")


def tied(*qualities: int) -> Prediction:
    """A prediction for which these qualities are all as probable."""
    probability = np.isin(QUALITIES, qualities) / len(qualities)
    return Prediction(float(qualities[0]), probability, 0.999)


@pytest.mark.parametrize("quality", [49, 50, 51])
def test_chroma_breaks_the_ties_of_luma(photo: Image.Image, quality: int) -> None:
    together, chroma = with_chroma(tied(49, 50, 51), None, Colours.of_image(decoded(photo, quality)))
    assert chroma == PixelChroma("4:4:4", quality)
    assert together.rounded == quality
    assert together.confidence > 0.95


def test_chroma_of_another_quality_leaves_lumas_answer_as_it_is(photo: Image.Image) -> None:
    together, chroma = with_chroma(tied(80), None, Colours.of_image(decoded(photo, 40)))
    assert chroma is not None
    assert together.rounded == 80
    assert together.confidence == pytest.approx(1.0)


def test_without_a_grid_or_colours_nothing_is_asked(photo: Image.Image) -> None:
    unseen = replace(tied(80), jpeg_probability=0.1)
    assert with_chroma(unseen, None, Colours.of_image(decoded(photo, 80))) == (unseen, None)
    sure = tied(80)
    assert with_chroma(sure, None, None) == (sure, None)


@pytest.mark.parametrize(("subsampling", "name"), [(0, "4:4:4"), (1, "4:2:2"), (2, "4:2:0")])
def test_a_row_tells_subsampling_and_chromas_quality(photo: Image.Image, subsampling: int, name: str) -> None:
    row = jpegqf.inspect(np.asarray(decoded(photo, 83, subsampling)))
    assert (row.pixel_codec, row.pixel_subsampling, row.pixel_qf_chroma, row.pixel_qf) == ("jpeg", name, 83, 83)


@pytest.mark.parametrize("turned", [False, True])
def test_a_png_of_a_lossy_webp_is_told_and_gets_no_quality(photo: Image.Image, turned: bool) -> None:
    decoded(photo, 75).save(out := io.BytesIO(), "WEBP", quality=80)
    pixels = np.asarray(Image.open(io.BytesIO(out.getvalue())).convert("RGB"))
    row = jpegqf.inspect(np.ascontiguousarray(pixels.swapaxes(0, 1)[3:] if turned else pixels))
    assert (row.pixel_codec, row.verdict, row.qf, row.pixel_qf) == ("webp", Verdict.OTHER_CODEC, None, None)
    assert row.verdict_text == "pixels of a lossy WebP, which may have hidden the grid of a JPEG"

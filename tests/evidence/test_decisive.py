import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conftest import LumaWith, MakeJpeg
from jpegqf.evidence.few_blocks import decisive_quality, quality_given_back
from jpegqf.evidence.settings import DecisiveRule, EvidenceSettings
from jpegqf.jpeg.ijg import ijg_luma, scaled
from jpegqf.jpeg.known_tables import MOZJPEG_LUMA
from jpegqf.model.predictor import Predictor
from jpegqf.pixels.decode import decode_luma
from jpegqf.pixels.luma import Luma

RULE, SETTINGS = DecisiveRule(), EvidenceSettings()


def decided(data: bytes) -> int | None:
    return decisive_quality(decode_luma(data).luma, RULE, SETTINGS)


def test_most_photographs_are_decided_and_none_wrongly(jpeg: MakeJpeg, photo: Image.Image, cat: Image.Image) -> None:
    answers = [(quality, decided(jpeg(quality, image))) for quality in range(10, 99, 3) for image in (photo, cat)]
    told = [(quality, answer) for quality, answer in answers if answer is not None]
    assert all(quality == answer for quality, answer in told)
    assert len(told) > 0.8 * len(answers)


@pytest.mark.parametrize("quality", [94, 96, 98, 99, 100])
def test_the_finest_tables_are_told_by_likelihood(jpeg: MakeJpeg, quality: int) -> None:
    assert decided(jpeg(quality)) == quality


def test_pixels_that_no_table_gives_back_are_never_decided_by_synthesis(
    jpeg: MakeJpeg, photo: Image.Image, cat: Image.Image
) -> None:
    for image in (photo, cat):
        clean = Luma.from_rgb(np.asarray(image))
        brighter = Luma(np.minimum(decode_luma(jpeg(60, image)).luma.plane + 2, 254).astype(np.uint8))
        for luma in (clean, clean.of_green(), brighter):
            assert luma is not None
            assert quality_given_back(luma, RULE, SETTINGS) is None


@pytest.mark.parametrize("quality", [15, 50, 75, 90])
def test_synthesis_tells_the_green_channel_of_a_jpeg_that_codes_it(jpeg: MakeJpeg, quality: int) -> None:
    with Image.open(io.BytesIO(jpeg(quality, keep_rgb=True))) as image:
        luma = Luma.from_rgb(np.asarray(image))
    green = luma.of_green()
    assert green is not None
    assert quality_given_back(green, RULE, SETTINGS) == quality
    assert quality_given_back(luma, RULE, SETTINGS) is None


@pytest.mark.parametrize("quality", [5, 30, 60, 90, 97])
def test_another_encoders_tables_are_never_decided(photo: Image.Image, quality: int) -> None:
    out = io.BytesIO()
    photo.save(out, "JPEG", qtables=[scaled(np.array(MOZJPEG_LUMA[3]), quality).tolist()] * 2)
    assert decided(out.getvalue()) is None


@pytest.mark.parametrize("quality", [4, 5, 20, 50, 92])
def test_transposed_tables_are_never_decided(jpeg: MakeJpeg, quality: int) -> None:
    """As jpegtran leaves them when it turns an image without decoding it."""
    turned = Luma(np.ascontiguousarray(decode_luma(jpeg(quality)).luma.plane.T))
    assert decisive_quality(turned, RULE, SETTINGS) is None


@pytest.mark.parametrize("shape", [(4, 400), (16, 16), (64, 64)])
def test_too_few_busy_blocks_leave_doubt(shape: tuple[int, int]) -> None:
    assert decisive_quality(Luma(np.full(shape, 90, np.uint8)), RULE, SETTINGS) is None


def test_a_repeated_block_counts_once(jpeg: MakeJpeg) -> None:
    block = decode_luma(jpeg(50)).luma.plane[:8, :8]
    assert decisive_quality(Luma(np.tile(block, (40, 40))), RULE, SETTINGS) is None


def test_without_the_rule_or_on_pixels_of_unknown_grid_all_evidence_is_asked(
    predictor: Predictor, jpeg: MakeJpeg
) -> None:
    luma = decode_luma(jpeg(97)).luma
    sure = RULE.confidence
    without = replace(predictor, model=replace(predictor.model, config=replace(predictor.model.config, decisive=None)))
    assert predictor.examine(luma, own_luma=True).jpeg_probability == sure
    assert predictor.examine(luma).jpeg_probability != sure
    assert without.examine(luma, own_luma=True).jpeg_probability != sure
    assert {predictor.examine(luma, own_luma=True).rounded, without.examine(luma).rounded} == {97}


@pytest.mark.parametrize(
    "values", [{"lattice": 0}, {"first": 2}, {"second": 40}, {"given_back": 1.5}, {"finest": 101}, {"likely_lead": 0.0}]
)
def test_numbers_out_of_bounds_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="decisive rule"):
        DecisiveRule(**values)


def test_a_table_of_twice_the_steps_is_not_taken_for_the_ijgs(luma_with: LumaWith) -> None:
    assert quality_given_back(luma_with(2 * ijg_luma(85)), RULE, SETTINGS) is None
    assert quality_given_back(luma_with(ijg_luma(85)), RULE, SETTINGS) == 85

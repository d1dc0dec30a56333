"""Each rule by a story of one real situation, from the file's bytes on."""

import io
from dataclasses import replace

import pytest
from PIL import Image, ImageEnhance

from conftest import MakeJpeg, png
from jpegqf import Inspector, Record, Status, Verdict
from jpegqf.advise.coding import Coding
from jpegqf.advise.rules import limit, was_jpeg, was_jpeg_words, win
from jpegqf.model.predictor import Predictor


@pytest.fixture(scope="module")
def look(predictor: Predictor) -> Inspector:
    return Inspector(predictor)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_a_photo_straight_from_a_program_may_be_encoded_up_to_its_own_quality(look: Inspector, jpeg: MakeJpeg) -> None:
    found = limit(look.inspect(jpeg(85)))
    assert (found.quality, found.words) == (85, "re-encode at 85 at most: saved at 85")


def test_a_web_image_blown_up_to_95_by_an_editor_is_worth_no_more_than_its_75(look: Inspector, jpeg: MakeJpeg) -> None:
    found = limit(look.inspect(jpeg(95, opened(jpeg(75)))))
    assert found.quality == 75
    assert "before and at 95 since" in found.words


def test_a_screenshot_tool_that_made_a_png_of_a_jpeg_gained_nothing(look: Inspector, jpeg: MakeJpeg) -> None:
    record = look.inspect(png(opened(jpeg(80))))
    assert (limit(record).quality, was_jpeg(record)) == (80, True)
    assert "only takes more room" in was_jpeg_words(record)


def test_a_png_export_of_an_original_has_no_limit_and_was_no_jpeg(look: Inspector, photo: Image.Image) -> None:
    record = look.inspect(png(photo))
    assert (limit(record).quality, was_jpeg(record), was_jpeg_words(record)) == (None, False, "")
    assert "no trace of a JPEG save" in limit(record).words


def test_a_photo_whose_contrast_was_raised_gets_no_limit_from_the_jpeg_it_was(look: Inspector, jpeg: MakeJpeg) -> None:
    record = look.inspect(png(ImageEnhance.Contrast(opened(jpeg(80))).enhance(1.3)))
    assert record.edited
    assert limit(record).quality is None
    assert was_jpeg_words(record) == ""


def test_a_page_with_a_pasted_jpeg_has_no_one_limit(look: Inspector, jpeg: MakeJpeg) -> None:
    page = Image.effect_noise((1024, 768), 40).convert("RGB")
    page.paste(opened(jpeg(70)), (256, 128))
    record = look.inspect(png(page))
    assert record.verdict == Verdict.PARTIAL
    assert (limit(record).quality, was_jpeg(record)) == (None, None)


def test_a_picture_enlarged_since_gets_no_limit_from_the_smaller_one(look: Inspector, jpeg: MakeJpeg) -> None:
    small = opened(jpeg(80))
    record = look.inspect(png(small.resize((2 * small.width, 2 * small.height), Image.Resampling.NEAREST)))
    assert record.verdict == Verdict.PIXELS_ONLY
    assert limit(record).quality is None
    assert "enlarged" in limit(record).words


def test_a_lossy_webp_gets_no_limit_as_a_jpeg(look: Inspector, photo: Image.Image) -> None:
    out = io.BytesIO()
    photo.save(out, "WEBP", quality=70)
    record = look.inspect(out.getvalue())
    assert (limit(record).quality, was_jpeg(record)) == (None, None)


def test_a_jpeg_is_never_called_a_jpeg_in_a_lossless_container(look: Inspector, jpeg: MakeJpeg) -> None:
    assert was_jpeg(look.inspect(jpeg(80))) is None


RESAVED = Record("a.jpg", "a.jpg", Status.OK, qf=95, header_qf=95, header_match="exact", qf_source="header",
                 verdict=Verdict.RESAVED, verdict_text="words")  # fmt: skip


@pytest.mark.parametrize(
    ("first", "quality"),
    [
        ({"first_qf": 80, "first_qf_low": 78, "first_qf_high": 82}, 80),
        ({"first_qf_low": 60, "first_qf_high": 85}, 85),
        ({"pixel_qf": 77}, 77),
        ({}, 95),
        ({"first_qf": 98, "first_qf_low": 97, "first_qf_high": 99}, 95),
    ],
)
def test_the_lower_of_both_saves_is_the_limit(first: dict[str, int], quality: int) -> None:
    assert limit(replace(RESAVED, **first)).quality == quality  # type: ignore[arg-type]


def test_an_earlier_save_that_is_only_possible_is_told_but_sets_no_limit() -> None:
    record = replace(RESAVED, verdict=Verdict.HEADER_ONLY, recompressed_probability=0.3, first_qf=70)
    assert limit(record).quality == 95
    assert "left open" in limit(record).words


def test_a_contradiction_leaves_no_limit() -> None:
    assert limit(replace(RESAVED, verdict=Verdict.MISMATCH)).quality is None


def test_pixels_that_leave_an_interval_limit_by_its_upper_end() -> None:
    record = Record("a.png", "a.png", Status.OK, verdict=Verdict.PIXELS_ONLY, pixel_qf_low=80, pixel_qf_high=88)
    assert limit(record).quality == 88
    assert "between 80 and 88" in limit(record).words


@pytest.mark.parametrize(
    ("coding", "optimised", "saved"),
    [
        (Coding(1000, "standard", False, 900, "-optimize"), False, 100),
        (Coding(1000, "optimized", True, 995, "-progressive"), True, 5),
        (Coding(1000, "optimized", True, 1020, "-progressive"), True, 0),
        (Coding(1000, "standard", False, unmeasured="jpegtran is not installed"), False, None),
        (Coding(1000, "optimized", True, unmeasured="jpegtran is not installed"), True, None),
        (Coding(1000, "optimized", False, unmeasured="jpegtran is not installed"), None, None),
        (None, None, None),
    ],
)
def test_a_win_is_measured_or_else_told_by_the_header_alone(
    coding: Coding | None, optimised: bool | None, saved: int | None
) -> None:
    found = win(coding)
    assert (found.optimised, found.bytes_saved) == (optimised, saved)
    assert coding is None or coding.unmeasured in found.words or optimised

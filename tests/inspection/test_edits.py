import io

import numpy as np
import pytest
from PIL import Image, ImageFilter

import jpegqf
from jpegqf.arrays import U8
from jpegqf.record import Record, Verdict


@pytest.fixture(scope="module")
def decoded(photo: Image.Image) -> Image.Image:
    """A JPEG of quality 78, decoded."""
    photo.save(out := io.BytesIO(), "JPEG", quality=78)
    return Image.open(io.BytesIO(out.getvalue())).convert("RGB")


def levels(image: Image.Image, factor: float, offset: float) -> U8:
    """Every level multiplied and moved."""
    edited: U8 = np.clip(np.rint(factor * np.asarray(image, np.float64) + offset), 0, 255).astype(np.uint8)
    return edited


def test_what_a_decoder_gave_was_not_edited(decoded: Image.Image) -> None:
    for pixels in (np.asarray(decoded), np.asarray(decoded)[3:, 5:]):
        row = jpegqf.inspect(np.ascontiguousarray(pixels))
        assert (row.edited, row.pixel_qf, row.pixel_codec) == (False, 78, "jpeg")


@pytest.mark.parametrize(("factor", "offset"), [(1.1, -12.8), (0.9, 0), (1.18, -20), (0.85, 20)])
def test_stretched_tones_are_told_and_the_quality_is_that_before_the_edit(
    decoded: Image.Image, factor: float, offset: float
) -> None:
    row = jpegqf.inspect(levels(decoded, factor, offset))
    assert (row.edited, row.pixel_qf, row.pixel_codec) == (True, 78, None)
    assert row.verdict is Verdict.PIXELS_ONLY
    assert row.verdict_text is not None
    assert row.verdict_text.endswith("a JPEG at 78, edited since")


def holds_78_or_names_none(row: Record) -> bool:
    if row.pixel_qf is None:
        return True
    return (row.pixel_qf_low or 0) <= 78 <= (row.pixel_qf_high or 0)


@pytest.mark.parametrize("percent", [40, 80, 150])
def test_sharpening_leaves_doubt_and_no_wrong_number(decoded: Image.Image, percent: int) -> None:
    row = jpegqf.inspect(np.asarray(decoded.filter(ImageFilter.UnsharpMask(1, percent, 0))))
    assert row.edited is not False
    assert holds_78_or_names_none(row)


@pytest.mark.parametrize("gamma", [0.7, 0.9, 1.3])
def test_gamma_gives_no_wrong_number(decoded: Image.Image, gamma: float) -> None:
    edited = np.rint(255 * (np.asarray(decoded) / 255) ** gamma).astype(np.uint8)
    row = jpegqf.inspect(edited)
    assert row.edited is not False
    assert holds_78_or_names_none(row)


def test_where_there_is_no_grid_nothing_is_said_of_edits(photo: Image.Image) -> None:
    assert jpegqf.inspect(np.asarray(photo)).edited is None


def test_a_jpeg_file_was_not_edited_after_its_own_save(photo: Image.Image) -> None:
    photo.save(out := io.BytesIO(), "JPEG", quality=78)
    row = jpegqf.inspect(out.getvalue())
    assert (row.edited, row.pixel_codec) == (None, None)

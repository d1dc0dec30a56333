import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from conftest import MakeJpeg
from jpegqf.inspection.inspector import inspect
from jpegqf.pixels.palette import keeps_colours
from jpegqf.record import Status, Verdict


def as_palette(image: Image.Image, kind: str = "PNG") -> bytes:
    """An image of at most 256 colours, stored as a palette without a change."""
    pixels = np.asarray(image.convert("RGB"))
    colours, numbers = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True)
    assert len(colours) <= 256
    stored = Image.fromarray(numbers.reshape(pixels.shape[:2]).astype(np.uint8))
    stored.putpalette(colours.astype(np.uint8).reshape(-1).tolist())
    out = io.BytesIO()
    stored.save(out, kind)
    return out.getvalue()


def of_few_colours(jpeg: MakeJpeg, quality: int) -> Image.Image:
    """A JPEG of a faintly coloured texture, decoded: it has some hundred colours."""
    rng = np.random.default_rng(3)
    coarse = rng.normal(0, 2, (8, 8, 3)).repeat(8, 0).repeat(8, 1)
    texture = np.clip(120 + coarse + rng.normal(0, 1, (64, 64, 1)), 0, 255).astype(np.uint8)
    with Image.open(io.BytesIO(jpeg(quality, Image.fromarray(texture)))) as decoded:
        return decoded.convert("RGB")


def drawing() -> Image.Image:
    """Text and shapes in a few colours, with smooth edges."""
    image = Image.new("RGB", (256, 256), (250, 240, 230))
    draw = ImageDraw.Draw(image)
    for row in range(5):
        draw.text((10 + 7 * row, 10 + 45 * row), f"Quality of row {row}: enough?", (0, 20, 90), font_size=15)
    draw.rectangle((170, 0, 255, 255), (200, 30, 40))
    return image


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_jpeg_whose_colours_all_fit_is_read_as_without_a_palette(jpeg: MakeJpeg, kind: str) -> None:
    image = of_few_colours(jpeg, 80)
    row, plain = inspect(as_palette(image, kind)), io.BytesIO()
    image.save(plain, "PNG")
    whole = inspect(plain.getvalue())
    assert (row.status, row.qf, whole.qf) == (Status.OK, 80, 80)
    assert row.pixel_codec == whole.pixel_codec == "jpeg"


def test_a_drawing_that_kept_its_colours_is_judged() -> None:
    row = inspect(as_palette(drawing()))
    assert (row.status, row.qf) == (Status.OK, None)
    assert row.verdict in (Verdict.NO_TRACE, Verdict.UNKNOWN)


@pytest.mark.parametrize("count", [256, 100, 64])
@pytest.mark.parametrize("dither", [Image.Dither.NONE, Image.Dither.FLOYDSTEINBERG])
def test_a_photograph_with_reduced_colours_is_refused_in_words(
    photo: Image.Image, count: int, dither: Image.Dither
) -> None:
    palette = photo.quantize(count)
    out = io.BytesIO()
    photo.quantize(palette=palette, dither=dither).save(out, "PNG")
    row = inspect(out.getvalue())
    assert (row.status, row.reason) == (Status.SKIPPED, "reduced_colours")
    assert "colours were reduced" in (row.message or "")


def test_palettes_made_to_a_power_of_two_and_flat_ones_are_told_apart() -> None:
    rows = np.zeros((8, 64), np.uint8)
    colours = np.arange(768, dtype=np.uint8).reshape(256, 3)
    assert not keeps_colours(rows, colours)  # one colour: 2^0
    rows[:, 10:20] = 7
    rows[:, 30:33] = 200
    assert keeps_colours(rows, colours)


def test_transparency_does_not_hinder(jpeg: MakeJpeg) -> None:
    stored = Image.open(io.BytesIO(as_palette(of_few_colours(jpeg, 80))))
    out = io.BytesIO()
    stored.save(out, "PNG", transparency=0)
    assert inspect(out.getvalue()).status == Status.OK

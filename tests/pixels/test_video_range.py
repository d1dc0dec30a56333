import io
from collections.abc import Callable

import numpy as np
import pytest
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from jpegqf.arrays import U8
from jpegqf.pixels.codec import full_range_share
from jpegqf.pixels.video_range import (
    WEIGHTS,
    Converter,
    Matrix,
    cutting,
    distinct_colours,
    looking_up,
    rounding,
    video_range,
    webp,
)

Frame = Callable[..., U8]
MATRICES: tuple[Matrix, ...] = ("BT.601", "BT.709")
CODED = [
    (16, 128, 128), (30, 120, 131), (81, 90, 180), (120, 110, 116), (145, 54, 34),
    (170, 166, 110), (200, 140, 120), (235, 128, 128), (90, 140, 100), (60, 131, 125),
]  # fmt: skip
"""Y, U and V that FFmpeg 5.1 was given as yuv422p and, four times as large, as yuv422p10le."""
BY_FFMPEG: dict[tuple[str, Matrix], list[tuple[int, int, int]]] = {
    ("cut", "BT.601"): [
        (0, 0, 0), (20, 16, 0), (157, 46, 0), (101, 137, 84), (0, 254, 0),
        (150, 178, 255), (201, 215, 238), (255, 255, 255), (41, 103, 110), (46, 51, 57),
    ],
    ("cut", "BT.709"): [
        (0, 0, 0), (21, 15, 0), (168, 55, 0), (99, 130, 82), (0, 215, 0),
        (146, 179, 255), (199, 215, 239), (255, 255, 255), (35, 97, 111), (45, 51, 57),
    ],
    ("looked up", "BT.601"): [
        (0, 0, 0), (19, 16, 0), (157, 47, 0), (101, 137, 83), (0, 254, 0),
        (148, 179, 254), (200, 215, 237), (253, 253, 253), (40, 103, 109), (45, 51, 55),
    ],
    ("looked up", "BT.709"): [
        (0, 0, 0), (19, 16, 0), (167, 54, 0), (97, 129, 81), (0, 215, 0),
        (145, 179, 255), (197, 215, 237), (253, 253, 253), (33, 97, 109), (44, 51, 55),
    ],
}  # fmt: skip
"""The RGB that it made of them on an x86 processor."""


def in_limited_range(rgb: U8, matrix: Matrix) -> NDArray[np.float64]:
    """Y, U and V (height, width, 3), not rounded."""
    red, green, blue = (rgb[..., i].astype(np.float64) for i in range(3))
    of_red, of_green, of_blue = WEIGHTS[matrix]
    luma = of_red * red + of_green * green + of_blue * blue
    u, v = (blue - luma) / (2 - 2 * of_blue), (red - luma) / (2 - 2 * of_red)
    return np.stack([16 + luma * 219 / 255, 128 + u * 224 / 255, 128 + v * 224 / 255], axis=2)


def rounded(yuv: NDArray[np.float64], matrix: Matrix) -> U8:
    """RGB of Y, U and V, whole or not, computed exactly."""
    of_red, of_green, of_blue = WEIGHTS[matrix]
    luma, u, v = (yuv[..., 0] - 16) * 255 / 219, (yuv[..., 1] - 128) * 255 / 224, (yuv[..., 2] - 128) * 255 / 224
    red, blue = luma + (2 - 2 * of_red) * v, luma + (2 - 2 * of_blue) * u
    green = (luma - of_red * red - of_blue * blue) / of_green
    return np.clip(np.rint(np.stack([red, green, blue], axis=2)), 0, 255).astype(np.uint8)


def by_tables(converter: Converter, yuv: NDArray[np.int64]) -> U8:
    """RGB of whole Y, U and V by the tables of a converter."""
    y, u, v = (yuv[..., i] for i in range(3))
    base = converter.luma.table[y]
    green = base + converter.green_u.table[u] + converter.green_v.table[v]
    sums = np.rint(np.stack([base + converter.red.table[v], green, base + converter.blue.table[u]], axis=-1))
    levels = np.flatnonzero(converter.sums > -(2**15))
    return np.interp(sums, converter.sums[levels], levels, left=0, right=255).astype(np.uint8)


CONVERTERS = {"cut": cutting, "looked up": looking_up, "rounded": rounding}


@pytest.fixture(scope="module")
def frame(photo: Image.Image) -> Frame:
    """A photo as a frame of 8-bit video, by an arithmetic and a matrix."""

    def make(arithmetic: str, matrix: Matrix) -> U8:
        yuv = np.rint(in_limited_range(np.asarray(photo), matrix)).astype(np.int64)
        return by_tables(webp() if arithmetic == "WebP" else CONVERTERS[arithmetic](matrix), yuv)

    return make


@pytest.fixture(scope="module")
def between_levels(photo: Image.Image) -> U8:
    """A frame of 8-bit video whose chroma was halved and enlarged by interpolation, so that it is not on its levels."""
    yuv = in_limited_range(np.asarray(photo), "BT.601")
    chroma = [Image.fromarray(yuv[..., i].astype(np.float32)).reduce(2) for i in (1, 2)]
    enlarged = [np.asarray(plane.resize(photo.size, Image.Resampling.BICUBIC)) for plane in chroma]
    return rounded(np.stack([np.rint(yuv[..., 0]), *enlarged], axis=2), "BT.601")


def decoded(image: Image.Image, quality: int, **options: bool) -> U8:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    pixels: U8 = simplejpeg.decode_jpeg(out.getvalue(), "GRAY" if image.mode == "L" else "RGB", **options)
    return pixels


@pytest.mark.parametrize(("arithmetic", "matrix"), list(BY_FFMPEG))
def test_the_tables_make_what_ffmpeg_makes(arithmetic: str, matrix: Matrix) -> None:
    made, by_ffmpeg = (
        by_tables(CONVERTERS[arithmetic](matrix), np.array(CODED)),
        np.array(BY_FFMPEG[arithmetic, matrix]),
    )
    inside = (by_ffmpeg > 0) & (by_ffmpeg < 255)
    assert np.array_equal(made[inside], by_ffmpeg[inside])


@pytest.mark.parametrize("matrix", MATRICES)
def test_the_rounding_tables_round_the_exact_formula(matrix: Matrix) -> None:
    yuv = np.random.default_rng(0).integers((60, 100, 100), (200, 157, 157), (4000, 1, 3))
    same = by_tables(rounding(matrix), yuv) == rounded(yuv.astype(np.float64), matrix)
    assert same.mean() > 0.999


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("arithmetic", list(CONVERTERS))
def test_a_frame_is_told_with_its_matrix_and_arithmetic(frame: Frame, arithmetic: str, matrix: Matrix) -> None:
    found = video_range(frame(arithmetic, matrix))
    assert found is not None
    assert (found.matrix, found.arithmetic) == (matrix, arithmetic)
    assert found.strength > 0.99


def test_a_frame_is_told_however_it_was_cropped_and_turned(frame: Frame) -> None:
    whole = frame("cut", "BT.601")
    for part in (whole[3:, 5:], whole[::-1], whole.swapaxes(0, 1), whole[100:180, 200:300], whole.repeat(2, axis=0)):
        found = video_range(part)
        assert found is not None
        assert (found.matrix, found.arithmetic) == ("BT.601", "cut")


def test_a_frame_with_black_bars_and_white_words_is_told(frame: Frame) -> None:
    lettered = frame("looked up", "BT.709").copy()
    lettered[:60], lettered[-60:], lettered[300:320, 50:450:3] = 0, 0, 255
    found = video_range(lettered)
    assert found is not None
    assert (found.matrix, found.arithmetic) == ("BT.709", "looked up")


def test_a_frame_whose_chroma_was_interpolated_is_told_by_its_luma(between_levels: U8) -> None:
    found = video_range(between_levels)
    assert found is not None
    assert (found.matrix, found.arithmetic) == ("BT.601", "luma alone")
    assert found.strength > 0.5


def test_a_lossy_webp_is_told_from_video(photo: Image.Image) -> None:
    out = io.BytesIO()
    photo.save(out, "WEBP", quality=80)
    found = video_range(np.asarray(Image.open(out).convert("RGB")))
    assert found is not None
    assert found.arithmetic == "WebP"


@pytest.mark.parametrize("cut", [np.rint, np.floor])
def test_grey_levels_that_limited_range_cannot_make_tell_a_grey_frame(
    photo: Image.Image, cut: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> None:
    limited = np.rint(16 + np.asarray(photo.convert("L")) * (219 / 255))
    grey = cut((limited - 16) * 255 / 219).astype(np.uint8)
    for samples in (grey, np.stack([grey] * 3, axis=2)):
        found = video_range(samples)
        assert found is not None
        assert (found.matrix, found.arithmetic) == (None, "grey")


def test_a_photo_is_no_frame(photo: Image.Image, cat: Image.Image) -> None:
    for image in (photo, cat, photo.resize((300, 300)), photo.convert("L"), photo.convert("L").convert("RGB")):
        assert video_range(np.asarray(image)) is None


@pytest.mark.parametrize("quality", [5, 30, 60, 85, 95, 100])
def test_what_a_jpeg_decoder_made_is_no_frame_whatever_its_transform_and_upsampling(
    photo: Image.Image, cat: Image.Image, quality: int
) -> None:
    for image in (photo, cat, photo.convert("L")):
        for fast in (False, True):
            assert video_range(decoded(image, quality, fastdct=fast, fastupsample=fast).squeeze()) is None


def test_a_jpeg_edited_mildly_is_no_frame(photo: Image.Image) -> None:
    pixels = decoded(photo, 92).astype(np.float64)
    for edited in (pixels + 2, 128 + 1.02 * (pixels - 128), 255 * (pixels / 255) ** (1 / 1.05)):
        assert video_range(np.clip(np.rint(edited), 0, 255).astype(np.uint8)) is None


def test_a_frame_that_was_resized_is_told_no_more(frame: Frame) -> None:
    small = Image.fromarray(frame("cut", "BT.601")).resize((400, 400), Image.Resampling.LANCZOS)
    assert video_range(np.asarray(small)) is None


def test_a_jpeg_of_a_frame_is_a_jpeg(frame: Frame) -> None:
    assert video_range(decoded(Image.fromarray(frame("rounded", "BT.601")), 90)) is None


def test_few_colours_tell_nothing() -> None:
    stripes = np.arange(20, 180, dtype=np.uint8)[:, None, None] + np.zeros((1, 99, 3), np.uint8)
    two = np.zeros((64, 64, 3), np.uint8)
    two[:32] = (200, 40, 90)
    for samples in (two, stripes, np.full((80, 80), 77, np.uint8), two[..., 0]):
        assert video_range(samples) is None


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (1, 1, 3), (2, 3, 3), (0, 0), (0, 0, 3)])
def test_the_smallest_images_tell_nothing(shape: tuple[int, ...]) -> None:
    assert video_range(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)) is None


def test_a_jpegs_colours_come_from_full_range_and_those_of_a_photo_and_of_10_bit_video_do_not(
    photo: Image.Image,
) -> None:
    in_10_bits = np.rint(4 * in_limited_range(np.asarray(photo), "BT.709")) / 4
    for quality in (40, 90, 98):
        assert (full_range_share(decoded(photo, quality)) or 0) > 0.99
        assert (full_range_share(decoded(photo, quality, fastupsample=True)) or 0) > 0.99
    assert (full_range_share(np.asarray(photo)) or 1) < 0.4
    assert (full_range_share(rounded(in_10_bits, "BT.709")) or 1) < 0.4


def test_greys_do_not_tell_whether_they_come_from_full_range(photo: Image.Image) -> None:
    assert full_range_share(np.asarray(photo.convert("L"))) is None
    assert full_range_share(np.asarray(photo.convert("L").convert("RGB"))) is None


def test_the_colours_of_a_sample_are_different_coloured_and_unclipped(photo: Image.Image) -> None:
    colours = distinct_colours(np.asarray(photo)).astype(np.int64)
    assert len(np.unique(colours, axis=0)) == len(colours)
    assert colours.min() > 0
    assert colours.max() < 255
    assert np.ptp(colours, axis=1).min() >= 3

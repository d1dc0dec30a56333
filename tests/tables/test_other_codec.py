import io

import numpy as np
from PIL import Image

from conftest import MakeJpeg
from jpegqf.arrays import U8
from jpegqf.pixels.luma import Luma
from jpegqf.tables.other_codec import is_of_video, is_unexplained


def samples(data: bytes) -> U8:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def frame(photo: Image.Image) -> U8:
    """The photo through a video's limited range, BT.601, converted by exact rounding."""
    y, cb, cr = (plane.astype(float) for plane in np.moveaxis(np.asarray(photo.convert("YCbCr")), 2, 0))
    luma, blue, red = np.rint(16 + 219 / 255 * y), np.rint(224 / 255 * (cb - 128)), np.rint(224 / 255 * (cr - 128))
    luma, blue, red = 255 / 219 * (luma - 16), 255 / 224 * blue, 255 / 224 * red
    rgb = np.stack([luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue], axis=-1)
    pixels: U8 = np.clip(np.rint(rgb), 0, 255).astype(np.uint8)
    return pixels


def test_a_frame_is_told_and_a_decoded_jpeg_or_a_clean_image_is_not(jpeg: MakeJpeg, photo: Image.Image) -> None:
    assert is_of_video(frame(photo))
    assert not is_of_video(samples(jpeg(80)))
    assert not is_of_video(np.asarray(photo))


def test_lossy_webp_has_a_videos_range_but_is_none(photo: Image.Image) -> None:
    out = io.BytesIO()
    photo.save(out, "WEBP", quality=90)
    assert not is_of_video(samples(out.getvalue()))


def test_a_fine_quality_of_a_decoded_jpeg_is_explained_and_a_coarse_one_is_not_asked(jpeg: MakeJpeg) -> None:
    pixels = samples(jpeg(95, subsampling=0))
    luma = Luma.from_rgb(pixels)
    assert not is_unexplained(pixels, luma, 95, 0.8)
    assert not is_unexplained(pixels, luma, 60, 0.8)


def test_a_fine_quality_that_nothing_explains_is_told(photo: Image.Image) -> None:
    pixels = np.asarray(photo.resize((300, 300), Image.Resampling.BICUBIC))
    assert is_unexplained(pixels, Luma.from_rgb(pixels), 93, 0.8)
    assert not is_unexplained(pixels, Luma.from_rgb(pixels), 93, 0.9995)

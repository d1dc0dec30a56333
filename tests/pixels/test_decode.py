import io
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conftest import MakeJpeg
from jpegqf.errors import ImageBrokenError, ImageSkippedError, Reason
from jpegqf.infer.predict import read_luma
from jpegqf.inspection.inspector import inspect
from jpegqf.pixels.decode import decode_luma
from jpegqf.pixels.luma import Luma


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("options", [{"subsampling": 0}, {"subsampling": 2, "progressive": True}, {"optimize": True}])
def test_jpeg_luma_is_the_decoders_own_integers(jpeg: MakeJpeg, options: dict[str, object]) -> None:
    data = jpeg(75, **options)
    with Image.open(io.BytesIO(data)) as image:
        image.draft("L", image.size)
        expected = np.asarray(image)
    assert np.array_equal(decode_luma(data).luma.plane, expected)


def test_luma_from_rgb_equals_the_decoders_luma_where_nothing_is_clipped(jpeg: MakeJpeg) -> None:
    data = jpeg(60)
    direct = decode_luma(data).luma.plane
    with Image.open(io.BytesIO(data)) as image:
        computed = Luma.from_rgb(np.asarray(image.convert("RGB")))
    assert computed.marks is not None
    clean = computed.marks == 0
    assert clean.mean() > 0.7
    assert np.array_equal(computed.plane[clean], direct[clean])


def test_marks_say_which_way_clipping_went() -> None:
    rgb = np.array([[[0, 9, 9], [9, 255, 9], [0, 9, 255], [9, 9, 9]]], np.uint8)
    marks = Luma.from_rgb(rgb).marks
    assert marks is not None
    assert marks.tolist() == [[1, 2, 3, 0]]


def animated(image: Image.Image, **options: object) -> bytes:
    return saved(image, "WEBP", save_all=True, append_images=[image.rotate(180)], **options)


@pytest.mark.parametrize("options", [{}, {"icc_profile": b"x" * 31}, {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"}])
@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("save", [lambda image, **how: saved(image, "WEBP", **how), animated])
def test_only_a_lossy_webp_is_lossy(photo: Image.Image, save: Any, lossless: bool, options: dict[str, Any]) -> None:
    with_alpha = photo.convert("RGBA").resize((64, 64))
    with_alpha.putpixel((3, 3), (1, 2, 3, 4))
    for image in (photo.resize((64, 64)), with_alpha):
        assert decode_luma(save(image, lossless=lossless, **options)).lossy_codec == (None if lossless else "webp")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "TIFF", "PPM"])
def test_no_other_container_is_lossy(photo: Image.Image, kind: str) -> None:
    assert decode_luma(saved(photo, kind)).lossy_codec is None


def test_green_goes_with_luma_that_was_computed_and_with_no_other(photo: Image.Image, jpeg: MakeJpeg) -> None:
    computed = decode_luma(saved(photo, "PNG")).luma
    assert computed.green is not None
    assert np.array_equal(computed.green, np.asarray(photo)[..., 1])
    seen = computed.crop(8, 16, 24, 32).transposed()
    assert seen.green is not None
    assert np.array_equal(seen.green, computed.green[8:32, 16:48].T)
    assert decode_luma(jpeg(80)).luma.green is None


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP", "PPM"])
def test_lossless_formats_give_the_same_luma(photo: Image.Image, kind: str) -> None:
    data = saved(photo, kind, **({"lossless": True} if kind == "WEBP" else {}))
    assert np.array_equal(decode_luma(data).luma.plane, Luma.from_rgb(np.asarray(photo)).plane)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_every_mode_with_8_bit_luma_gives_it(photo: Image.Image, mode: str) -> None:
    data = saved(photo.convert(mode), "PNG")
    assert decode_luma(data).luma.plane.shape == (512, 512)


def test_one_bit_and_cmyk_outside_a_jpeg_are_refused(photo: Image.Image) -> None:
    for mode, kind, words in (("1", "PNG", "one bit"), ("CMYK", "TIFF", "CMYK")):
        with pytest.raises(ImageSkippedError, match=words):
            decode_luma(saved(photo.convert(mode), kind))


def test_a_cmyk_jpeg_gives_a_plane_as_coded(photo: Image.Image) -> None:
    assert decode_luma(saved(photo.convert("CMYK"), "JPEG", quality=80)).luma.plane.shape == (512, 512)


@pytest.mark.parametrize("kind", ["EPS", "TGA"])
def test_other_formats_are_not_opened_whatever_their_name(photo: Image.Image, kind: str) -> None:
    with pytest.raises(ImageBrokenError, match="not an image"):
        decode_luma(saved(photo, kind))


def test_whatever_a_decoder_raises_becomes_one_of_our_errors(monkeypatch: pytest.MonkeyPatch, jpeg: MakeJpeg) -> None:
    def explode(*_: object, **__: object) -> None:
        raise RuntimeError("Conversion failed: Reformat failed")

    monkeypatch.setattr("jpegqf.pixels.decode._decode_opened", explode)
    with pytest.raises(ImageBrokenError, match="corrupt image"):
        decode_luma(jpeg(80))


def test_an_unknown_jfif_revision_does_no_harm(jpeg: MakeJpeg) -> None:
    data = bytearray(jpeg(80))
    data[data.index(b"JFIF") + 5] = 2
    assert np.array_equal(decode_luma(bytes(data)).luma.plane, decode_luma(jpeg(80)).luma.plane)


def test_a_palette_of_colours_is_refused_and_one_of_grays_is_not(photo: Image.Image) -> None:
    with pytest.raises(ImageSkippedError, match="reduced to a palette"):
        decode_luma(saved(photo.convert("P"), "PNG"))
    gray = photo.convert("L")
    kept = decode_luma(saved(gray, "GIF")).luma.plane
    assert np.array_equal(kept, np.asarray(gray))


def test_orientation_is_noted_and_not_applied(cat: Image.Image, jpeg: MakeJpeg) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    decoded = decode_luma(jpeg(90, cat, exif=exif.tobytes()))
    assert decoded.orientation == 6
    assert decoded.luma.plane.shape == (300, 451)


@pytest.mark.parametrize("value", [0, 9, 60000])
def test_a_nonsense_orientation_counts_as_none(cat: Image.Image, jpeg: MakeJpeg, value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    assert decode_luma(jpeg(90, cat, exif=exif.tobytes())).orientation == 1


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_truncated_jpeg_is_an_error_that_says_so(jpeg: MakeJpeg, share: float, progressive: bool) -> None:
    data = jpeg(80, progressive=progressive)
    with pytest.raises(ImageBrokenError, match="truncated"):
        decode_luma(data[: int(len(data) * share)])


def test_a_jpeg_damaged_inside_the_scan_is_an_error_not_a_number(jpeg: MakeJpeg) -> None:
    data = bytearray(jpeg(80))
    middle = len(data) // 2
    data[middle : middle + 400] = bytes(range(200)) * 2
    with pytest.raises(ImageBrokenError, match="corrupt"):
        decode_luma(bytes(data))


def test_junk_between_markers_does_no_harm(jpeg: MakeJpeg) -> None:
    data = jpeg(80)
    table = data.index(b"\xff\xdb")
    assert np.array_equal(decode_luma(data[:table] + b"\0" * 9 + data[table:]).luma.plane, decode_luma(data).luma.plane)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"hello, I am text", "not an image"),
        (b"\xff\xd8\xff\xd9", "JPEG"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "unsupported PNG"),
        (b"II*\0" + b"\0" * 50, "unsupported TIFF"),
        (b"RIFF\x20\0\0\0WEBP" + b"\0" * 50, "unsupported WebP"),
    ],
)
def test_what_is_not_an_image_is_told_in_words(data: bytes, message: str) -> None:
    with pytest.raises(ImageBrokenError, match=message):
        decode_luma(data)


def test_a_container_that_is_not_read_is_named_and_skipped(photo: Image.Image) -> None:
    with pytest.raises(ImageSkippedError, match=r"^ICO files are not read$") as issue:
        decode_luma(saved(photo.resize((64, 64)), "ICO"))
    assert issue.value.reason is Reason.UNSUPPORTED


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_gray_samples_of_16_bits_are_read_if_they_were_widened_from_8(photo: Image.Image, kind: str) -> None:
    gray = np.asarray(photo.convert("L"))
    wide = gray.astype(np.uint16) * 257
    assert np.array_equal(decode_luma(saved(Image.fromarray(wide), kind)).luma.plane, gray)
    wide[5, 5] += 1
    with pytest.raises(ImageSkippedError, match="not 8 bits") as issue:
        decode_luma(saved(Image.fromarray(wide), kind))
    assert issue.value.reason is Reason.NOT_8_BIT


def test_every_truncation_of_a_small_file_decodes_or_is_told_in_words(jpeg: MakeJpeg) -> None:
    data = jpeg(50, Image.new("RGB", (24, 24), (9, 99, 199)))
    for end in range(len(data)):
        try:
            decode_luma(data[:end])
        except (ImageBrokenError, ImageSkippedError) as reason:
            assert str(reason).splitlines() == [str(reason)]


def test_the_pixel_limit_is_decided_from_the_header(jpeg: MakeJpeg) -> None:
    data = bytearray(jpeg(50, Image.new("L", (16, 16))))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", 60000, 2000)  # a header that promises 120 million pixels
    with pytest.raises(ImageSkippedError, match=r"2000x60000 = 120000000, the limit is 1000"):
        decode_luma(bytes(data[: frame + 30]) + bytes(data[frame + 30 :]), max_pixels=1000)


def test_a_decompression_bomb_is_skipped_without_decoding(jpeg: MakeJpeg) -> None:
    data = bytearray(jpeg(50, Image.new("L", (16, 16))))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", 65500, 65500)
    with pytest.raises(ImageSkippedError, match="too many pixels"):
        decode_luma(bytes(data))


def test_a_progressive_jpeg_has_a_lower_limit_of_pixels(jpeg: MakeJpeg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)  # as the command does: only our own limits count
    data = bytearray(jpeg(50, Image.new("L", (16, 16)), progressive=True))
    frame = data.index(b"\xff\xc2")
    data[frame + 5 : frame + 9] = struct.pack(">HH", 20000, 20000)
    with pytest.raises(ImageSkippedError, match="limit is 268435456"):
        decode_luma(bytes(data))


def test_folders_pipes_and_missing_files_are_errors_in_words(tmp_path: Path) -> None:
    with pytest.raises(ImageBrokenError, match="regular file"):
        read_luma(tmp_path)
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(ImageBrokenError, match="regular file"):
        read_luma(tmp_path / "pipe.jpg")
    with pytest.raises(ImageBrokenError, match="no file can have this name"):
        read_luma("a\0b.jpg")
    with pytest.raises(ImageBrokenError, match="no such file"):
        read_luma(tmp_path / "absent.jpg")


@pytest.mark.parametrize("widened", [lambda gray: gray * 256, lambda gray: gray])
def test_8_bits_in_16_are_read_wherever_they_stand(photo: Image.Image, widened: Any) -> None:
    gray = np.asarray(photo.convert("L"))
    wide = widened(gray.astype(np.uint16))
    assert np.array_equal(decode_luma(saved(Image.fromarray(wide), "TIFF")).luma.plane, gray)


def test_a_cmyk_tiff_of_jpegs_gives_a_plane_as_coded(photo: Image.Image) -> None:
    ink = photo.convert("CMYK")
    decoded = decode_luma(saved(ink, "TIFF", compression="jpeg", quality=80))
    assert decoded.luma.green is None
    assert abs(decoded.luma.plane.astype(int) - np.asarray(ink)[..., 1]).mean() < 4


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_of_several_frames_the_first_is_decoded_and_that_is_told(photo: Image.Image, kind: str) -> None:
    gray = photo.convert("L").resize((64, 64))
    options = {"lossless": True} if kind == "WEBP" else {}
    one = decode_luma(saved(gray, kind, **options))
    several = decode_luma(saved(gray, kind, save_all=True, append_images=[gray.rotate(90), gray], **options))
    assert (one.of_several, several.of_several) == (False, True)
    assert np.array_equal(one.luma.plane, several.luma.plane)


def test_of_several_pages_of_a_tiff_the_first_is_looked_at_and_the_sentence_says_so(photo: Image.Image) -> None:
    data = saved(photo, "TIFF", save_all=True, append_images=[photo.rotate(90)])
    row, second = inspect(data), inspect(data, page=2)
    assert (row.verdict_text or "").endswith("; of several frames, the first was looked at")
    assert "of several" not in (second.verdict_text or "")

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, features

from conftest import MakeJpeg
from jpegqf.codecs.jpeg_xl import read_jpeg_xl
from jpegqf.errors import ImageBrokenError, ImageError, ImageSkippedError, Reason
from jpegqf.inspection.inspector import Inspector, inspect
from jpegqf.pixels.decode import decode_luma
from jpegqf.pixels.opening import container, jpeg_inside
from jpegqf.record import Record, Status, Verdict

KINDS = ["AVIF", "HEIF", "JXL", "JPEG2000"]
NEEDS = {"HEIF": "pillow_heif", "JXL": "pillow_jxl"}
FEATURES = {"AVIF": "avif", "JPEG2000": "jpg_2000"}


def encoder(kind: str) -> None:
    """Have what writes this container, or skip."""
    if kind in NEEDS:
        module = pytest.importorskip(NEEDS[kind], reason=f"{kind} needs the extra that reads it")
        if kind == "HEIF":
            module.register_heif_opener()
    elif not features.check(FEATURES[kind]):
        pytest.skip(f"this Pillow has no {kind}")


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    encoder(kind)
    out = io.BytesIO()
    image.save(out, kind, **({"speed": 10} if kind == "AVIF" else {}) | options)
    return out.getvalue()


@pytest.fixture
def from_jpeg(jpeg: MakeJpeg, cat: Image.Image, tmp_path: Path) -> Callable[..., tuple[bytes, bytes]]:
    """A JPEG, and the JPEG XL that was made from it without loss."""

    def make(quality: int) -> tuple[bytes, bytes]:
        path = tmp_path / "a.jpg"
        path.write_bytes(jpeg(quality, cat))
        with Image.open(path) as image:  # the plugin reads the file that the image was opened from
            return path.read_bytes(), saved(image, "JXL", lossless_jpeg=True)

    return make


def recoded(jpeg: MakeJpeg, image: Image.Image, earlier: int, kind: str, **options: object) -> Record:
    """The row of a JPEG of quality ``earlier`` that was saved again in another container."""
    with Image.open(io.BytesIO(jpeg(earlier, image))) as decoded:
        return inspect(saved(decoded.copy(), kind, **options))


LOSSLESS = [("JXL", {"lossless": True}), ("JPEG2000", {})]
LOSSY: list[tuple[str, dict[str, Any], str]] = [
    ("AVIF", {"quality": 60}, "avif"),
    ("HEIF", {"quality": 50}, "heif"),
    ("JXL", {"quality": 80}, "jpeg_xl"),
    ("JPEG2000", {"irreversible": True, "quality_layers": [20]}, "jpeg_2000"),
]


@pytest.mark.parametrize(("kind", "options"), LOSSLESS)
def test_a_jpeg_in_a_lossless_container_is_read_from_its_pixels(
    jpeg: MakeJpeg, cat: Image.Image, kind: str, options: dict[str, Any]
) -> None:
    row = recoded(jpeg, cat, 82, kind, **options)
    assert (row.format, row.width, row.height, row.qf, row.qf_source) == (kind, *cat.size, 82, "pixels")


@pytest.mark.parametrize(("kind", "options", "codec"), LOSSY)
def test_a_lossy_container_names_its_codec_and_no_quality_of_a_jpeg(
    photo: Image.Image, kind: str, options: dict[str, Any], codec: str
) -> None:
    row = inspect(saved(photo, kind, **options))
    assert (row.format, row.width, row.pixel_codec, row.verdict) == (kind, 512, codec, Verdict.OTHER_CODEC)
    assert (row.qf, row.pixel_qf) == (None, None)


def test_a_jpeg_shows_through_a_fine_heif(jpeg: MakeJpeg, photo: Image.Image) -> None:
    row = recoded(jpeg, photo, 60, "HEIF", quality=95)
    assert (row.qf, row.verdict) == (60, Verdict.PIXELS_ONLY)
    assert "saved as a HEIF since" in (row.verdict_text or "")


@pytest.mark.parametrize("kind", ["AVIF", "HEIF"])
def test_of_several_frames_the_first_is_looked_at_and_the_sentence_says_so(photo: Image.Image, kind: str) -> None:
    row = inspect(saved(photo, kind, save_all=True, append_images=[photo.rotate(90)]))
    assert (row.width, row.height, row.verdict) == (512, 512, Verdict.OTHER_CODEC)
    assert (row.verdict_text or "").endswith("; of several frames, the first was looked at")


@pytest.mark.parametrize("quality", [90, 95, 98])
def test_the_grid_of_a_fine_jpeg_xl_is_no_jpegs(cat: Image.Image, photo: Image.Image, quality: int) -> None:
    assert [inspect(saved(image, "JXL", quality=quality)).qf for image in (cat, photo)] == [None, None]


def test_a_jpeg_xl_made_from_a_jpeg_gives_the_row_of_that_jpeg(from_jpeg: Callable[..., Any]) -> None:
    data, packed = from_jpeg(77)
    assert jpeg_inside(packed) == data
    row, whole = inspect(packed), inspect(data)
    assert row == Record(**{**vars(whole), "format": "JXL"})
    assert (row.header_qf, row.header_match, row.qf, row.verdict) == (77, "exact", 77, Verdict.CONSISTENT)


@pytest.mark.parametrize("only", ["header", "pixels"])
def test_one_kind_of_evidence_is_enough_for_it(from_jpeg: Callable[..., Any], only: Any) -> None:
    row = Inspector(only=only).inspect(from_jpeg(61)[1])
    assert (row.format, row.qf, row.qf_source) == ("JXL", 61, only)


@pytest.mark.parametrize("kind", KINDS)
def test_size_is_told_where_the_header_alone_is_looked_at(photo: Image.Image, kind: str) -> None:
    data = saved(photo.crop((0, 0, 100, 77)), kind)
    assert container(data) == (kind, 100, 77)
    row = Inspector(only="header").inspect(data)
    assert (row.format, row.width, row.height, row.reason) == (kind, 100, 77, "not_a_jpeg")


@pytest.mark.parametrize("kind", KINDS)
def test_the_limit_of_pixels_holds_before_anything_is_decoded(photo: Image.Image, kind: str) -> None:
    with pytest.raises(ImageSkippedError, match="512x512") as issue:
        decode_luma(saved(photo, kind), max_pixels=1000)
    assert issue.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize(("kind", "extra"), [("HEIF", "heif"), ("JXL", "jxl")])
def test_a_missing_extra_is_one_skipped_row_that_names_it(
    photo: Image.Image, monkeypatch: pytest.MonkeyPatch, kind: str, extra: str
) -> None:
    data = saved(photo, kind)
    monkeypatch.setitem(__import__("sys").modules, NEEDS[kind], None)
    row = inspect(data)
    assert (row.status, row.reason) == (Status.SKIPPED, "unsupported")
    assert f'python -m pip install ".[{extra}]" in a checkout of jpegqf' in (row.message or "")


def test_a_pillow_without_a_plugin_is_one_skipped_row(photo: Image.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(photo, "AVIF")
    monkeypatch.setattr(features, "check", lambda _: False)
    row = inspect(data)
    assert (row.status, row.reason) == (Status.SKIPPED, "unsupported")
    assert "AVIF needs a Pillow" in (row.message or "")


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_file_is_one_row_with_one_reason(photo: Image.Image, kind: str) -> None:
    data = saved(photo.resize((64, 64)), kind)
    for end in range(16, len(data) - 1, max(1, len(data) // 40)):
        row = inspect(data[:end])
        assert row.status in (Status.ERROR, Status.OK)  # a progressive file that is cut may be decoded as it is
        assert (row.status == Status.OK) == (row.reason is None)


@pytest.mark.parametrize("kind", KINDS)
@given(st.data())
def test_a_damaged_file_is_decoded_or_told_in_words(kind: str, data: st.DataObject) -> None:
    image = Image.linear_gradient("L").resize((24, 24)).convert("RGB")
    whole = bytearray(saved(image, kind))
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=8)):
        whole[at] = value
    try:
        decode_luma(bytes(whole), max_pixels=2**20)
    except ImageError as issue:
        assert str(issue).splitlines() == [str(issue)]


def test_what_claims_to_be_a_jpeg_xl_is_broken_without_a_header() -> None:
    for data in (b"\xff\x0a", b"\x00\x00\x00\x0cJXL \r\n\x87\n" + b"\0" * 50):
        with pytest.raises(ImageBrokenError, match="JPEG XL"):
            decode_luma(data)


@pytest.mark.parametrize("size", [(8, 8), (480, 360), (511, 77), (17, 1000), (2000, 1000)])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 80}, {"quality": 80, "use_container": True}])
def test_the_headers_of_a_jpeg_xl_tell_its_size_and_loss(
    photo: Image.Image, size: tuple[int, int], mode: str, options: dict[str, Any]
) -> None:
    told = read_jpeg_xl(saved(photo.resize(size).convert(mode), "JXL", effort=1, **options))
    assert told is not None
    assert (told.width, told.height, told.lossy, told.from_jpeg) == (*size, "quality" in options, False)


@given(st.binary(max_size=200))
def test_any_bytes_after_the_start_of_a_jpeg_xl_are_read_or_not(data: bytes) -> None:
    told = read_jpeg_xl(b"\xff\x0a" + data)
    assert told is None or told.width >= 0
    read_jpeg_xl(b"\x00\x00\x00\x0cJXL \r\n\x87\n" + data)

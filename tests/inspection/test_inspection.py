import io
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

import jpegqf
from conftest import MakeJpeg
from jpegqf.inspection import inspector
from jpegqf.inspection.inspector import Inspector, inspect
from jpegqf.inspection.to_record import to_record
from jpegqf.jpeg.ruled_tables import ffmpeg_table
from jpegqf.jpeg.table_match import equivalent_quality
from jpegqf.model.predictor import Predictor
from jpegqf.record import Status, Verdict
from jpegqf.views.evidence_view import view_evidence
from jpegqf.views.explain import explain_lines
from jpegqf.views.plot import plot


def test_every_kind_of_source_gives_the_same_pixel_evidence(jpeg: MakeJpeg, cat: Image.Image, tmp_path: Path) -> None:
    data = jpeg(71, cat.convert("L"))
    path = tmp_path / "a.jpg"
    path.write_bytes(data)
    with Image.open(path) as image:
        array = np.asarray(image.convert("L"))
        found = [jpegqf.inspect(source) for source in (path, str(path), data, io.BytesIO(data), image, array)]
    assert {row.pixel_qf for row in found} == {71}
    assert {row.header_qf for row in found[:4]} == {71}
    assert {row.header_qf for row in found[4:]} == {None}
    assert found[0].path == str(path)


def test_a_source_of_another_kind_is_a_bad_call() -> None:
    with pytest.raises(TypeError, match="cannot inspect"):
        jpegqf.inspect(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="uint8"):
        jpegqf.inspect(np.zeros((50, 50)))  # type: ignore[arg-type]


def test_header_alone_loads_no_model(jpeg: MakeJpeg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jpegqf.inspection.inspector.default_predictor", lambda: pytest.fail("a model was loaded"))
    assert jpegqf.inspect(jpeg(64), only="header").header_qf == 64


def test_header_columns_are_filled(jpeg: MakeJpeg, cat: Image.Image) -> None:
    row = jpegqf.inspect(jpeg(90, cat, subsampling=0, progressive=True))
    known = (row.format, row.width, row.height, row.header_qf, row.header_qf_chroma, row.header_match, row.encoder)
    assert known == ("JPEG", 451, 300, 90, 90, "exact", "ijg")
    assert (row.subsampling, row.progressive, row.encoder_quality) == ("4:4:4", True, 90)
    assert (row.grid_x, row.grid_y) == (0, 0)


def test_pixels_that_were_never_a_jpeg_get_no_number(photo: Image.Image) -> None:
    small = photo.resize((256, 256), Image.Resampling.LANCZOS)
    row = jpegqf.inspect(small)
    assert (row.status, row.verdict) == (Status.OK, Verdict.NO_TRACE)
    assert row.jpeg_probability is not None
    assert row.jpeg_probability < 0.1
    assert (row.qf, row.pixel_qf, row.pixel_qf_low, row.pixel_confidence) == (None, None, None, None)


def test_a_lossy_webp_without_a_grid_is_not_called_never_a_jpeg(photo: Image.Image) -> None:
    small, out = photo.resize((256, 256), Image.Resampling.LANCZOS), io.BytesIO()
    small.save(out, "WEBP", quality=80)
    row = jpegqf.inspect(out.getvalue())
    assert (row.verdict, row.verdict_text) == (
        Verdict.OTHER_CODEC,
        "pixels of a lossy WebP, which may have hidden the grid of a JPEG",
    )
    small.save(out := io.BytesIO(), "WEBP", lossless=True)
    assert jpegqf.inspect(out.getvalue()).verdict is Verdict.NO_TRACE


def test_a_png_cropped_off_the_grid_tells_its_quality_and_grid(jpeg: MakeJpeg) -> None:
    with Image.open(io.BytesIO(jpeg(60))) as image:
        row = jpegqf.inspect(image.crop((3, 5, 500, 500)))
    assert (row.qf, row.verdict, row.grid_x, row.grid_y) == (60, Verdict.PIXELS_ONLY, 5, 3)


def test_a_resized_jpeg_gets_no_number_and_no_grid(jpeg: MakeJpeg) -> None:
    with Image.open(io.BytesIO(jpeg(60))) as image:
        row = jpegqf.inspect(image.resize((400, 390), Image.Resampling.LANCZOS))
    assert (row.qf, row.grid_x, row.grid_y) == (None, None, None)


def test_flat_blocks_alone_leave_many_qualities_open() -> None:
    """Squares of one grey each: a JPEG of very low quality, or pixel art; no number is named either way."""
    grey = np.random.default_rng(0).integers(5, 250, (32, 32), dtype=np.uint8)
    row = jpegqf.inspect(np.kron(grey, np.ones((8, 8), np.uint8)))
    assert (row.qf, row.pixel_qf) == (None, None)


@pytest.mark.parametrize("size", [16, 24, 48, 64, 100])
def test_small_images_are_judged_with_honest_doubt(jpeg: MakeJpeg, cat: Image.Image, size: int) -> None:
    row = jpegqf.inspect(jpeg(75, cat.crop((120, 90, 120 + size, 90 + size))))
    assert row.status is Status.OK
    assert row.pixel_qf_low is not None
    assert row.pixel_qf_high is not None
    assert row.pixel_qf_low <= 75 <= row.pixel_qf_high


def test_flat_and_patterned_images_get_no_number(jpeg: MakeJpeg) -> None:
    stripes = np.tile(np.array([0, 0, 255, 255], np.uint8), (128, 64))
    for array in (np.full((128, 128), 117, np.uint8), np.zeros((300, 300), np.uint8), stripes):
        row = jpegqf.inspect(array)
        assert (row.qf, row.pixel_qf, row.reason, row.verdict) == (
            None,
            None,
            "too_little_information",
            Verdict.UNKNOWN,
        )
    black = jpegqf.inspect(jpeg(85, Image.new("RGB", (200, 200))))
    assert (black.qf, black.qf_source, black.verdict) == (85, "header", Verdict.HEADER_ONLY)


def test_pixels_agree_with_tables_that_no_quality_is_equivalent_to(jpeg: MakeJpeg, photo: Image.Image) -> None:
    falling = np.rint(np.geomspace(255, 1, 64)).astype(int).tolist()
    row = jpegqf.inspect(jpeg(None, photo, qtables=[falling] * 2))
    assert (row.header_match, row.qf, row.qf_source, row.verdict) == ("none", None, None, Verdict.CONSISTENT)
    assert "unlike any IJG quality" in (row.verdict_text or "")


def test_ffmpegs_tables_are_named_with_their_quality_and_agree_with_the_pixels(
    jpeg: MakeJpeg, photo: Image.Image
) -> None:
    row = jpegqf.inspect(jpeg(None, photo, qtables=[ffmpeg_table(7).tolist()] * 2))
    assert (row.encoder, row.encoder_quality, row.header_match) == ("ffmpeg", 7, "equivalent")
    assert (row.qf, row.qf_source, row.verdict) == (row.header_qf, "header", Verdict.CONSISTENT)
    assert row.verdict_text == f"header and pixels say ffmpeg -q:v 7, about IJG {row.qf}"


def test_a_png_of_ffmpegs_jpeg_shows_its_table_encoder_and_equivalent_quality(
    jpeg: MakeJpeg, photo: Image.Image
) -> None:
    data = jpeg(None, photo, qtables=[ffmpeg_table(7).tolist()] * 2)
    told, row = jpegqf.inspect(data), jpegqf.inspect(np.asarray(Image.open(io.BytesIO(data))))
    assert row.pixel_table == tuple(ffmpeg_table(7).tolist())
    assert (row.pixel_encoder, row.pixel_encoder_quality) == ("ffmpeg", 7)
    assert (row.pixel_qf, row.verdict) == (told.header_qf, Verdict.PIXELS_ONLY)


def test_below_16_pixels_the_header_still_speaks(jpeg: MakeJpeg, cat: Image.Image) -> None:
    row = jpegqf.inspect(jpeg(75, cat.crop((0, 0, 15, 40))))
    assert (row.status, row.reason, row.qf, row.verdict) == (Status.SKIPPED, "too_small", 75, Verdict.HEADER_ONLY)


def test_a_truncated_jpeg_keeps_what_its_header_said(jpeg: MakeJpeg) -> None:
    row = jpegqf.inspect(jpeg(64)[:9000])
    assert (row.status, row.reason, row.header_qf, row.pixel_qf) == (Status.ERROR, "truncated", 64, None)


def test_what_is_no_image_is_a_row_in_words() -> None:
    row = jpegqf.inspect(b"hello", name="x.jpg")
    assert (row.path, row.status, row.reason, row.verdict) == ("x.jpg", Status.ERROR, "not_an_image", Verdict.UNKNOWN)


@pytest.mark.parametrize("junk", [b"", b"junk", b"\xff\xd8\xff\xd9"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"exif": b"Exif\0\0" + bytes(40_000)}])
def test_a_header_read_from_a_files_beginning_gives_the_row_of_the_whole_file(
    tmp_path: Path, jpeg: MakeJpeg, junk: bytes, options: dict[str, object]
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(junk + jpeg(80, **options))
    inspector = Inspector(only="header")
    assert inspector.inspect(path) == inspector.inspect(path.read_bytes(), str(path))


def test_without_a_file_there_is_no_header_to_look_at(cat: Image.Image) -> None:
    inspector = Inspector(only="header")
    for source in (cat, np.asarray(cat)):
        row = inspector.inspect(source)
        assert (row.status, row.reason, row.pixel_qf) == (Status.SKIPPED, "not_a_jpeg", None)


def test_a_file_object_that_fails_is_a_row() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    row = jpegqf.inspect(Failing(), name="x.jpg")
    assert (row.status, row.reason, row.message) == (Status.ERROR, "unreadable", "cannot be read: input/output error")


def test_pixels_alone_tell_the_size_of_what_cannot_be_decoded_too(jpeg: MakeJpeg, cat: Image.Image) -> None:
    lossless = jpeg(80, cat).replace(b"\xff\xc0", b"\xff\xc3")
    whole, pixels = jpegqf.inspect(lossless), jpegqf.inspect(lossless, only="pixels")
    assert whole.status == pixels.status == Status.ERROR
    assert (
        (pixels.format, pixels.width, pixels.height) == (whole.format, whole.width, whole.height) == ("JPEG", *cat.size)
    )


def test_one_look_decodes_walks_the_header_and_judges_each_once(
    monkeypatch: pytest.MonkeyPatch, predictor: Predictor, jpeg: MakeJpeg
) -> None:
    """Record, words, numbers for the page and picture all come from one look."""
    pytest.importorskip("matplotlib", reason="plots need matplotlib")
    calls: Counter[str] = Counter()

    def counted(name: str) -> Callable[..., object]:
        whole = getattr(inspector, name)

        def call(*given: object, **more: object) -> object:
            calls[name] += 1
            return whole(*given, **more)

        return call

    for name in ("decode_luma", "read_header", "identify", "earlier_save", "to_record"):
        monkeypatch.setattr(inspector, name, counted(name))
    found = Inspector(predictor).look(jpeg(80))
    record = to_record(found)
    explain_lines(found, record)
    view_evidence(found, record, predictor)
    plot(found, record, predictor, io.BytesIO())
    assert calls == {"decode_luma": 1, "read_header": 1, "identify": 1, "earlier_save": 1}


def test_a_step_of_zero_in_a_table_in_force_is_a_row_that_says_so(jpeg: MakeJpeg) -> None:
    data = bytearray(jpeg(80))
    data[data.index(b"\xff\xdb") + 5 + 20] = 0
    record = inspect(bytes(data))
    assert (record.status, record.reason) == (Status.ERROR, "corrupt")
    assert record.message == "corrupt image: a quantization step is 0"
    assert record.encoder is not None


def saved_twice(image: Image.Image, first: dict[str, object], last: int, cut: tuple[int, int]) -> bytes:
    """A JPEG saved as ``first`` says, cut by columns and rows, and saved again at the ``last`` quality."""
    image.save(once := io.BytesIO(), "JPEG", **first)
    opened = Image.open(once)
    opened.crop((*cut, *opened.size)).save(twice := io.BytesIO(), "JPEG", quality=last)
    return twice.getvalue()


@pytest.mark.parametrize("cut", [(0, 0), (3, 5)])
def test_a_first_save_by_ffmpeg_is_told_with_its_family_and_equivalent_quality(
    cat: Image.Image, cut: tuple[int, int]
) -> None:
    table = ffmpeg_table(5)
    record = inspect(saved_twice(cat, {"qtables": [table.tolist()]}, 95, cut))
    assert record.verdict is Verdict.RESAVED
    assert record.first_encoder == "ffmpeg"
    assert record.first_qf_low is not None
    assert record.first_qf_high is not None
    assert record.first_qf_low <= equivalent_quality(table) <= record.first_qf_high


def test_the_default_of_programs_is_named_unless_all_qualities_are_equally_common(cat: Image.Image) -> None:
    """At low frequencies the tables of 74 and 75 are the same, and so small an image leaves both open."""
    data = saved_twice(cat.resize((200, 150)), {"quality": 74}, 85, (3, 5))
    common, even = inspect(data), Inspector(even_qualities=True).inspect(data)
    assert common.first_qf == 75
    assert even.first_qf in (74, 75)
    for record in (common, even):
        assert (record.first_qf_low, record.first_qf_high) == (74, 75)


def test_a_first_save_at_a_rare_quality_is_told_from_a_common_one_that_differs_in_a_step(cat: Image.Image) -> None:
    record = inspect(saved_twice(cat, {"quality": 74}, 95, (3, 5)))
    assert (record.first_qf, record.first_qf_low, record.first_qf_high) == (74, 74, 74)


def test_where_too_little_could_show_the_sentence_says_so() -> None:
    """A few words on white: blocks with text are clipped, the others are flat."""
    page = Image.new("L", (320, 256), 255)
    ImageDraw.Draw(page).text((20, 20), "nothing\nto be seen\nhere", 0, ImageFont.load_default(24))
    page.save(out := io.BytesIO(), "JPEG", quality=75)
    record = inspect(out.getvalue())
    assert record.recompressed_probability is None
    assert record.verdict is Verdict.CONSISTENT
    assert record.verdict_text == "header and pixels say 75; too little to tell whether it was saved before"

import io
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from conftest import MakeJpeg
from jpegqf.inputs.find import find_items
from jpegqf.inputs.item import Item
from jpegqf.inputs.pdf import pdf_items
from jpegqf.record import Status, Verdict
from jpegqf.scanning.stream import scan

pypdf = pytest.importorskip("pypdf", reason='PDF needs pypdf: pip install ".[pdf]"')

MakePdf = Callable[..., str]


def stream(data: bytes, size: tuple[int, int], kind: str, colours: str = "/DeviceRGB", bits: int = 8) -> object:
    """An image object of a PDF."""
    from pypdf.generic import NameObject, NumberObject, StreamObject

    made = StreamObject()
    made._data = data
    names = {"/Type": "/XObject", "/Subtype": "/Image", "/ColorSpace": colours, "/Filter": kind}
    made.update({NameObject(key): NameObject(value) for key, value in names.items()})
    numbers = {"/Width": size[0], "/Height": size[1], "/BitsPerComponent": bits}
    made.update({NameObject(key): NumberObject(value) for key, value in numbers.items()})
    return made


@pytest.fixture
def pdf(tmp_path: Path) -> MakePdf:
    """``pdf([[image objects of a page], ...])``, its path; what is given twice is written once."""

    def make(pages: list[list[object]], in_a_form: bool = False) -> str:
        from pypdf.generic import DictionaryObject, NameObject, StreamObject

        writer, written = pypdf.PdfWriter(), {}
        for images in pages:
            page = writer.add_blank_page(100, 100)
            objects = DictionaryObject()
            for number, image in enumerate(images):
                if id(image) not in written:
                    written[id(image)] = writer._add_object(image)
                objects[NameObject(f"/I{number}")] = written[id(image)]
            resources = DictionaryObject({NameObject("/XObject"): objects})
            if in_a_form:
                form = StreamObject()
                form.update({NameObject("/Subtype"): NameObject("/Form"), NameObject("/Resources"): resources})
                inner = DictionaryObject({NameObject("/F"): writer._add_object(form)})
                resources = DictionaryObject({NameObject("/XObject"): inner})
            page[NameObject("/Resources")] = resources
        path = tmp_path / "book.pdf"
        with open(path, "wb") as file:
            writer.write(file)
        return str(path)

    return make


@pytest.mark.parametrize("in_a_form", [False, True])
def test_every_embedded_jpeg_is_an_item_with_its_own_bytes(
    pdf: MakePdf, jpeg: MakeJpeg, cat: Image.Image, photo: Image.Image, in_a_form: bool
) -> None:
    first, second, third = jpeg(60, cat), jpeg(75, photo), jpeg(90, cat)
    images = [stream(data, (9, 9), "/DCTDecode") for data in (first, second, third)]
    path = pdf([images[:2], [images[0], images[2]]], in_a_form)
    assert list(pdf_items(path, None)) == [
        Item(f"{path}!1/1", first),
        Item(f"{path}!1/2", second),
        Item(f"{path}!2/1", third),  # the first image of its page that was not on another before
    ]
    assert [(row.path, row.qf, row.verdict) for row in scan([path])] == [
        (f"{path}!1/1", 60, Verdict.CONSISTENT),
        (f"{path}!1/2", 75, Verdict.CONSISTENT),
        (f"{path}!2/1", 90, Verdict.CONSISTENT),
    ]


def test_a_pdf_that_pillow_wrote_is_read(tmp_path: Path, photo: Image.Image, cat: Image.Image) -> None:
    path = str(tmp_path / "scan.pdf")
    photo.copy().save(path, save_all=True, append_images=[cat.copy()], quality=55)  # it leaves its options on images
    assert [(row.path, row.header_qf, row.pixel_qf) for row in scan([path])] == [
        (f"{path}!1/1", 55, 55),
        (f"{path}!2/1", 55, 55),
    ]


def test_images_of_other_filters_are_read_by_their_pixels(pdf: MakePdf, jpeg: MakeJpeg, cat: Image.Image) -> None:
    import zlib

    with Image.open(io.BytesIO(jpeg(70, cat))) as decoded:
        rgb, gray = decoded.tobytes(), decoded.convert("L").tobytes()
    path = pdf(
        [
            [stream(zlib.compress(rgb), cat.size, "/FlateDecode")],
            [stream(zlib.compress(gray), cat.size, "/FlateDecode", "/DeviceGray")],
        ]
    )
    assert [(row.qf, row.qf_source, row.verdict) for row in scan([path])] == [(70, "pixels", Verdict.PIXELS_ONLY)] * 2


def test_a_jpeg_2000_in_a_pdf_is_its_file(pdf: MakePdf, photo: Image.Image) -> None:
    out = io.BytesIO()
    photo.save(out, "JPEG2000", irreversible=True)
    path = pdf([[stream(out.getvalue(), photo.size, "/JPXDecode")]])
    (row,) = scan([path])
    assert (row.format, row.pixel_codec, row.verdict) == ("JPEG2000", "jpeg_2000", Verdict.OTHER_CODEC)


def test_an_image_that_cannot_be_read_costs_its_row_alone(pdf: MakePdf, jpeg: MakeJpeg, cat: Image.Image) -> None:
    sound, broken = stream(jpeg(60, cat), (9, 9), "/DCTDecode"), stream(b"nothing", (50, 50), "/FlateDecode")
    huge = stream(b"nothing", (10**6, 10**6), "/FlateDecode")
    rows = list(scan([pdf([[broken, sound, huge]])]))
    assert [(row.status, row.qf) for row in rows] == [(Status.ERROR, None), (Status.OK, 60), (Status.ERROR, None)]
    assert "image of a PDF cannot be read" in (rows[0].message or "")


def test_a_stream_that_inflates_without_end_is_one_error_row(pdf: MakePdf) -> None:
    import zlib

    bomb = stream(zlib.compress(b"\0" * 200_000_000, 9), (8000, 8000), "/FlateDecode")
    (row,) = scan([pdf([[bomb]])])
    assert (row.status, row.reason) == (Status.ERROR, "unreadable")


def test_forms_that_hold_themselves_end(pdf: MakePdf, jpeg: MakeJpeg, cat: Image.Image) -> None:
    from pypdf.generic import DictionaryObject, NameObject, StreamObject

    writer = pypdf.PdfWriter()
    form = StreamObject()
    form[NameObject("/Subtype")] = NameObject("/Form")
    reference = writer._add_object(form)
    inner = DictionaryObject({NameObject("/F"): reference})
    form[NameObject("/Resources")] = DictionaryObject({NameObject("/XObject"): inner})
    page = writer.add_blank_page(9, 9)
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/XObject"): inner})
    out = io.BytesIO()
    writer.write(out)
    assert list(pdf_items("a.pdf", io.BytesIO(out.getvalue()))) == []


def test_without_the_extra_a_pdf_is_one_row_that_names_it(
    pdf: MakePdf, jpeg: MakeJpeg, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pdf([[stream(jpeg(60), (9, 9), "/DCTDecode")]])
    monkeypatch.setitem(sys.modules, "pypdf", None)
    (row,) = scan([path])
    assert (row.status, row.reason) == (Status.ERROR, "unsupported")
    assert row.message == 'PDF needs pypdf: python -m pip install ".[pdf]" in a checkout of jpegqf'


def test_a_pdf_in_a_folder_is_taken_if_its_suffix_is_asked_for(pdf: MakePdf, jpeg: MakeJpeg) -> None:
    path = pdf([[stream(jpeg(60), (9, 9), "/DCTDecode")]])
    folder = str(Path(path).parent)
    assert list(find_items([folder], frozenset({".jpg"}), False)) == []
    assert [item.name for item in find_items([folder], frozenset({".pdf"}), False)] == [f"{path}!1/1"]


def test_a_broken_pdf_is_one_row_with_one_reason(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.pdf"
    for data in (b"", b"%PDF-1.7\nhello", b"no pdf at all"):
        path.write_bytes(data)
        (row,) = scan([path])
        assert row.status == Status.ERROR
        assert "archive cannot be read to its end" in (row.message or "")
    assert capfd.readouterr().err == ""


def test_a_file_that_does_not_name_its_catalog_is_not_searched_without_end() -> None:
    start = b"%PDF-1.7\n" + b"% and so on\n" * 200_000
    table = b"xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 2147483647 >>\nstartxref\n"
    data = start + table + b"%d\n%%%%EOF\n" % len(start)
    begun = time.process_time()
    with pytest.raises(Exception, match="Root"):
        list(pdf_items("a.pdf", io.BytesIO(data)))
    assert time.process_time() - begun < 20  # as many objects as pypdf looks for would take two minutes


@given(st.data())
def test_a_damaged_pdf_gives_items_and_no_exception(data: st.DataObject) -> None:
    from jpegqf.inputs.archives import archive_items

    out = io.BytesIO()
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).convert("RGB").save(out, "PDF")
    whole = bytearray(out.getvalue())
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=8)):
        whole[at] = value
    end = data.draw(st.integers(0, len(whole)))
    for item in archive_items("a.pdf", frozenset(), io.BytesIO(bytes(whole[:end]))):
        assert item.data is not None or item.problem

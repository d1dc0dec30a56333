import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from conftest import MakeJpeg
from jpegqf.inputs.archives import archive_items
from jpegqf.inputs.dicom import dicom_items
from jpegqf.record import Status, Verdict
from jpegqf.scanning.stream import scan

pydicom = pytest.importorskip("pydicom", reason='DICOM needs pydicom: pip install ".[dicom]"')

BASELINE, LITTLE, DEFLATED, MPEG = (f"1.2.840.10008.1.2.{kind}" for kind in ("4.50", "1", "1.99", "4.102"))
MakeDicom = Callable[..., str]


def dataset(syntax: str, size: tuple[int, int], samples: int = 3, frames: int = 1, **more: Any) -> Any:
    """A file of secondary captures, without pixels."""
    meta = pydicom.dataset.FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.3"
    made = pydicom.dataset.FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    made.SOPClassUID, made.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    made.Columns, made.Rows, made.SamplesPerPixel, made.NumberOfFrames = *size, samples, frames
    made.PhotometricInterpretation = "RGB" if samples == 3 else "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation, made.PlanarConfiguration = (
        8,
        8,
        7,
        0,
        0,
    )
    for name, value in more.items():
        setattr(made, name, value)
    return made


def written(made: Any) -> bytes:
    out = io.BytesIO()
    made.save_as(out, enforce_file_format=True)
    return out.getvalue()


def encapsulated(frames: list[bytes], size: tuple[int, int], syntax: str = BASELINE, **more: Any) -> bytes:
    made = dataset(syntax, size, frames=len(frames), **more)
    made.PixelData = pydicom.encaps.encapsulate(frames)
    made["PixelData"].VR = "OB"
    return written(made)


@pytest.fixture
def dicom(tmp_path: Path) -> MakeDicom:
    def make(data: bytes) -> str:
        path = tmp_path / "scan.dcm"
        path.write_bytes(data)
        return str(path)

    return make


def test_jpeg_frames_are_read_with_header_and_pixels(dicom: MakeDicom, jpeg: MakeJpeg, cat: Image.Image) -> None:
    path = dicom(encapsulated([jpeg(75, cat), jpeg(60, cat)], cat.size, LossyImageCompression="01"))
    rows = list(scan([path]))
    assert [(row.path, row.header_qf, row.pixel_qf, row.verdict_text) for row in rows] == [
        (f"{path}!1", 75, 75, "header and pixels say 75"),
        (f"{path}!2", 60, 60, "header and pixels say 60"),
    ]


def test_a_flag_that_denies_loss_is_contradicted_in_words(dicom: MakeDicom, jpeg: MakeJpeg, cat: Image.Image) -> None:
    (row,) = scan([dicom(encapsulated([jpeg(75, cat)], cat.size, LossyImageCompression="00"))])
    assert row.qf == 75
    assert row.verdict_text == ("header and pixels say 75; but DICOM's (0028,2110) says 00: never compressed with loss")


def raw(pixels: np.ndarray[Any, Any], **more: Any) -> bytes:
    samples = 3 if pixels.ndim == 3 else 1
    made = dataset(LITTLE, (pixels.shape[1], pixels.shape[0]), samples, **more)
    made.BitsAllocated = 8 * pixels.dtype.itemsize
    made.BitsStored, made.HighBit = made.BitsAllocated, made.BitsAllocated - 1
    made.PixelData = pixels.tobytes()
    made["PixelData"].VR = "OW"
    return written(made)


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("flag", ["00", "01", None])
def test_what_was_a_jpeg_and_is_stored_raw_is_told_by_its_pixels(
    dicom: MakeDicom, jpeg: MakeJpeg, cat: Image.Image, mode: str, flag: str | None
) -> None:
    with Image.open(io.BytesIO(jpeg(70, cat.convert(mode)))) as decoded:
        pixels = np.asarray(decoded)
    (row,) = scan([dicom(raw(pixels, **({"LossyImageCompression": flag} if flag else {})))])
    assert (row.qf, row.qf_source, row.verdict) == (70, "pixels", Verdict.PIXELS_ONLY)
    assert ("(0028,2110)" in (row.verdict_text or "")) == (flag == "00")


def test_a_true_flag_is_not_contradicted(dicom: MakeDicom) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (256, 256)).astype(np.uint8)
    (row,) = scan([dicom(raw(noise, LossyImageCompression="00"))])
    assert (row.qf, "(0028,2110)" in (row.verdict_text or "")) == (None, False)


def test_8_bits_in_16_are_judged_and_12_bits_are_not(dicom: MakeDicom, jpeg: MakeJpeg, cat: Image.Image) -> None:
    with Image.open(io.BytesIO(jpeg(70, cat.convert("L")))) as decoded:
        pixels = np.asarray(decoded).astype(np.uint16)
    (row,) = scan([dicom(raw(pixels))])
    assert row.qf == 70
    (row,) = scan([dicom(raw(pixels * 16 + 5))])
    assert (row.status, row.reason) == (Status.SKIPPED, "not_8_bit")


def test_run_lengths_and_planes_side_by_side_are_read(dicom: MakeDicom, jpeg: MakeJpeg, cat: Image.Image) -> None:
    with Image.open(io.BytesIO(jpeg(70, cat))) as decoded:
        pixels = np.asarray(decoded)
    planar = dataset(LITTLE, cat.size, PlanarConfiguration=1)
    planar.PixelData = pixels.transpose(2, 0, 1).tobytes()
    planar["PixelData"].VR = "OW"
    packed = dataset(LITTLE, cat.size)
    packed.PixelData = pixels.tobytes()
    packed["PixelData"].VR = "OW"
    packed.compress(pydicom.uid.RLELossless)
    for made in (planar, packed):
        assert [row.qf for row in scan([dicom(written(made))])] == [70]


def test_of_luma_and_chroma_luma_is_judged(dicom: MakeDicom, jpeg: MakeJpeg, cat: Image.Image) -> None:
    with Image.open(io.BytesIO(jpeg(70, cat))) as decoded:
        decoded.draft("YCbCr", decoded.size)
        pixels = np.asarray(decoded)
    (row,) = scan([dicom(raw(pixels, PhotometricInterpretation="YBR_FULL"))])
    assert row.qf == 70


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lambda: written(dataset(LITTLE, (8, 8))), "without pixels"),
        (lambda: encapsulated([b"video"], (8, 8), MPEG), "videos are not read"),
        (lambda: b"\0" * 128 + b"DICM" + DEFLATED.encode() + b"\0" * 99, "deflated DICOM files are not read"),
        (lambda: b"nothing", "cannot be read to its end"),
        (lambda: b"", "cannot be read to its end"),
    ],
)
def test_what_is_not_read_is_one_row_with_one_reason(dicom: MakeDicom, data: Callable[[], bytes], words: str) -> None:
    (row,) = scan([dicom(data())])
    assert row.status == Status.ERROR
    assert words in (row.message or "")


def test_a_size_that_no_file_holds_is_one_row(dicom: MakeDicom) -> None:
    made = dataset(LITTLE, (65535, 65535))
    made.PixelData = b"\0" * 100
    made["PixelData"].VR = "OW"
    (row,) = scan([dicom(written(made))])
    assert "over the limit" in (row.message or "")


def test_a_file_over_the_limit_of_bytes_is_one_row(dicom: MakeDicom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jpegqf.inputs.dicom.MAX_FILE_BYTES", 500)
    (row,) = scan([dicom(raw(np.zeros((64, 64), np.uint8)))])
    assert "over the limit of 500" in (row.message or "")


def test_more_frames_than_there_are_end_with_one_reason(dicom: MakeDicom, jpeg: MakeJpeg, cat: Image.Image) -> None:
    made = dataset(BASELINE, cat.size, frames=10**6)
    made.PixelData = pydicom.encaps.encapsulate([jpeg(75, cat)])
    made["PixelData"].VR = "OB"
    rows = list(scan([dicom(written(made))]))
    assert len(rows) <= 2


def test_without_the_extra_a_dicom_is_one_row_that_names_it(
    dicom: MakeDicom, jpeg: MakeJpeg, cat: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = dicom(encapsulated([jpeg(75, cat)], cat.size))
    monkeypatch.setitem(sys.modules, "pydicom", None)
    (row,) = scan([path])
    assert (row.reason, row.message) == (
        "unsupported",
        'DICOM needs pydicom: python -m pip install ".[dicom]" in a checkout of jpegqf',
    )


@given(st.data())
def test_a_damaged_dicom_gives_items_and_no_exception(data: st.DataObject) -> None:
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8)
    whole = bytearray(raw(pixels))
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=8)):
        whole[at] = value
    end = data.draw(st.integers(0, len(whole)))
    for item in archive_items("a.dcm", frozenset(), io.BytesIO(bytes(whole[:end]))):
        assert item.data is not None or item.problem


def test_frames_are_items_with_their_own_bytes(jpeg: MakeJpeg, cat: Image.Image) -> None:
    data = jpeg(75, cat) + b"\0" * (len(jpeg(75, cat)) % 2)
    (item,) = dicom_items("a.dcm", io.BytesIO(encapsulated([data], cat.size)))
    assert (item.name, item.data) == ("a.dcm!1", data)

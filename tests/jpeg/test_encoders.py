import io
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import MakeJpeg, TurnJpeg
from jpegqf.jpeg.encoders import Encoder, HeaderEvidence, identify
from jpegqf.jpeg.header import read_header
from jpegqf.jpeg.ijg import IJG_CHROMA, IJG_LUMA, scaled
from jpegqf.jpeg.jpegli import jpegli_table
from jpegqf.jpeg.known_tables import MOZJPEG_CHROMA, MOZJPEG_LUMA, Family
from jpegqf.jpeg.listed_tables import ListedTable, listed_tables
from jpegqf.jpeg.ruled_tables import ffmpeg_table, guetzli_tables
from jpegqf.jpeg.table_match import equivalent_quality
from jpegqf.views.header_text import header_lines

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (16, 16, 3), dtype=np.uint8))
ODD = [[step * 5 % 97 + 3 for step in range(64)], [step * 7 % 89 + 3 for step in range(64)]]
"""Tables that no encoder has."""


def saved(image: Image.Image, **options: object) -> bytes:
    """An image saved as JPEG with Pillow's options."""
    out = io.BytesIO()
    image.save(out, "JPEG", **options)
    return out.getvalue()


def judged(extra: bytes = b"", **options: object) -> HeaderEvidence:
    """Evidence from the noise saved with Pillow's options, segments inserted after the start of image."""
    data = saved(NOISE, **options)
    return identify(read_header(data[:2] + extra + data[2:]))


def app(number: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, 0xE0 + number, len(payload) + 2) + payload


def exif(**texts: str) -> bytes:
    """An APP1 segment with texts by tag name (make, model, software)."""
    tags = {"make": 0x010F, "model": 0x0110, "software": 0x0131}
    out = Image.Exif()
    for name, text in texts.items():
        out[tags[name]] = text
    return app(1, out.tobytes() if out.tobytes().startswith(b"Exif") else b"Exif\0\0" + out.tobytes())


ADOBE_MARKER = app(14, b"Adobe\0\x64\0\0\0\0\1")
DUCKY = app(12, b"Ducky\0\1\0\4\0\0\0\x3c\0\0")
SAVED_AS_8 = app(13, b"Photoshop 3.0\0" + b"8BIM\4\6\0\0\0\0\0\7\0\4\0\0\0\1\0\0")


@pytest.mark.parametrize("quality", range(1, 101))
def test_every_ijg_quality_is_told_in_luma_chroma_and_encoder(quality: int) -> None:
    evidence = judged(quality=quality)
    assert evidence.luma is not None
    assert evidence.chroma is not None
    assert (evidence.luma.kind, evidence.luma.quality) == ("exact", quality)
    assert (evidence.chroma.kind, evidence.chroma.quality) == ("exact", quality)
    assert (evidence.encoder.family, evidence.encoder.quality) == (Family.IJG, quality)
    assert evidence.encoder.by == "tables"


@pytest.mark.parametrize("number", range(1, 9))
def test_mozjpeg_is_named_with_its_base_and_its_own_quality(number: int) -> None:
    for quality in (30, 60, 75, 90):
        tables = [scaled(np.array(base[number]), quality).tolist() for base in (MOZJPEG_LUMA, MOZJPEG_CHROMA)]
        encoder = judged(qtables=tables).encoder
        assert encoder.family is Family.MOZJPEG
        assert f"-quant-table {number} " in encoder.name
        assert encoder.quality == pytest.approx(quality, abs=1 if number == 1 else 0)


@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_jpegli_is_named_with_its_distance_and_quality(subsampling: int) -> None:
    tables = [jpegli_table(1.9, plane, subsampling == 2).reshape(-1).tolist() for plane in ("Y", "Cr")]
    encoder = judged(qtables=tables, subsampling=subsampling).encoder
    assert encoder.family is Family.JPEGLI
    assert encoder.distance == pytest.approx(1.9, abs=0.01)
    assert encoder.quality == 80


def test_tables_of_no_known_encoder_have_an_equivalent_quality_and_no_encoder() -> None:
    evidence = judged(qtables=ODD)
    assert evidence.luma is not None
    assert (evidence.luma.kind, evidence.luma.quality) == ("equivalent", equivalent_quality(np.array(ODD[0])))
    assert evidence.encoder == Encoder(Family.UNKNOWN, "unknown")


def test_a_cameras_own_file_is_told_and_an_edited_one_is_not() -> None:
    own = judged(exif(make="NIKON", model="E990"), qtables=ODD).encoder
    assert (own.family, own.name, own.quality) == (Family.CAMERA, "NIKON E990", None)
    edited = judged(exif(make="NIKON", model="E990", software="Picasa"), qtables=ODD).encoder
    assert edited.family is Family.UNKNOWN


def test_a_camera_name_that_repeats_the_maker_is_not_doubled() -> None:
    assert judged(exif(make="NIKON CORPORATION", model="NIKON D50"), qtables=ODD).encoder.name == "NIKON D50"


def test_ijg_tables_outweigh_what_old_metadata_say() -> None:
    encoder = judged(exif(make="NIKON", software="Adobe Photoshop") + ADOBE_MARKER + SAVED_AS_8, quality=70).encoder
    assert (encoder.family, encoder.quality) == (Family.IJG, 70)


def test_adobe_segments_give_its_own_quality_where_tables_are_unknown() -> None:
    web = judged(DUCKY + ADOBE_MARKER, qtables=ODD, optimize=True).encoder
    assert web == Encoder(Family.ADOBE, "Photoshop Save for Web", 60, by="metadata")
    plain = judged(SAVED_AS_8 + ADOBE_MARKER, qtables=ODD, optimize=True).encoder
    assert plain == Encoder(Family.ADOBE, "Photoshop Save As", 8, by="metadata")


def test_adobe_segments_without_its_marker_prove_nothing() -> None:
    assert judged(SAVED_AS_8, qtables=ODD, optimize=True).encoder.family is Family.UNKNOWN


EDITORS_TABLES = [table for table in listed_tables() if table.quality is not None]


def test_all_qualities_of_photoshops_save_as_are_in_the_list_and_within_its_scale() -> None:
    told = {table.quality for table in EDITORS_TABLES if table.name.startswith("Photoshop Save As")}
    assert told == set(range(13))


@pytest.mark.parametrize("table", EDITORS_TABLES, ids=lambda table: f"{table.name} {table.quality}")
def test_an_editors_tables_name_it_and_its_own_quality(table: ListedTable) -> None:
    tables = [list(table.luma), *([list(table.chroma)] if table.chroma else [])]
    evidence = identify(read_header(saved(NOISE if table.chroma else NOISE.convert("L"), qtables=tables)))
    assert (evidence.encoder.family, evidence.encoder.name) == (table.family, table.name)
    assert (evidence.encoder.quality, evidence.encoder.by) == (table.quality, "tables")


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("quality", [1, 2, 5, 17, 31])
def test_ffmpegs_tables_name_it_and_its_own_quality(quality: int, subsampling: int) -> None:
    encoder = judged(qtables=[ffmpeg_table(quality).tolist()] * 2, subsampling=subsampling).encoder
    assert (encoder.family, encoder.quality, encoder.by) == (Family.FFMPEG, quality, "tables")


def test_ffmpegs_comment_names_it_where_the_tables_are_no_known_ones() -> None:
    comment = b"\xff\xfe" + struct.pack(">H", 2 + 14) + b"Lavc59.37.100\0"
    encoder = judged(comment, qtables=ODD).encoder
    assert (encoder.family, encoder.quality, encoder.by) == (Family.FFMPEG, None, "metadata")
    assert judged(comment, quality=80).encoder.family is Family.IJG


def test_guetzlis_tables_name_it_without_a_quality() -> None:
    table = guetzli_tables()[70].tolist()
    encoder = judged(qtables=[table, table], subsampling=0).encoder
    assert (encoder.family, encoder.quality, encoder.by) == (Family.GUETZLI, None, "tables")
    assert judged(qtables=[table, ODD[1]], subsampling=0).encoder.family is Family.UNKNOWN


def test_annex_ks_tables_times_any_factor_are_told_with_a_real_quality() -> None:
    tables = [
        np.clip(np.floor(np.array(base) * 0.1234), 1, 255).astype(int).tolist() for base in (IJG_LUMA, IJG_CHROMA)
    ]
    encoder = judged(qtables=tables).encoder
    assert (encoder.family, encoder.by) == (Family.SCALED, "tables")
    assert encoder.quality == pytest.approx(100 - 50 * 0.1234, abs=0.3)


def test_a_camera_of_the_list_is_a_hint_and_the_files_own_camera_outweighs_it() -> None:
    listed = next(table for table in listed_tables() if table.family is Family.CAMERA and table.chroma)
    tables = [list(listed.luma), list(listed.chroma or ())]
    hint = judged(qtables=tables).encoder
    assert (hint.family, hint.by) == (Family.CAMERA, "list")
    assert hint.name == f"tables as of {listed.name}"
    own = judged(exif(make="ACME", model="One"), qtables=tables).encoder
    assert (own.name, own.by) == ("ACME One", "metadata")


def test_files_that_gdiplus_may_have_written_name_its_quality_beside() -> None:
    assert judged(quality=84, dpi=(96, 96)).encoder.alternatives == (("Windows GDI+", 85),)
    assert judged(quality=84).encoder.alternatives == ()
    assert judged(quality=84, dpi=(96, 96), optimize=True).encoder.alternatives == ()


def test_windows_software_turns_the_quality_into_its_own() -> None:
    encoder = judged(exif(software="Windows Photo Editor 10.0"), quality=58).encoder
    assert (encoder.family, encoder.quality) == (Family.WINDOWS, 59)


@pytest.mark.parametrize("quality", [7, 50, 75, 92, 98])
def test_tables_that_a_lossless_turn_transposed_are_told(
    turned_jpeg: TurnJpeg, photo: Image.Image, quality: int
) -> None:
    data = turned_jpeg(quality, photo)
    found = identify(read_header(data))
    assert found.luma is not None
    assert found.chroma is not None
    assert (found.luma.quality, found.chroma.quality) == (quality, quality)
    assert (found.luma.kind, found.encoder.family, found.turned) == ("exact", Family.IJG, True)
    assert any("turned           by 90 degrees" in line for line in header_lines("x", read_header(data), found))


def test_transposed_tables_of_mozjpeg_are_told_and_symmetric_ones_count_as_upright() -> None:
    upright = [scaled(np.array(base[4]), 80).tolist() for base in (MOZJPEG_LUMA, MOZJPEG_CHROMA)]
    transposed = [np.array(table).reshape(8, 8).T.reshape(64).tolist() for table in upright]
    found, other = judged(qtables=upright), judged(qtables=transposed)
    assert found.encoder == other.encoder
    assert (found.encoder.quality, found.turned, other.turned) == (80, False, True)
    assert not judged(qtables=[[16] * 64, [17] * 64]).turned
    assert not judged(quality=100).turned


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_images_without_chroma_have_no_chroma_match(mode: str, jpeg: MakeJpeg) -> None:
    evidence = identify(read_header(jpeg(66, NOISE.convert(mode))))
    assert evidence.luma is not None
    assert (evidence.luma.quality, evidence.chroma) == (66, None)
    assert evidence.encoder.quality == 66


def test_lossless_frames_have_no_quality(jpeg: MakeJpeg) -> None:
    data = jpeg(66, NOISE.convert("L")).replace(b"\xff\xc0", b"\xff\xc3")
    assert identify(read_header(data)) == HeaderEvidence(None, None, Encoder(Family.UNKNOWN, "unknown"))


def test_any_tables_at_all_are_judged_without_an_exception(jpeg: MakeJpeg) -> None:
    data = jpeg(66, NOISE)
    start = data.index(b"\xff\xdb") + 5
    for value in range(256):
        evidence = identify(read_header(data[:start] + bytes([value]) * 64 + data[start + 64 :]))
        assert evidence.luma is not None
        assert (evidence.luma.quality is None) == (evidence.luma.kind == "none")


@pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed")
def test_exiftool_names_the_same_quality_for_ijg_tables(jpeg: MakeJpeg, tmp_path: Path) -> None:
    for quality in (25, 50, 77, 92):
        path = tmp_path / f"{quality}.jpg"
        path.write_bytes(jpeg(quality))
        command = ["exiftool", "-s3", "-JPEGQualityEstimate", str(path)]
        other = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.strip()
        found = identify(read_header(path.read_bytes())).luma
        assert found is not None
        assert other == str(found.quality) == str(quality)


@pytest.mark.skipif(not shutil.which("identify"), reason="ImageMagick is not installed")
@pytest.mark.parametrize("quality", [3, 25, 49, 50, 77, 92, 99])
def test_imagemagick_names_the_same_quality_for_ijg_tables(quality: int, jpeg: MakeJpeg, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg(quality))
    command = ["identify", "-format", "%Q", str(path)]
    other = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    found = identify(read_header(path.read_bytes())).luma
    assert found is not None
    assert other == str(found.quality) == str(quality)

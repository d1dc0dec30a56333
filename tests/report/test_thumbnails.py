"""Thumbnails: small, upright, of what can be read, and no more than there is room for."""

import base64
import io
import os
from pathlib import Path

import pytest
from PIL import Image

import jpegqf.report.thumbnails
from conftest import MakeJpeg
from jpegqf.report.thumbnails import thumbnails


def test_thumbnails_are_small_upright_and_of_what_can_be_read(
    tmp_path: Path, jpeg: MakeJpeg, photo: Image.Image
) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    wide = photo.crop((0, 0, 512, 100))
    (tmp_path / "turned.jpg").write_bytes(jpeg(90, wide, exif=turned))
    wide.convert("RGBA").save(tmp_path / "clear.png")
    (tmp_path / "broken.jpg").write_bytes(jpeg(90)[:3000])
    (tmp_path / "text.jpg").write_text("no image")
    os.mkfifo(tmp_path / "pipe.jpg")
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    names = ["turned.jpg", "clear.png", "broken.jpg", "text.jpg", "pipe.jpg", "bomb.png", "absent.jpg", "nul\0.jpg", ""]
    uris = list(thumbnails([str(tmp_path / name) if name else "" for name in names]))
    assert [uri is not None for uri in uris] == [True, True] + [False] * 7
    for uri, size in ((uris[0], (63, 320)), (uris[1], (320, 63))):
        head, _, data = (uri or "").partition(",")
        assert head == "data:image/webp;base64"
        with Image.open(io.BytesIO(base64.b64decode(data))) as small:
            assert small.size == size


def test_what_pillow_thinks_of_a_file_is_not_said(
    tmp_path: Path, jpeg: MakeJpeg, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "odd.jpg").write_bytes(jpeg(90, exif=b"Exif\0\0II*\0\x08\0\0\0\x09\0ab"))
    assert [uri is not None for uri in thumbnails([str(tmp_path / "odd.jpg")])] == [True]
    assert capfd.readouterr().err == ""


def test_thumbnails_end_where_their_room_does(tmp_path: Path, jpeg: MakeJpeg, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(90))
    (uri,) = thumbnails([str(tmp_path / "a.jpg")])
    monkeypatch.setattr(jpegqf.report.thumbnails, "MOST_THUMBNAIL_BYTES", 3 * len(uri or "") + 10)
    assert list(thumbnails([str(tmp_path / "a.jpg")] * 5)) == [uri] * 3 + [None] * 2

import io
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

from jpegqf.jpeg.encoders import identify
from jpegqf.jpeg.header import read_header
from jpegqf.jpeg.known_tables import Family
from jpegqf.jpeg.ruled_tables import FFMPEG_QUALITIES, ffmpeg_table, guetzli_tables, is_guetzli, match_ffmpeg


def test_every_quality_of_ffmpeg_has_a_table_of_its_own_and_is_found_by_it() -> None:
    assert [match_ffmpeg(ffmpeg_table(quality)) for quality in FFMPEG_QUALITIES] == list(FFMPEG_QUALITIES)
    assert match_ffmpeg(np.full(64, 16)) is None


@pytest.mark.parametrize("quality", [0, 70])
def test_ffmpeg_has_no_other_quality(quality: int) -> None:
    with pytest.raises(ValueError, match="no quality"):
        ffmpeg_table(quality)


def test_guetzlis_tables_are_two_odd_numbers_that_differ_by_two() -> None:
    for table in guetzli_tables():
        low, high = np.unique(table).tolist()
        assert low % 2 == 1
        assert high == low + 2
        assert is_guetzli(table)
    assert not is_guetzli(np.full(64, 5))


@pytest.mark.parametrize("quality", [1, 4, 31])
@pytest.mark.parametrize("pixels", ["yuvj420p", "yuvj422p", "yuvj444p"])
def test_what_ffmpeg_writes_is_told_with_its_quality(photo: Image.Image, quality: int, pixels: str) -> None:
    program = shutil.which("ffmpeg")
    if not program:
        pytest.skip("ffmpeg is not installed")
    png = io.BytesIO()
    photo.crop((0, 0, 64, 64)).save(png, "PNG")
    options = ["-qmin", "1", "-q:v", str(quality), "-pix_fmt", pixels, "-f", "mjpeg", "-"]
    command = [program, "-v", "error", "-f", "png_pipe", "-i", "-", *options]
    done = subprocess.run(command, input=png.getvalue(), capture_output=True, check=True, timeout=60)
    encoder = identify(read_header(done.stdout)).encoder
    assert (encoder.family, encoder.quality) == (Family.FFMPEG, quality)

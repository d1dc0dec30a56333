import io
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from conftest import MakeJpeg
from jpegqf.jpeg.header import read_header
from jpegqf.jpeg.ijg import IJG_CHROMA_BASE, QUALITIES, ijg_chroma, ijg_luma, ijg_luma_all, scaled
from jpegqf.jpeg.known_tables import MOZJPEG_CHROMA, MOZJPEG_LUMA
from jpegqf.jpeg.table_match import Match, gdiplus_qualities, match_ijg, match_mozjpeg, wic_qualities

NOISE = np.random.default_rng(0).integers(0, 255, (16, 16, 3), dtype=np.uint8)


def saved(**options: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(NOISE).save(out, "JPEG", **options)
    return out.getvalue()


@pytest.mark.parametrize("quality", range(1, 101))
def test_luma_table_equals_what_libjpeg_writes(quality: int, jpeg: MakeJpeg) -> None:
    with JpegImageFile(io.BytesIO(jpeg(quality, Image.new("L", (8, 8))))) as image:
        written = image.quantization[0]
    assert ijg_luma(quality).reshape(-1).tolist() == list(written)


def test_all_100_luma_tables_are_distinct() -> None:
    assert len(np.unique(ijg_luma_all(), axis=0)) == 100


def test_chroma_tables_are_distinct_but_for_qualities_1_to_3_which_are_all_255() -> None:
    assert len({ijg_chroma(int(quality)).tobytes() for quality in QUALITIES}) == 98
    assert match_ijg(ijg_chroma(1), chroma=True) == Match("exact", 2, 1, 3, 0.0)


@pytest.mark.parametrize("quality", [0, 101, -3])
def test_quality_outside_1_to_100_is_refused(quality: int) -> None:
    with pytest.raises(ValueError, match=r"outside 1\.\.100"):
        ijg_luma(quality)


@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_all_100_qualities_of_pillow_are_exact_in_luma_and_chroma(subsampling: int, jpeg: MakeJpeg) -> None:
    image = Image.fromarray(NOISE)
    for quality in range(1, 101):
        header = read_header(jpeg(quality, image, subsampling=subsampling))
        assert header.luma is not None
        assert header.chroma is not None
        assert match_ijg(header.luma.steps) == Match("exact", quality, quality, quality, 0.0)
        chroma = match_ijg(header.chroma.steps, chroma=True)
        assert (chroma.kind, chroma.quality) == ("exact", 2 if quality < 4 else quality)


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("number", range(1, 9))
def test_all_100_qualities_of_every_mozjpeg_base_are_found(number: int, subsampling: int) -> None:
    bases = [np.array(bases[number]) for bases in (MOZJPEG_LUMA, MOZJPEG_CHROMA)]
    for quality in range(1, 101):
        tables = [scaled(base, quality).tolist() for base in bases]
        header = read_header(saved(qtables=tables, subsampling=subsampling))
        assert header.luma is not None
        assert header.chroma is not None
        found = match_mozjpeg(header.luma.steps, header.chroma.steps)
        assert found is not None
        base, luma, second = found
        for match, family, table in ((luma, MOZJPEG_LUMA, tables[0]), (second, MOZJPEG_CHROMA, tables[1])):
            assert match is not None
            assert match.low is not None
            assert match.high is not None
            assert scaled(np.array(family[base]), match.low).tolist() == table
            assert scaled(np.array(family[base]), match.high).tolist() == table
            assert match.low <= quality <= match.high or (base, set(table)) == (3, {1})  # 1 everywhere is anyone's


def test_mozjpegs_default_base_tells_every_quality_from_4_up_apart() -> None:
    found = [match_mozjpeg(scaled(np.array(MOZJPEG_LUMA[3]), quality)) for quality in range(4, 101)]
    assert [one and one[1].quality for one in found] == list(range(4, 101))


def test_coarse_scales_give_all_qualities_that_write_a_table() -> None:
    flat = match_mozjpeg(np.full((8, 8), 2), np.full((8, 8), 2))
    assert flat is not None
    assert (flat[0], flat[1].low, flat[1].high) == (1, 93, 95)


def test_tables_written_without_the_baseline_limit_are_exact_too() -> None:
    for quality in range(1, 101):
        wide = scaled(np.array(IJG_CHROMA_BASE), quality, largest=32767)
        match = match_ijg(wide, chroma=True)
        assert (match.kind, match.quality) == ("exact", quality)


def test_ijg_tables_are_no_mozjpeg_tables() -> None:
    for quality in range(2, 100):
        assert match_mozjpeg(ijg_luma(quality), ijg_chroma(quality)) is None


def test_gdiplus_writes_the_table_of_one_less_except_at_multiples_of_25() -> None:
    assert gdiplus_qualities(74) == ()
    assert gdiplus_qualities(75) == (75, 76)
    assert gdiplus_qualities(84) == (85,)
    assert gdiplus_qualities(99) == ()
    assert gdiplus_qualities(100) == (100,)
    assert sorted(q for written in range(1, 101) for q in gdiplus_qualities(written)) == list(range(1, 101))


def test_wic_differs_at_53_and_59_only() -> None:
    written = {q: table for table in range(1, 101) for q in wic_qualities(table)}
    assert {q: table for q, table in written.items() if q != table} == {53: 52, 59: 58}
    assert len(written) == 100


@pytest.mark.parametrize("number", range(9))
def test_mozjpeg_itself_writes_these_bases(number: int) -> None:
    pyvips = pytest.importorskip("pyvips", reason="pyvips-binary carries mozjpeg")
    image = pyvips.Image.new_from_array(NOISE)
    for quality in (3, 10, 30, 50, 62, 75, 88, 95):
        header = read_header(image.jpegsave_buffer(Q=quality, quant_table=number))
        assert header.luma is not None
        chroma = header.chroma or header.luma
        assert np.array_equal(header.luma.steps.reshape(-1), scaled(np.array(MOZJPEG_LUMA[number]), quality))
        if header.chroma:
            assert np.array_equal(chroma.steps.reshape(-1), scaled(np.array(MOZJPEG_CHROMA[number]), quality))


def test_opencv_tables_are_exact_luma_and_chroma_apart() -> None:
    cv2 = pytest.importorskip("cv2", reason="needs opencv-python-headless")
    for luma, chroma in ((60, 30), (92, 75), (1, 100)):
        options = [cv2.IMWRITE_JPEG_LUMA_QUALITY, luma, cv2.IMWRITE_JPEG_CHROMA_QUALITY, chroma]
        header = read_header(cv2.imencode(".jpg", NOISE, options)[1].tobytes())
        assert header.luma is not None
        assert header.chroma is not None
        assert match_ijg(header.luma.steps).quality == luma
        assert match_ijg(header.chroma.steps, chroma=True).quality == chroma


@pytest.mark.skipif(not shutil.which("cjpeg"), reason="cjpeg is not installed")
def test_cjpeg_below_quality_25_writes_wide_tables_and_they_are_exact(tmp_path: Path) -> None:
    source = tmp_path / "x.ppm"
    Image.fromarray(NOISE).save(source)
    for quality in (1, 5, 10, 24, 25, 80):
        data = subprocess.run(["cjpeg", "-quality", str(quality), str(source)], capture_output=True, check=True).stdout
        header = read_header(data)
        assert header.luma is not None
        assert (header.luma.bits, match_ijg(header.luma.steps).quality) == (16 if quality < 24 else 8, quality)


@pytest.mark.skipif(not shutil.which("identify"), reason="ImageMagick is not installed")
def test_imagemagick_tells_the_same_quality(tmp_path: Path, jpeg: MakeJpeg) -> None:
    paths = [tmp_path / f"{quality:03}.jpg" for quality in range(1, 101, 9)]
    for path in paths:
        path.write_bytes(jpeg(int(path.stem), Image.fromarray(NOISE)))
    command = ["identify", "-format", "%Q\n", *map(str, paths)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    headers = [read_header(path.read_bytes()) for path in paths]
    assert [str(match_ijg(header.luma.steps).quality) for header in headers if header.luma] == told

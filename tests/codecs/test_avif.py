import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, features

from jpegqf.codecs.av1 import first_quantizer
from jpegqf.codecs.avif import avif_quality, avif_quantizer
from jpegqf.inspection.inspector import Inspector

pytestmark = pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")


def saved(image: Image.Image, quality: int, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, "AVIF", quality=quality, speed=10, **options)
    return out.getvalue()


@pytest.fixture(scope="module")
def small() -> bytes:
    return saved(Image.linear_gradient("L").resize((64, 64)).convert("RGB"), 60)


@pytest.mark.parametrize("tune", [None, "psnr", "ssim"])
def test_the_quality_is_told_within_1_over_the_whole_scale(cat: Image.Image, tune: str | None) -> None:
    image = cat.crop((0, 0, 96, 96))
    options = {"advanced": {"tune": tune}} if tune else {}
    for quality in range(0, 101, 1 if tune is None else 5):
        told = avif_quality(saved(image, quality, **options))
        assert told is not None
        assert abs(told - quality) <= 1


@pytest.mark.parametrize("subsampling", ["4:0:0", "4:2:0", "4:2:2", "4:4:4"])
@pytest.mark.parametrize("size", [(65, 33), (700, 260), (1500, 40)])
def test_sizes_tiles_and_planes_do_not_change_it(cat: Image.Image, subsampling: str, size: tuple[int, int]) -> None:
    for tiles in ({}, {"tile_cols": 1, "tile_rows": 1, "autotiling": False}):
        told = avif_quality(saved(cat.resize(size), 50, subsampling=subsampling, **tiles))
        assert told == 50


def test_alpha_does_not_change_it(cat: Image.Image) -> None:
    image = cat.convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    assert avif_quality(saved(image, 70)) == 70


def test_an_animation_has_none(cat: Image.Image) -> None:
    assert avif_quality(saved(cat, 60, save_all=True, append_images=[cat.rotate(180)])) is None


@pytest.mark.parametrize("only", [None, "header"])
def test_a_row_tells_it_and_header_alone_is_enough(cat: Image.Image, only: object) -> None:
    row = Inspector(only=only).inspect(saved(cat, 65))  # type: ignore[arg-type]
    assert (row.format, row.codec_quality) == ("AVIF", 65)


def test_a_file_cut_anywhere_tells_it_or_none(small: bytes) -> None:
    for end in range(len(small)):
        assert avif_quality(small[:end]) in (None, 60)


@given(data=st.data())
def test_a_damaged_file_tells_a_quality_on_the_scale_or_none(small: bytes, data: st.DataObject) -> None:
    changed = bytearray(small)
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, len(small) - 1), st.integers(0, 255)), max_size=12)):
        changed[at] = value
    told = avif_quality(bytes(changed))
    assert told is None or 0 <= told <= 100


@given(st.binary(max_size=200))
def test_any_units_are_walked_to_an_end(data: bytes) -> None:
    for start in (b"", b"\x0a\x0b", b"\x0a\x0a\x00\x00\x00\x04\x3c\xff\xbf\xff\xe0\x08\x32"):
        found = first_quantizer(start + data)
        assert found is None or 0 <= found.index <= 255


def test_sizes_that_boxes_claim_are_not_trusted() -> None:
    start = b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miaf\0\0\0\0"
    for size in (0, 1, 7, 8, 2**31):
        assert avif_quantizer(start + size.to_bytes(4, "big") + b"meta" + b"\xff" * 40) is None

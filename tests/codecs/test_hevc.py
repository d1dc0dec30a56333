import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from jpegqf.codecs.hevc import first_qp, heif_quality
from jpegqf.codecs.iso_media import PrimaryItem
from jpegqf.inspection.inspector import Inspector

pillow_heif = pytest.importorskip("pillow_heif", reason='HEIF needs pillow-heif: pip install "jpegqf[heif]"')
FINEST = 93
"""Quality from which on libheif writes the finest quantizer."""


def saved(image: Image.Image, quality: int, **options: Any) -> bytes:
    pillow_heif.register_heif_opener()
    out = io.BytesIO()
    image.save(out, "HEIF", quality=quality, **options)
    return out.getvalue()


@pytest.fixture(scope="module")
def small() -> bytes:
    return saved(Image.linear_gradient("L").resize((64, 64)).convert("RGB"), 60)


def test_the_quality_is_told_within_1_wherever_quantizers_differ(cat: Image.Image) -> None:
    image = cat.crop((0, 0, 96, 96))
    for quality in range(101):
        told = heif_quality(saved(image, quality))
        assert told is not None
        assert abs(told - quality) <= (1 if quality < FINEST else 4)


@pytest.mark.parametrize(
    "options",
    [
        {"preset": "ultrafast"},
        {"preset": "placebo"},
        {"tune": "psnr"},
        {"complexity": 100},
        {"chroma": 444},
        {"chroma": 422},
    ],
)
def test_presets_and_planes_do_not_change_it(cat: Image.Image, options: dict[str, Any]) -> None:
    image = cat.crop((0, 0, 130, 70))
    assert [heif_quality(saved(image, quality, enc_params=dict(options))) for quality in (20, 50, 80)] == [20, 50, 80]


@pytest.mark.parametrize("mode", ["L", "RGBA"])
def test_gray_images_and_opacity_do_not_change_it(cat: Image.Image, mode: str) -> None:
    assert heif_quality(saved(cat.convert(mode), 70)) == 70


def test_the_first_tile_tells_it_of_a_grid(cat: Image.Image) -> None:
    data = saved(cat.resize((1100, 600)), 40, tile_size=512)
    assert b"grid" in data
    assert heif_quality(data) == 40


def test_a_picture_without_loss_has_none(cat: Image.Image) -> None:
    assert heif_quality(saved(cat.crop((0, 0, 96, 96)), -1)) is None


@pytest.mark.parametrize("only", [None, "header"])
def test_a_row_tells_it_and_header_alone_is_enough(cat: Image.Image, only: Any) -> None:
    row = Inspector(only=only).inspect(saved(cat, 65))
    assert (row.format, row.codec_quality) == ("HEIF", 65)


def test_a_quantizer_that_the_parameter_sets_tell_is_another_encoders(small: bytes) -> None:
    sets = PrimaryItem(small).property(b"hvcC")
    picture = sets[sets.index(b"\x44\x01") :]
    other = picture[:3] + bytes([picture[3] ^ 0x10]) + picture[4:]  # the bits of the quantizer's parameter
    assert heif_quality(small.replace(picture, other)) is None


def test_a_file_cut_anywhere_tells_it_or_none(small: bytes) -> None:
    for end in range(len(small)):
        assert heif_quality(small[:end]) in (None, 60)


@given(data=st.data())
def test_a_damaged_file_tells_a_quality_on_the_scale_or_none(small: bytes, data: st.DataObject) -> None:
    changed = bytearray(small)
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, len(small) - 1), st.integers(0, 255)), max_size=12)):
        changed[at] = value
    told = heif_quality(bytes(changed))
    assert told is None or 0 <= told <= 100


def test_sizes_that_boxes_claim_are_not_trusted() -> None:
    start = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
    for size in (0, 1, 7, 8, 2**31):
        data = start + size.to_bytes(4, "big") + b"meta" + b"\xff" * 40
        assert heif_quality(data) is None
        with pytest.raises((KeyError, EOFError)):
            first_qp(data)

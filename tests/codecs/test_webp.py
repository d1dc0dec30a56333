import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from jpegqf.codecs.webp import Quantizers, quality_of, read_quantizers, webp_quality
from jpegqf.inspection.inspector import Inspector, inspect


def saved(image: Image.Image, quality: int, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, "WEBP", quality=quality, **options)
    return out.getvalue()


def frame(data: bytes) -> bytes:
    return data[data.index(b"VP8 ") + 8 :]


def test_the_quality_is_told_within_1_in_95_of_100_over_the_whole_scale(photo: Image.Image, cat: Image.Image) -> None:
    images = [photo.resize((102, 102)), photo.crop((100, 100, 228, 228)), cat.crop((0, 0, 128, 128))]
    images.append(cat.resize((225, 150)).convert("L"))
    told = np.array([[webp_quality(saved(image, quality)) for quality in range(101)] for image in images], float)
    assert np.mean(np.abs(told - np.arange(101)) <= 1) >= 0.95


@pytest.mark.parametrize("method", [0, 2, 6])
@pytest.mark.parametrize("options", [{}, {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"}, {"icc_profile": b"x" * 31}])
def test_effort_and_metadata_do_not_change_it(photo: Image.Image, method: int, options: dict[str, bytes]) -> None:
    image = photo.crop((0, 0, 128, 128))
    for quality in (10, 40, 75, 90):
        told = webp_quality(saved(image, quality, method=method, **options))
        assert told is not None
        assert abs(told - quality) <= 1


def test_of_an_animation_and_with_alpha_it_is_told_too(photo: Image.Image) -> None:
    image = photo.crop((0, 0, 128, 128)).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    for data in (saved(image, 60), saved(image, 60, save_all=True, append_images=[image.rotate(180)])):
        assert webp_quality(data) == pytest.approx(60, abs=1)


def test_a_lossless_file_has_none(photo: Image.Image) -> None:
    assert webp_quality(saved(photo.resize((64, 64)), 60, lossless=True)) is None


@pytest.mark.parametrize("only", [None, "header"])
def test_a_row_tells_it_and_header_alone_is_enough(photo: Image.Image, only: object) -> None:
    row = Inspector(only=only).inspect(saved(photo, 75))  # type: ignore[arg-type]
    assert row.codec_quality == pytest.approx(75, abs=1)
    assert row.format == "WEBP"


def test_other_containers_have_none(photo: Image.Image) -> None:
    for kind in ("JPEG", "PNG", "TIFF"):
        out = io.BytesIO()
        photo.resize((64, 64)).save(out, kind)
        assert inspect(out.getvalue()).codec_quality is None


def test_the_quantizers_of_one_segment_are_those_of_the_formula() -> None:
    for quality in range(2, 99):
        share = quality / 100
        compression = (share * 2 / 3 if share < 0.75 else 2 * share - 1) ** (1 / 3)
        told = quality_of(Quantizers((int(127 * (1 - compression)),), (1.0,), -2))
        assert abs(told - quality) <= 1


@pytest.mark.parametrize(("index", "quality"), [(0, 100), (127, 0)])
def test_the_ends_of_the_scale(index: int, quality: int) -> None:
    assert quality_of(Quantizers((index,) * 4, (0.25,) * 4, -2)) == quality


def test_what_is_no_key_frame_has_no_quantizers(photo: Image.Image) -> None:
    whole = frame(saved(photo.resize((64, 64)), 60))
    assert read_quantizers(whole) is not None
    assert read_quantizers(bytes([whole[0] | 1]) + whole[1:]) is None
    assert [read_quantizers(whole[:end]) for end in (0, 5, 10, 12)] == [None] * 4


@given(st.binary(max_size=80))
def test_any_frame_tells_a_quality_on_the_scale_or_none(data: bytes) -> None:
    start = b"RIFF\0\0\0\0WEBPVP8 \x50\0\0\0\0\0\0\x9d\x01\x2a\x40\0\x40\0"
    told = webp_quality(start + data)
    assert told is None or 0 <= told <= 100
    webp_quality(b"RIFF\0\0\0\0WEBP" + data)


@given(
    st.lists(st.integers(0, 127), min_size=4, max_size=4),
    st.lists(st.integers(0, 255), min_size=4, max_size=4).filter(any),
    st.integers(-15, 15),
)
def test_any_quantizers_have_a_quality(indices: list[int], counts: list[int], mean: int) -> None:
    shares = tuple(count / sum(counts) for count in counts)
    assert 0 <= quality_of(Quantizers(tuple(indices), shares, mean)) <= 100

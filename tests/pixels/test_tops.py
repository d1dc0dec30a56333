import io

import numpy as np
import pytest
from PIL import Image

from conftest import MakeJpeg
from jpegqf.errors import ImageSkippedError
from jpegqf.inspection.inspector import Inspector
from jpegqf.pixels.decode import decode_luma, decode_tops
from jpegqf.pixels.tops import short_jpegs


@pytest.fixture(scope="module")
def large(photo: Image.Image) -> Image.Image:
    """1500 x 1536 pixels."""
    return Image.fromarray(np.tile(np.asarray(photo), (3, 3, 1))[:, :1500])


def turned_off(data: bytes, at: int) -> bytes:
    """The file with one byte changed."""
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


@pytest.mark.parametrize("options", [{"subsampling": 2}, {"subsampling": 0}, {"restart_marker_blocks": 7}])
def test_tops_are_the_first_rows_of_the_whole(jpeg: MakeJpeg, large: Image.Image, options: dict[str, int]) -> None:
    data = jpeg(80, large, **options)
    whole = decode_luma(data).luma.plane
    tops = list(decode_tops(data))
    assert [top.luma.plane.shape for top in tops] == [(128, 1500), (384, 1500)]
    for top in tops:
        rows = (
            len(top.luma.plane) - 8
        )  # without chroma's upsampling the last rows are the same, too; the MCU's end is not
        assert np.array_equal(top.luma.plane[:rows], whole[:rows])
        assert top.size == (1500, 1536)


def test_what_is_small_or_unusual_has_no_top(jpeg: MakeJpeg, large: Image.Image, photo: Image.Image) -> None:
    data = jpeg(80, large)
    kinds = {
        "small": jpeg(80, photo),
        "progressive": jpeg(80, large, progressive=True),
        "cut": data[: len(data) // 2],
        "not a JPEG": b"\x89PNG" + data,
        "nothing": b"",
        "only a start": b"\xff\xd8",
        "no frame": b"\xff\xd8\xff\xda\0\x02" + data[600:],
    }
    assert [name for name, kind in kinds.items() if list(short_jpegs(kind))] == []


def test_coded_rgb_has_no_top_since_it_has_no_luma(large: Image.Image) -> None:
    out = io.BytesIO()
    large.save(out, "JPEG", quality=80, keep_rgb=True)
    assert list(decode_tops(out.getvalue())) == []


def with_small_luma(image: Image.Image, quality: int) -> bytes:
    """A JPEG of three scans whose chroma is sampled twice as densely as its luma, each scan that of a grey JPEG."""
    luma, *chroma = image.convert("YCbCr").split()
    parts = []
    for plane in (luma.resize((image.width // 2, image.height // 2)), *chroma):
        out = io.BytesIO()
        plane.save(out, "JPEG", quality=quality)
        parts.append(out.getvalue())
    frame, scan = parts[0].index(b"\xff\xc0"), parts[0].index(b"\xff\xda")
    size = image.height.to_bytes(2, "big") + image.width.to_bytes(2, "big")
    components = b"\x01\x11\0\x02\x22\0\x03\x22\0"
    head = parts[0][:frame] + b"\xff\xc0\0\x11\x08" + size + b"\x03" + components + parts[0][frame + 13 : scan]
    scans = [b"\xff\xda\0\x08\x01" + bytes((i,)) + b"\0\0\x3f\0" + part[part.index(b"\xff\xda") + 10 : -2]
             for i, part in enumerate(parts, 1)]  # fmt: skip
    return head + b"".join(scans) + b"\xff\xd9"


def test_luma_sampled_less_than_chroma_decides_nothing(large: Image.Image, photo: Image.Image) -> None:
    """Its pixels are upsampled: whole numbers without a grid, as of a save at 100."""
    assert list(decode_tops(with_small_luma(large, 85))) == []
    decoded = decode_luma(with_small_luma(photo, 85))
    assert decoded.is_jpeg
    assert not decoded.own_luma
    assert Inspector().inspect(with_small_luma(photo, 85)).pixel_qf is None


@pytest.mark.parametrize("quality", [30, 80, 97])
def test_a_top_tells_what_the_whole_image_tells(jpeg: MakeJpeg, large: Image.Image, quality: int) -> None:
    data = jpeg(quality, large)
    by_top, by_all = Inspector(only="pixels").inspect(data), Inspector().inspect(data)
    told = ("format", "width", "height", "pixel_qf", "pixel_qf_low", "pixel_qf_high", "grid_x", "grid_y", "model")
    assert [getattr(by_top, name) for name in told] == [getattr(by_all, name) for name in told]
    assert by_top.pixel_qf == quality


def test_the_pixel_limit_holds_for_tops(jpeg: MakeJpeg, large: Image.Image) -> None:
    with pytest.raises(ImageSkippedError, match="the limit is 1000"):
        list(decode_tops(jpeg(80, large), 1000))
    assert Inspector(only="pixels", max_pixels=1000).inspect(jpeg(80, large)).reason == "too_large"


def test_damage_anywhere_in_a_large_file_gives_one_row_and_no_exception(jpeg: MakeJpeg, large: Image.Image) -> None:
    data = jpeg(80, large)
    inspector = Inspector(only="pixels")
    rng = np.random.default_rng(0)
    for at in [*range(0, 620, 9), *rng.integers(620, len(data), 20)]:
        row = inspector.inspect(turned_off(data, int(at)))
        assert row.status.value in ("ok", "skipped", "error")


def test_a_flat_top_is_passed_over_for_a_livelier_part(jpeg: MakeJpeg, large: Image.Image) -> None:
    sky = large.copy()
    sky.paste((120, 150, 200), (0, 0, 1500, 600))
    assert Inspector(only="pixels").inspect(jpeg(70, sky)).pixel_qf == 70

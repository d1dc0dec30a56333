"""Luma of images that are saved as JPEG several times, for tests of history."""

import io

from PIL import Image

from jpegqf.pixels.decode import decode_luma
from jpegqf.pixels.luma import Luma


def saved(
    image: Image.Image,
    *qualities: int,
    cut: tuple[int, int] = (0, 0),
    turn: Image.Transpose | None = None,
    **options: object,
) -> Luma:
    """Luma of an image saved at each quality, turned and ``cut`` columns and rows taken off in between."""
    for quality in qualities:
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality, **options)
        with Image.open(out) as opened:
            turned = opened if turn is None else opened.transpose(turn)
            image = turned.crop((*cut, *turned.size))
    return decode_luma(out.getvalue()).luma

"""Images saved as JPEG, and decoded again, for the pictures of the documentation."""

import io
from typing import Any

from PIL import Image


def jpeg(image: Image.Image, quality: int, **options: Any) -> bytes:
    """An image saved as JPEG; ``options``: Pillow's."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, **options)
    return out.getvalue()


def decoded(data: bytes) -> Image.Image:
    """The pixels of a JPEG."""
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB")

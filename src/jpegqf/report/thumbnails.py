"""Paths of images -> small pictures as data: URIs, made in a worker process; what cannot be read has none."""

import base64
import io
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial

from jpegqf.inputs.files import read_bytes
from jpegqf.inputs.item import Item
from jpegqf.pixels.opening import check_size, opened
from jpegqf.workers.stream import supervised

SIDE = 320
"""Pixels of the longer side: small in the table, and enough to recognize an image when it is enlarged."""
QUALITY = 60
"""Of libwebp: half the bytes of a JPEG that looks as good."""
MOST_FILE_BYTES = 2**28
MOST_PIXELS = 2**27
"""Larger images get no thumbnail."""
THUMBNAIL_SECONDS = 20.0
"""Longest that one may take."""
MOST_THUMBNAIL_BYTES = 5_000_000
"""Characters of all URIs together."""


def thumbnails(paths: Sequence[str]) -> Iterator[str | None]:
    """One data: URI or None for each path, in order, until MOST_THUMBNAIL_BYTES are reached; then all are None.

    A file that crashes its decoder, or takes longer than THUMBNAIL_SECONDS, has none. Raises WorkerError if the worker
    cannot start.
    """
    room, given = MOST_THUMBNAIL_BYTES, 0
    items = (Item(path) for path in paths)
    with closing(
        supervised(items, _maker, lambda item, reason, words: None, jobs=1, timeout=THUMBNAIL_SECONDS)
    ) as made:
        for uri in made:
            room -= len(uri or "")
            if room < 0:
                break
            given += 1
            yield uri
    yield from [None] * (len(paths) - given)


def _maker() -> partial[str | None]:
    """What a worker makes thumbnails with."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # ``MOST_PIXELS`` is the limit, told from the header
    warnings.simplefilter("ignore")  # of odd files: this process does nothing else
    return partial(thumbnail, side=SIDE)


def thumbnail(item: Item, side: int) -> str | None:
    """A WebP of at most ``side`` pixels, with its transparency if it has some, as a data: URI; None if unreadable."""
    try:
        return _made(item.name, side)
    except Exception:  # plugins raise many kinds on broken files, and a picture is an extra
        return None


def _made(path: str, side: int) -> str | None:
    from pathlib import Path

    from PIL import Image, ImageOps

    if os.path.getsize(path) > MOST_FILE_BYTES:
        return None
    with opened(read_bytes(Path(path)), MOST_PIXELS) as image:
        check_size(image.width, image.height, MOST_PIXELS, costly=True)
        image.draft("RGB", (2 * side, 2 * side))
        image.thumbnail((side, side), Image.Resampling.BOX, reducing_gap=2.0)
        upright = ImageOps.exif_transpose(image)
        small = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    out = io.BytesIO()
    small.save(out, "WEBP", quality=QUALITY)
    return f"data:image/webp;base64,{base64.b64encode(out.getvalue()).decode()}"

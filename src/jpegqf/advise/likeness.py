"""Pictures -> perceptual hashes, and groups of those that show the same picture."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jpegqf.errors import ImageError
from jpegqf.optional import imagehash
from jpegqf.pixels.opening import check_size, errors_in_words, opened

SIDE = 16
"""Of the hash, in bits: 256 bits in all. The usual 64 confuse pages of text and skies."""
SAME_WITHIN = 40
"""Most differing bits of 256 of files that show the same picture; docs/advise.md tells what was measured."""
SMALL = 256
"""Pixels of the longer side of what is hashed: the hash sees 64."""
PLAIN = 4.0
"""Standard deviation of luma, in steps of 8 bits, below which a picture is too plain for a hash to mean anything."""
COLOURED = 2.0
"""Mean distance of chroma from gray, in steps of 8 bits, from which a picture has colours."""

WIDE = ("I", "F")
"""Beginnings of Pillow's modes of samples wider than 8 bits, of which it makes no fair picture."""


@dataclass(frozen=True)
class PictureHash:
    """The 32 bytes of imagehash's phash, which sees luma alone; ``coloured``: a gray copy is another picture."""

    bits: bytes
    coloured: bool


def hash_of(data: bytes, max_pixels: int) -> PictureHash | None:
    """The hash of an image as it is shown, EXIF's orientation followed.

    None if it is unreadable, too large, too plain or not of 8 bits.
    """
    from PIL import Image, ImageOps

    try:
        with errors_in_words(data), opened(data, max_pixels) as image:
            check_size(image.width, image.height, max_pixels, costly=False)
            if image.mode.startswith(WIDE):
                return None
            image.draft("RGB", (SMALL, SMALL))
            small = ImageOps.exif_transpose(image).convert("RGB")
            small.thumbnail((SMALL, SMALL), Image.Resampling.LANCZOS, reducing_gap=3.0)
    except ImageError:
        return None
    planes = np.asarray(small.convert("YCbCr"), np.float32)
    if planes[..., 0].std() < PLAIN:
        return None
    coloured = bool(np.abs(planes[..., 1:] - 128).mean() >= COLOURED)
    return PictureHash(np.packbits(imagehash().phash(small, hash_size=SIDE).hash).tobytes(), coloured)


def groups(pictures: Sequence[PictureHash | None]) -> list[int | None]:
    """A number from 1 for each picture that has others like it, in order; None for those without.

    Each picture joins the nearest group whose first picture differs by at most SAME_WITHIN bits, so that no chain of
    small differences leads from one picture to another. Time grows with pictures times groups.
    """
    firsts: dict[bool, list[bytes]] = {True: [], False: []}
    found: list[tuple[bool, int] | None] = []
    for picture in pictures:
        if picture is None:
            found.append(None)
            continue
        known = firsts[picture.coloured]
        place = _nearest(known, picture.bits)
        if place is None:
            place = len(known)
            known.append(picture.bits)
        found.append((picture.coloured, place))
    counts = Counter(found)
    numbers: dict[tuple[bool, int], int] = {}
    return [
        None if place is None or counts[place] == 1 else numbers.setdefault(place, len(numbers) + 1) for place in found
    ]


def _nearest(known: list[bytes], bits: bytes) -> int | None:
    """The place of the nearest hash within SAME_WITHIN bits, None if there is none."""
    if not known:
        return None
    table = np.frombuffer(b"".join(known), np.uint8).reshape(len(known), -1)
    distances = np.unpackbits(table ^ np.frombuffer(bits, np.uint8), axis=1).sum(axis=1)
    place = int(distances.argmin())
    return place if distances[place] <= SAME_WITHIN else None

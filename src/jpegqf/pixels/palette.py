"""A palette image -> whether its palette holds all the colours that it ever had, or was made to hold fewer."""

import numpy as np

from jpegqf.arrays import U8
from jpegqf.pixels.codec import full_range_share

KEPT_COLOURS = 0.95
"""Share of a palette's colours that a JPEG's decoder reaches from which they are its own: means of colours are not."""
FLAT = 0.5
"""Share of pixels that are like their right neighbour from which an image may be a drawing, which needs few colours."""
NEAREST = 0.1
"""Share of the palette that counts as near to a colour."""
MOST_NEAR = 0.5
"""Share of steps to a near colour from which an image is a photograph whose colours were reduced.

There pixels step from one colour of a slope to the next. Of 54 images that have at most 256 colours of their own 22 are
taken for such, of 40 others reduced to 20, 100 and 200 colours 10, 4 and 4: they then show no trace, which is true.
"""


def keeps_colours(rows: U8, colours: U8) -> bool:
    """Whether the colours in use are all that the image ever had.

    ``rows``: some of its rows as numbers of colours, uint8 (rows, width). ``colours``: the palette, uint8 (n, 3).
    They were kept if they are those of a JPEG's decoder, or if the image looks like a drawing and their number is no
    power of two, to which palettes are made.
    """
    used = np.unique(rows)
    own = np.unique(colours[used], axis=0)
    share = full_range_share(own[None])
    if share is not None and share >= KEPT_COLOURS:
        return True
    return len(own).bit_count() > 1 and _is_drawing(rows, colours, used)


def _is_drawing(rows: U8, colours: U8, used: U8) -> bool:
    """Whether most pixels are like their neighbour, and others not near to it in colour."""
    left, right = rows[:, :-1].reshape(-1), rows[:, 1:].reshape(-1)
    steps = left != right
    if not steps.any() or steps.mean() > 1 - FLAT:
        return not steps.any()
    place = np.zeros(256, np.int64)
    place[used] = np.arange(len(used))
    shown = colours[used].astype(np.float32)
    distance = ((shown[:, None] - shown) ** 2).sum(axis=2)
    rank = distance.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    near = rank[place[left[steps]], place[right[steps]]] <= round(NEAREST * len(used))
    return bool(near.mean() < MOST_NEAR)

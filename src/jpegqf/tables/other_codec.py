"""Samples and the quality claimed for them -> whether the 8x8 grid in them is that of another codec than JPEG.

Video codecs such as MPEG-2, MPEG-4, DV, DNxHD and ProRes transform blocks of 8x8 pixels too. Their frames are converted
from a video's limited range (``jpegqf.pixels.video_range``). Frames of 10 bits leave no such trace, but no IJG table
explains their coefficients either.
"""

from jpegqf.arrays import U8
from jpegqf.pixels.codec import full_range_share
from jpegqf.pixels.luma import Luma
from jpegqf.tables.table_fit import table_fit

FINE = 90
"""Quality from which steps are so small that they seem to explain any coefficients."""
BEYOND_DOUBT = 0.999
"""Probability of a quality from which nothing else is asked."""
LEAST_FULL_RANGE = 0.5
"""Share of the colours that come from full range, as a JPEG's do, from which nothing else is asked."""


def is_unexplained(samples: U8, luma: Luma, quality: int, confidence: float) -> bool:
    """Whether a fine quality is claimed that its own table does not explain.

    ``samples``: of the image, uint8 (h, w, 3) or (h, w). ``luma``: of all of it, its first pixel on the grid.
    """
    if quality < FINE or confidence >= BEYOND_DOUBT:
        return False
    if (full_range_share(samples) or 0) >= LEAST_FULL_RANGE:
        return False
    fit = table_fit(luma, quality)
    return fit is not None and fit < 0

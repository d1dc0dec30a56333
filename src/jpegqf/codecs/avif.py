"""Bytes of an AVIF -> the quantizer of its first frame, and the quality it amounts to; decodes nothing."""

from jpegqf.codecs.av1 import Quantizer, first_quantizer
from jpegqf.codecs.iso_media import PrimaryItem

LINEAR = tuple(((100 - quality) * 63 + 50) // 100 for quality in range(101))
"""Which of 64 quantizers libavif asks of libaom for each quality (``avifQualityToQuantizer`` in ``write.c``)."""
FOR_THE_EYE = (
    63, 63, 63, 62, 62, 62, 61, 61, 60, 60, 59, 59, 58, 58, 57, 57, 56, 56, 55, 55, 54, 54, 53, 53, 52, 52, 51, 51,
    50, 50, 49, 49, 48, 48, 47, 46, 46, 45, 45, 44, 43, 43, 42, 42, 41, 40, 40, 39, 39, 38, 37, 37, 36, 36, 35, 34,
    33, 33, 32, 31, 30, 30, 29, 28, 27, 27, 26, 25, 24, 24, 23, 22, 21, 21, 20, 19, 18, 18, 17, 16, 15, 15, 14, 13,
    12, 12, 11, 10, 9, 9, 8, 7, 6, 6, 5, 4, 3, 3, 2, 1, 0,
)  # fmt: skip
"""The same where libaom is tuned for the quality of still images (``tune=iq``, the default of libavif 1.4 on).

That tuning writes quantizer matrices, by which it is told. Measured by Pillow 13.0 with libavif 1.4.2.
"""
SEQUENCE = b"avis"
"""The brand of an animation."""


def avif_quality(data: bytes) -> float | None:
    """The quality, 0 to 100, with which libavif writes such a quantizer by libaom; None where none is found.

    Of two qualities that write the same one, it is the multiple of 5 or the upper one; of more, the middle one. Pillow,
    avifenc and libheif have this scale; other encoders of AV1 have none, and other quantizers count as the nearest.
    """
    found = None if data[8:12] == SEQUENCE else avif_quantizer(data)  # frames of sequences are quantized by other rules
    if found is None:
        return None
    written = [_index(step) for step in (FOR_THE_EYE if found.matrices else LINEAR)]
    nearest = min(abs(index - found.index) for index in written)
    qualities = [quality for quality, index in enumerate(written) if abs(index - found.index) == nearest]
    if len(qualities) == 2 and qualities[0] % 5 == 0:
        return float(qualities[0])
    return float(qualities[len(qualities) // 2])


def _index(step: int) -> int:
    """The index of one of libaom's 64 quantizers (``quantizer_to_qindex`` in ``av1_quantize.c``)."""
    return 4 * step if step < 62 else (249, 255)[step - 62]


def avif_quantizer(data: bytes) -> Quantizer | None:
    """That of the primary image's first frame, or of the first tile of its grid; None if none is found."""
    try:
        return first_quantizer(PrimaryItem(data).content())
    except (EOFError, KeyError):
        return None

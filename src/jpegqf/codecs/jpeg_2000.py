"""Bytes of a JPEG 2000 -> whether its wavelet loses anything; decodes nothing."""

from jpegqf.codecs.iso_media import boxes

CODESTREAM = b"\xff\x4f\xff\x51"
"""Start of codestream, and the segment of the size, which follows it (ITU-T T.800, A.4.1 and A.5.1)."""
CODING_STYLE = 0xFF52
MOST_SEGMENTS = 64
"""Most segments of the main header that are walked."""
TRANSFORM_AT = 9
"""Where in the content of the coding style, of usual precincts or not, the wavelet is told (T.800, table A.15)."""


def is_lossy(data: bytes) -> bool:
    """Whether the wavelet is the irreversible 9-7 one.

    The reversible 5-3 one loses nothing where the encoder keeps all its bits, which no header tells.
    """
    if not data.startswith(CODESTREAM):
        at = next((start for kind, start, _ in boxes(data) if kind == b"jp2c"), len(data))
        data = data[at : at + 2**16]
    at = 2
    for _ in range(MOST_SEGMENTS):
        code, size = int.from_bytes(data[at : at + 2], "big"), int.from_bytes(data[at + 2 : at + 4], "big")
        if code == CODING_STYLE:
            return data[at + 4 + TRANSFORM_AT : at + 5 + TRANSFORM_AT] == b"\0"
        at += 2 + size
    return False

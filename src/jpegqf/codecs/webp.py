"""Bytes of a WebP -> whether it is lossy; decodes nothing."""

MOST_CHUNKS = 16
"""Most chunks walked before the first image: profile, metadata, animation, alpha."""


def is_lossy(data: bytes) -> bool:
    """Whether the first image is in a "VP8 " chunk, not in a "VP8L" one (RFC 9649, section 2)."""
    at = 12
    for _ in range(MOST_CHUNKS):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name == b"VP8L":
            return False
        at += 24 if name == b"ANMF" else 8 + size + size % 2  # a frame's chunks follow its 16 bytes
    return True

"""First bytes of a file -> the name of a container that is not read, or the codec of a WebP; decodes nothing."""

OTHERS = (
    (0, b"8BPS", "PSD"),
    (0, b"\x00\x00\x01\x00", "ICO"),
    (0, b"v/1\x01", "OpenEXR"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (0, b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    *((4, b"ftyp" + brand, "AVIF") for brand in (b"avif", b"avis")),
    *((4, b"ftyp" + brand, "HEIF") for brand in (b"heic", b"heix", b"hevc", b"hevx", b"mif1", b"msf1")),
)
"""Containers that are known and not read: offset of a signature, its bytes, the container's name."""
MOST_WEBP_CHUNKS = 16
"""Most chunks walked before the first image of a WebP: profile, metadata, animation, alpha."""


def other_container(data: bytes) -> str | None:
    """The name of an image container that is known and not read; None of any other bytes."""
    return next((name for start, mark, name in OTHERS if data.startswith(mark, start)), None)


def lossy_webp(data: bytes) -> bool:
    """Whether the first image of a WebP is in a "VP8 " chunk, not in a "VP8L" one (RFC 9649, section 2)."""
    at = 12
    for _ in range(MOST_WEBP_CHUNKS):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name == b"VP8L":
            return False
        at += 24 if name == b"ANMF" else 8 + size + size % 2  # a frame's chunks follow its 16 bytes
    return True

"""First bytes of a file -> the name of its container, and whether they are an image's at all; decodes nothing."""

import re

FIRST_BYTES = 64
"""Bytes that tell the container of every image, and that an image holds a byte which no path can hold."""
SIGNATURES = (
    (0, b"%PDF-", "PDF"),
    (128, b"DICM", "DICOM"),
    (0, b"8BPS", "PSD"),
    (0, b"\x00\x00\x01\x00", "ICO"),
    (0, b"v/1\x01", "OpenEXR"),
    (0, b"DDS ", "DDS"),
    (0, b"qoif", "QOI"),
    (0, b"icns", "ICNS"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (0, b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
)
"""Containers beside those that Pillow always reads: offset of a signature, its bytes, the container's name."""
TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""First bytes of TIFFs and of BigTIFFs, in either byte order."""
ALWAYS_READ = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF8", "GIF"),
    *((start, "TIFF") for start in TIFF_STARTS),
)
"""First bytes of containers that Pillow reads in every installation, where those are told by them alone."""
BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"), "HEIF"),
}
"""Brands of still images in ISO media files (ISO/IEC 23008-12, annex B and the AVIF specification), AVIF's first."""
MOST_BRANDS = 64
"""Most brands looked at in one file."""
BEGINNINGS = (
    b"\x00", b"\xff\xd8", b"\xff\x0a", b"\xff\x4f", b"\x89PNG", b"GIF8", b"RIFF", b"BM", b"II", b"MM", b"%PDF",
    *(b"P%d" % number for number in range(1, 7)), b"8BPS", b"v/1\x01",
)  # fmt: skip
"""First bytes of all images; names in a list may begin with some of them, too."""
_NOT_A_NAME = re.compile(rb"\xff\xd8\xff|\xff\x0a|%PDF-|P[1-6]\s+(#[^\n]*\n\s*)*\d+\s+\d+\s")
"""Beginnings of images that need not hold a zero byte soon."""


def container_name(data: bytes) -> str | None:
    """The name of an image container that Pillow does not read in every installation; None of any other bytes."""
    if data[4:8] == b"ftyp":
        size = min(int.from_bytes(data[:4], "big"), 16 + 4 * MOST_BRANDS)
        brands = {data[at : at + 4] for at in (8, *range(16, size - 3, 4))}
        return next((name for brand, name in BRANDS.items() if brand in brands), None)
    return next((name for start, mark, name in SIGNATURES if data.startswith(mark, start)), None)


def usual_container_name(data: bytes) -> str | None:
    """The name of an image container that Pillow reads in every installation; None of any other bytes, and of JPEGs."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    return next((name for mark, name in ALWAYS_READ if data.startswith(mark)), None)


def is_bytes_of_a_file(begun: bytes) -> bool:
    """Whether the first FIRST_BYTES of what may be a list of paths, one a line, are those of an image or other file.

    No path holds a zero byte, and nearly all images do.
    """
    return b"\0" in begun[:FIRST_BYTES] or _NOT_A_NAME.match(begun) is not None

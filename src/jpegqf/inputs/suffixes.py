"""The suffixes of image files and of archives."""

from collections.abc import Iterable

from jpegqf.errors import UsageError

JPEG_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif")
MULTI_PICTURE_SUFFIX = ".mpo"
TIFF_SUFFIXES = (".tif", ".tiff", ".svs")

IMAGE_SUFFIXES = frozenset(
    {
        *JPEG_SUFFIXES,
        *TIFF_SUFFIXES,
        MULTI_PICTURE_SUFFIX,
        *(".png", ".bmp", ".webp", ".ppm", ".pgm", ".gif"),
        *(".avif", ".heic", ".heif", ".hif", ".jxl", ".jp2", ".j2k", ".jpx"),
    }
)
DICOM_SUFFIXES = (".dcm", ".dicom")
DOCUMENT_SUFFIXES = (".pdf", *DICOM_SUFFIXES)
"""Of files that are read like archives, also in folders if their suffix is asked for."""
ARCHIVE_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".zip", ".parquet", *DOCUMENT_SUFFIXES)


def is_archive(name: str) -> bool:
    """Whether the name ends as an archive's does."""
    return name.lower().endswith(ARCHIVE_SUFFIXES)


def is_document(name: str) -> bool:
    """Whether the name ends as that of a PDF or DICOM file does."""
    return name.lower().endswith(DOCUMENT_SUFFIXES)


def normalize_suffixes(suffixes: Iterable[str]) -> frozenset[str]:
    """The suffixes in lower case with a leading dot. Raises UsageError if one is empty or there is none."""
    cleaned = [suffix.strip().lower() for suffix in suffixes]
    if not cleaned or any(not suffix.strip(".") for suffix in cleaned):
        raise UsageError("--exts needs at least one suffix, such as .jpg")
    return frozenset(suffix if suffix.startswith(".") else "." + suffix for suffix in cleaned)


def is_url(name: str) -> bool:
    """Whether a name is an address to fetch."""
    return name.lower().startswith(("http://", "https://"))

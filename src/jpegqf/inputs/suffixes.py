"""The suffixes of image files and of archives."""

from collections.abc import Iterable

from jpegqf.errors import UsageError

JPEG_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif")

IMAGE_SUFFIXES = frozenset(
    {
        *JPEG_SUFFIXES,
        *(".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".gif"),
        *(".avif", ".heic", ".heif", ".hif", ".jxl", ".jp2", ".j2k", ".jpx"),
    }
)
ARCHIVE_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".zip", ".parquet")


def is_archive(name: str) -> bool:
    """Whether the name ends as an archive's does."""
    return name.lower().endswith(ARCHIVE_SUFFIXES)


def normalize_suffixes(suffixes: Iterable[str]) -> frozenset[str]:
    """The suffixes in lower case with a leading dot. Raises UsageError if one is empty or there is none."""
    cleaned = [suffix.strip().lower() for suffix in suffixes]
    if not cleaned or any(not suffix.strip(".") for suffix in cleaned):
        raise UsageError("--exts needs at least one suffix, such as .jpg")
    return frozenset(suffix if suffix.startswith(".") else "." + suffix for suffix in cleaned)

"""The suffixes of files that hold images, and of archives that hold such files."""

from collections.abc import Iterable

from jpegqf.errors import UsageError

JPEG_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif")

IMAGE_SUFFIXES = frozenset({*JPEG_SUFFIXES, ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".gif"})
ARCHIVE_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".zip", ".parquet")


def is_archive(name: str) -> bool:
    """Whether the suffix names an archive."""
    return name.lower().endswith(ARCHIVE_SUFFIXES)


def normalize_suffixes(suffixes: Iterable[str]) -> frozenset[str]:
    """Lower-case suffixes with their dot. Raises UsageError for an empty one."""
    cleaned = [suffix.strip().lower() for suffix in suffixes]
    if not cleaned or any(not suffix.strip(".") for suffix in cleaned):
        raise UsageError("--exts needs at least one suffix, such as .jpg")
    return frozenset(suffix if suffix.startswith(".") else "." + suffix for suffix in cleaned)

"""A path -> the bytes of a regular file, bounded; what the system says of it becomes an error in words."""

import os
import stat

from jpegqf.errors import ImageBrokenError, ImageSkippedError, Reason
from jpegqf.limits import MAX_FILE_BYTES

UNKNOWN_SIZE_BYTES = 2**20
"""Bytes read of a file that says it has none, as those of some virtual file systems do."""


def read_bytes(path: str | os.PathLike[str], most: int = MAX_FILE_BYTES) -> bytes:
    """A regular file of at most MAX_FILE_BYTES, or its beginning, ``most`` bytes or (on a slow disk) fewer.

    Errors as for :func:`read_luma`.
    """
    try:
        info = os.stat(path)
        if stat.S_ISDIR(info.st_mode):
            raise ImageBrokenError(Reason.UNREADABLE, _folder_in_words(path))
        if not stat.S_ISREG(info.st_mode):
            raise ImageBrokenError(Reason.UNREADABLE, "not a regular file")
        if info.st_size > MAX_FILE_BYTES:
            words = f"file of {info.st_size} bytes is over the limit of {MAX_FILE_BYTES}"
            raise ImageSkippedError(Reason.TOO_LARGE, words)
        with open(path, "rb", buffering=0 if most < info.st_size else -1) as file:
            return file.read(min(most, info.st_size or UNKNOWN_SIZE_BYTES))
    except OSError as error:
        raise unreadable(error) from None
    except ValueError:
        raise ImageBrokenError(Reason.UNREADABLE, "cannot be read: no file can have this name") from None


def unreadable(error: OSError) -> ImageBrokenError:
    """What the system said of a file, as ours."""
    words = (error.strerror or str(error) or "input/output error").lower()
    return ImageBrokenError(Reason.UNREADABLE, f"cannot be read: {words}")


def _folder_in_words(path: str | os.PathLike[str]) -> str:
    readable = os.access(path, os.R_OK | os.X_OK)
    return "a folder, not a regular file" if readable else "a folder that cannot be read: permission denied"

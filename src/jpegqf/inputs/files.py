"""Reads the bytes of a regular file within a limit, and turns system errors into messages."""

import os
import stat

from jpegqf.errors import ImageBrokenError, ImageSkippedError, Reason
from jpegqf.limits import MAX_FILE_BYTES

UNKNOWN_SIZE_BYTES = 2**20
"""Bytes read from a file whose size is given as 0, as by some virtual file systems."""


def read_bytes(path: str | os.PathLike[str], most: int = MAX_FILE_BYTES) -> bytes:
    """The bytes of a regular file, or only its first ``most`` bytes; a slow disk may give fewer.

    Raises ImageSkippedError for a file of more than MAX_FILE_BYTES, ImageBrokenError for one that cannot be read.
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
    """The error of the operating system as an ImageBrokenError with one line of text."""
    words = (error.strerror or str(error) or "input/output error").lower()
    return ImageBrokenError(Reason.UNREADABLE, f"cannot be read: {words}")


def _folder_in_words(path: str | os.PathLike[str]) -> str:
    readable = os.access(path, os.R_OK | os.X_OK)
    return "a folder, not a regular file" if readable else "a folder that cannot be read: permission denied"

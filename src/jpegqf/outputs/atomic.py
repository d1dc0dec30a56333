"""Writes a text file in one step: readers see the complete file or none."""

import os
from contextlib import suppress


def write_whole(path: str, text: str) -> None:
    """Write ``text`` as UTF-8 to a temporary file beside ``path``, then rename it; missing folders are created.

    Raises OSError, or ValueError for a name that no file can have. A file already at ``path`` is then unchanged.
    """
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    part = f"{path}.{os.urandom(4).hex()}.part"
    try:
        with open(part, "x", encoding="utf-8", newline="\n") as file:  # never through a link that somebody left there
            file.write(text)
        os.replace(part, path)
    except BaseException:
        with suppress(OSError, ValueError):
            os.remove(part)
        raise

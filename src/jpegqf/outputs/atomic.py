"""Writes a file in one step: readers see the complete file or none."""

import os
from contextlib import suppress


def write_whole(path: str, content: str | bytes) -> None:
    """Write bytes, or a text as UTF-8, to a temporary file beside ``path``, then rename it; missing folders are made.

    Raises OSError, or ValueError for a name that no file can have. A file already at ``path`` is then unchanged.
    """
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    part = f"{path}.{os.urandom(4).hex()}.part"
    try:
        with open(part, "xb") as file:  # never through a link that somebody left there
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
        os.replace(part, path)
    except BaseException:
        with suppress(OSError, ValueError):
            os.remove(part)
        raise

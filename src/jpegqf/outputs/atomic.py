"""A text -> a file that appears under its name when it is whole, or not at all."""

import os
from contextlib import suppress


def write_whole(path: str, text: str) -> None:
    """Write UTF-8 beside ``path``, under a name that nothing has, then rename; parents are created.

    Raises OSError, or ValueError for a name that no file can have; what had the name ``path`` is then untouched.
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

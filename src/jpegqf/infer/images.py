"""A file or a folder -> the images in it, in sorted order."""

import os
from pathlib import Path

from jpegqf.errors import UsageError


def find_images(path: str, suffixes: frozenset[str], recursive: bool = False) -> list[str]:
    """Paths of the images, sorted; each begins with ``path`` as given.

    A file is taken if its suffix is among ``suffixes``; in a folder only such names are taken, whatever
    they are (a broken link or a folder named ``x.jpg`` is reported later, not lost), and so is a subfolder
    that cannot be read. Linked folders are not entered. Raises UsageError if there is nothing to take.
    """
    if os.path.isdir(path):
        found = _scan(path, suffixes, recursive)
        if not found:
            depth = "" if recursive else "; --recursive descends into subfolders"
            raise UsageError(f"no image with suffix {' '.join(sorted(suffixes))} in {path!r}{depth}")
        return sorted(found)
    if not os.path.lexists(path):
        raise UsageError(f"no such file or folder: {path!r}")
    if Path(path).suffix.lower() not in suffixes:
        allowed = " ".join(sorted(suffixes))
        raise UsageError(f"the suffix of {path!r} is not among {allowed}; --exts chooses others")
    return [path]


def _scan(folder: str, suffixes: frozenset[str], recursive: bool) -> list[str]:
    found: list[str] = []

    def note_unreadable(error: OSError) -> None:
        if error.filename == folder:
            raise UsageError(f"cannot read folder {folder!r}: {(error.strerror or '').lower()}")
        found.append(error.filename)

    for parent, folders, files in os.walk(folder, onerror=note_unreadable):
        entered = {name for name in folders if recursive and not os.path.islink(os.path.join(parent, name))}
        named = (name for name in files + folders if name not in entered)
        found += [os.path.join(parent, name) for name in named if Path(name).suffix.lower() in suffixes]
        if not recursive:
            break
    return found

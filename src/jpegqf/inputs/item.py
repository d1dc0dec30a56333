"""What to inspect: an item (one image), or an archive of images."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """One image to inspect.

    ``name``: its path, or ``archive!member``. ``data``: its bytes if it comes from an archive or a request; None if it
    is a file. ``problem``: why it cannot even be opened, such as a folder without permission or a broken archive.
    """

    name: str
    data: bytes | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Archive:
    """A tar, zip or Parquet file that is not opened yet."""

    name: str


Entry = Item | Archive

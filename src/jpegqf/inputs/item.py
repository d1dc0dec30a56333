"""One thing to inspect, and an archive of them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """One thing to inspect: ``data`` holds the bytes of an archive's member, None for a file of its own.

    ``problem`` says why it cannot even be opened: a folder without permission, a broken archive.
    """

    name: str
    data: bytes | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Archive:
    """A tar, zip or Parquet file, not opened yet."""

    name: str


Entry = Item | Archive

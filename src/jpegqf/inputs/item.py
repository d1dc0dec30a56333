"""What to inspect: an item (one image), or an archive of images."""

from dataclasses import dataclass

from jpegqf.errors import Reason
from jpegqf.inputs.suffixes import is_url


@dataclass(frozen=True)
class Item:
    """One image to inspect.

    ``name``: its path, or ``archive!member``. ``data``: its bytes if it comes from an archive or a request; None if it
    is a file. ``problem``: why it cannot even be opened, such as a folder without permission or a broken archive.
    ``reason``: the same as a code. ``file``: the file to read if its name is another; ``page``: which page of a TIFF
    or picture of a multi-picture JPEG, from 1, None for the file as a whole.
    ``lossless_claim``: where what it comes from says that it was never compressed with loss, so in words.
    """

    name: str
    data: bytes | None = None
    problem: str | None = None
    reason: Reason = Reason.UNREADABLE
    file: str | None = None
    page: int | None = None
    lossless_claim: str | None = None

    def source(self) -> str | bytes:
        """What to read: its bytes, fetched where its name is an http address, or else the path of its file.

        Raises ImageSkippedError or ImageBrokenError for an address of which nothing can be fetched.
        """
        if self.data is None and is_url(self.name):
            from jpegqf.inputs.urls import fetched  # 30 ms of a start, where there is an address

            return fetched(self.name)
        return (self.file or self.name) if self.data is None else self.data


@dataclass(frozen=True)
class Archive:
    """A tar, zip, Parquet, PDF or DICOM file that is not opened yet."""

    name: str


Entry = Item | Archive

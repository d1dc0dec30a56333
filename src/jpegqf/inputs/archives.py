"""Reads the images of a tar, zip, Parquet, PDF or DICOM file one by one. None is trusted: lengths are bounded."""

import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from jpegqf.errors import MissingExtraError, Reason
from jpegqf.inputs.item import Item
from jpegqf.inputs.suffixes import DICOM_SUFFIXES, is_document
from jpegqf.limits import MAX_MEMBER_BYTES
from jpegqf.names import in_one_line

MAX_TAR_HEADER = 2**20
"""Longest header with a long name or attributes that is read, in bytes, since such headers are held in memory."""
TAR_HEADERS = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)


def archive_items(name: str, suffixes: frozenset[str], file: IO[bytes] | None = None) -> Iterator[Item]:
    """The images of an archive as items named ``name!member``, read from ``file`` or else from the file ``name``.

    Only for tar may ``file`` be a stream that cannot seek. If the archive is damaged, the last item has a problem
    that says so; so has a PDF or DICOM file without the extra that reads it. Raises MissingExtraError for Parquet
    without pyarrow.
    """
    document = is_document(name)
    try:
        yield from _members(name, suffixes, file)
    except MissingExtraError as missing:
        if not document:
            raise
        yield Item(name, problem=str(missing), reason=Reason.UNSUPPORTED)
    except Exception as error:  # the readers raise many kinds on hostile bytes
        yield Item(name, problem=f"archive cannot be read to its end: {in_one_line(error)}")


def _members(name: str, suffixes: frozenset[str], file: IO[bytes] | None) -> Iterator[Item]:
    """The same, by what the name ends with; raises what the readers raise."""
    lowered = name.lower()
    if lowered.endswith(".parquet"):
        from jpegqf.inputs.parquet import parquet_items

        yield from parquet_items(name, file, MAX_MEMBER_BYTES)
    elif lowered.endswith(".pdf"):
        from jpegqf.inputs.pdf import pdf_items

        yield from pdf_items(name, file)
    elif lowered.endswith(DICOM_SUFFIXES):
        from jpegqf.inputs.dicom import dicom_items

        yield from dicom_items(name, file)
    elif lowered.endswith(".zip"):
        yield from _zip_items(name, suffixes, file)
    else:
        yield from _tar_items(name, suffixes, file)


class _TarInfo(tarfile.TarInfo):
    """A member's header, read more strictly than by Python.

    Python takes a damaged header for the end of the archive; here it is an error. Long headers are limited.
    """

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> "_TarInfo":
        """See the base class. Raises ReadError for a header that is damaged or cut."""
        try:
            return super().fromtarfile(archive)
        except tarfile.HeaderError as error:
            if type(error).__name__ in ("EOFHeaderError", "EmptyHeaderError"):  # the regular end
                raise
            raise tarfile.ReadError(str(error)) from None

    @classmethod
    def frombuf(cls, *arguments: Any, **more: Any) -> "_TarInfo":
        """See the base class. Raises ReadError above MAX_TAR_HEADER bytes."""
        info = super().frombuf(*arguments, **more)
        if info.type in TAR_HEADERS and info.size > MAX_TAR_HEADER:
            raise tarfile.ReadError(f"a member's header of {info.size} bytes is over the limit of {MAX_TAR_HEADER}")
        return info


def _tar_items(path: str, suffixes: frozenset[str], file: IO[bytes] | None) -> Iterator[Item]:
    with tarfile.open(path, "r|*", file, tarinfo=_TarInfo) as archive:
        for member in archive:
            archive.members = []  # type: ignore[attr-defined]  # it would keep all it has seen
            if member.isreg() and Path(member.name).suffix.lower() in suffixes:
                yield _member(path, member.name, lambda member=member: archive.extractfile(member))  # type: ignore[misc]


def _zip_items(path: str, suffixes: frozenset[str], file: IO[bytes] | None) -> Iterator[Item]:
    with zipfile.ZipFile(file or path) as archive:
        for info in archive.infolist():
            if not info.is_dir() and Path(info.filename).suffix.lower() in suffixes:
                yield _member(path, info.filename, lambda info=info: archive.open(info))  # type: ignore[misc]


def _member(archive: str, name: str, open_member: Callable[[], IO[bytes] | None]) -> Item:
    """The item of one member, with its bytes or a problem. Bytes are counted, as its header may lie about the size."""
    place = f"{archive}!{name}"
    try:
        file = open_member()
        data = file.read(MAX_MEMBER_BYTES + 1) if file else b""
        if len(data) > MAX_MEMBER_BYTES:
            return Item(place, problem=f"member of an archive is over the limit of {MAX_MEMBER_BYTES} bytes")
        return Item(place, data)
    except (tarfile.TarError, OSError):
        raise  # of the archive itself: nothing after it can be read
    except Exception as error:  # an encrypted or damaged member raises many kinds
        return Item(place, problem=f"member of an archive cannot be read: {error}")

"""The exceptions of the package, all subclasses of JpegqfError, and the reasons why an image was not judged."""

from enum import Enum


class JpegqfError(Exception):
    """Base of all errors raised on purpose; the message is one line, written for people."""


class UsageError(JpegqfError):
    """A bad call: no such input, a suffix that is not allowed, a device that is absent."""


class CheckpointError(JpegqfError):
    """A checkpoint that cannot be used: truncated, hostile, of another architecture or too new."""


class WorkerError(JpegqfError):
    """Worker processes cannot be started."""


class DeviceError(JpegqfError):
    """A GPU that cannot do the work: out of memory, a driver too old."""


class OutputError(JpegqfError):
    """An output cannot be written any more: the disk is full, its folder is gone. What it held stays readable."""


class MissingExtraError(JpegqfError):
    """An optional dependency is absent; the message names the command that installs it."""


class Reason(str, Enum):
    """Why an image was not judged, as a code for programs."""

    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    TOO_LITTLE_INFORMATION = "too_little_information"
    NOT_A_JPEG = "not_a_jpeg"
    NOT_8_BIT = "not_8_bit"
    REDUCED_COLOURS = "reduced_colours"
    CROPPED = "cropped"
    """Not restored: the JPEG's grid does not start at the first pixel, or the image was turned."""
    HAS_ALPHA = "has_alpha"
    """Not restored: a JPEG has no alpha channel."""
    LOSSY = "lossy"
    """Not restored: the file is a JPEG already, or of another lossy format."""
    NOT_IDENTICAL = "not_identical"
    """Not restored: no JPEG was found whose pixels are all the same."""
    UNREADABLE = "unreadable"
    EMPTY = "empty"
    NOT_AN_IMAGE = "not_an_image"
    TRUNCATED = "truncated"
    CORRUPT = "corrupt"
    UNSUPPORTED = "unsupported"
    CRASHED = "crashed"
    """The process that looked at it ended: a fault in a codec or in this package."""
    TIMEOUT = "timeout"
    """It took longer than allowed."""


class ImageError(JpegqfError):
    """An image that gets an issue instead of an answer: ``reason`` for programs, the message for people."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class ImageSkippedError(ImageError):
    """An image that is sound but cannot be judged: too small, too large, too little information."""


class ImageBrokenError(ImageError):
    """An image that cannot be read: truncated, corrupt, not an image, unreadable."""


class HeaderError(JpegqfError):
    """Bytes that hold no readable JPEG header: not a JPEG, or nothing of use in it."""

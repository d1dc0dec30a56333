"""One exception tree: what a caller may catch, and nothing else, leaves the package."""


class JpegqfError(Exception):
    """Base of all errors raised on purpose; the message is one line, written for people."""


class UsageError(JpegqfError):
    """A bad call: no such input, a suffix that is not allowed, a device that is absent."""


class CheckpointError(JpegqfError):
    """A checkpoint that cannot be used: truncated, hostile, of another architecture or too new."""


class MissingExtraError(JpegqfError):
    """An optional dependency is absent; the message names the command that installs it."""


class ImageSkippedError(JpegqfError):
    """An image that is sound but cannot be judged: too small, too large, too little information."""


class ImageBrokenError(JpegqfError):
    """An image that cannot be read: truncated, corrupt, not an image, unreadable."""


class HeaderError(JpegqfError):
    """Bytes that hold no readable JPEG header: not a JPEG, or nothing of use in it."""

"""Sizes above which images and files are not looked at."""

MAX_FILE_BYTES = 2**31
"""Of a file, which is held in memory while it is looked at."""
MAX_MEMBER_BYTES = 2**28
"""Of an archive's member, and of an image on standard input, which are held in memory until they were looked at.

Sizes that an archive tells are not trusted: bytes are counted.
"""
MAX_PIXELS = 2**30
"""Larger images are never decoded: the luma of a baseline JPEG alone would fill a gigabyte."""
MAX_COSTLY_PIXELS = 2**28
"""The same where decoding holds all channels or all coefficients at once: 4 to 8 bytes a pixel."""
DEFAULT_PIXELS = 178_956_970
"""Larger images are skipped unless asked for: they hold gigabytes while they are decoded. It is Pillow's own limit."""

SEARCH_SHARE = 0.5
"""Share of the time that an image may take after which no further search for its JPEG is begun: its row must not be
lost."""

"""``jpegqf header``: what the headers of JPEGs tell."""

import sys
from collections import Counter

import click

from jpegqf.cli import options
from jpegqf.errors import JpegqfError
from jpegqf.terminal import exit_code, print_lines, say

HEADER_EPILOG = """\b
Exit codes: 0 every header was read, 1 none was, 3 some were.
\b
Examples:
  jpegqf header photo.jpg"""


@click.command(epilog=HEADER_EPILOG, short_help="What the headers of JPEGs tell: qualities, encoder, tables.")
@options.files
def header(files: tuple[str, ...]) -> None:
    """Print what each JPEG's header tells: qualities, encoder, tables."""
    from jpegqf.inputs.files import read_bytes
    from jpegqf.jpeg.encoders import identify
    from jpegqf.jpeg.header import read_header
    from jpegqf.names import printable
    from jpegqf.views.header_text import header_lines

    counts: Counter[str] = Counter()
    for name in files:
        try:
            found = read_header(read_bytes(name))
            lines = header_lines(printable(name), found, identify(found))
        except JpegqfError as error:
            say(f"{printable(name)}: {error}")
            counts["error"] += 1
            continue
        print_lines(lines)
        counts["ok"] += 1
    sys.exit(exit_code(counts))

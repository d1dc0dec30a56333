"""``jpegqf explain``: the evidence of one image in words and as a picture."""

import io
import os
import sys

import click

from jpegqf.cli import options
from jpegqf.cli.ending import folders_told
from jpegqf.errors import JpegqfError, Reason
from jpegqf.terminal import Refused, print_lines, say

EXPLAIN_EPILOG = """\b
Exit codes: 0 the pixels were judged; 1 they were not; 2 bad call, or a picture that cannot be written.
\b
Examples:
  jpegqf explain photo.jpg
  jpegqf explain photo.jpg --plot evidence.pdf"""
SUFFIXES = (".png", ".svg", ".pdf")
"""Of pictures."""


@click.command(epilog=EXPLAIN_EPILOG, short_help="The evidence of one image in words, and as a picture.")
@click.argument("file", metavar="FILE", shell_complete=options.complete_files)
@click.option("--plot", "picture", metavar="FILE", shell_complete=options.complete_files,
              help="Write a picture of the evidence; .png .svg .pdf; needs the extra plot.")  # fmt: skip
@options.overwrite("the picture if it exists")
@options.max_pixels()
def explain(file: str, picture: str | None, overwrite: bool, max_pixels: int) -> None:
    """Tell the evidence of one image in words, and as a picture with --plot."""
    from jpegqf.inputs.files import read_bytes
    from jpegqf.inspection.inspector import default_predictor
    from jpegqf.inspection.to_record import to_record
    from jpegqf.names import printable
    from jpegqf.scanning.look import Look
    from jpegqf.views.explain import explain_lines
    from jpegqf.views.plot import plot

    _check_picture(picture, file, overwrite)
    try:
        found = Look(max_pixels=max_pixels).prepared().look(read_bytes(file), printable(file))
        record = to_record(found)
        print_lines(explain_lines(found, record))
        if record.reason == Reason.TOO_LARGE:
            say(f"--max-pixels {max_pixels} was the limit; a larger one has the image judged, where memory allows")
        drawing = io.BytesIO()
        if picture and plot(found, record, default_predictor(), drawing, picture[-3:].lower()):
            with folders_told([picture], quiet=False):
                _write_picture(picture, drawing.getvalue())
        elif picture:
            say(f"nothing was drawn: there are no judged pixels, and {printable(picture)!r} was not written")
    except JpegqfError as error:
        raise Refused(str(error)) from None
    sys.exit(0 if found.prediction else 1)


def _check_picture(picture: str | None, file: str, overwrite: bool) -> None:
    """Raise Refused for a --plot that has another suffix, is the image itself, or exists and may not be replaced."""
    if not picture:
        return
    if not picture.lower().endswith(SUFFIXES):
        raise Refused(f"--plot {picture!r}: the suffix must be one of {' '.join(SUFFIXES)}")
    if os.path.lexists(picture) and not overwrite:
        raise Refused(f"--plot {picture!r} exists; --overwrite replaces it")
    if os.path.realpath(picture) == os.path.realpath(file):
        raise Refused(f"--plot {picture!r} is the image itself")


def _write_picture(picture: str, data: bytes) -> None:
    """Write the file whole or not at all. Raises Refused if it cannot be written."""
    from jpegqf.outputs.atomic import write_whole

    try:
        write_whole(picture, data)
    except (OSError, ValueError) as error:
        raise Refused(f"--plot {picture!r} cannot be written: {getattr(error, 'strerror', None) or error}") from None

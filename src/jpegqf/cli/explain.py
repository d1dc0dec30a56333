"""``jpegqf explain``: the evidence of one image in words and as a picture."""

import io
import os
import sys

import click

from jpegqf.cli import options
from jpegqf.errors import JpegqfError
from jpegqf.terminal import Refused, print_lines, say


@click.command()
@click.argument("file", metavar="FILE")
@click.option("--plot", "picture", metavar="PNG", help="Write a picture of the evidence; needs jpegqf[plot].")
@options.overwrite("the picture if it exists")
def explain(file: str, picture: str | None, overwrite: bool) -> None:
    """Tell the evidence of one image in words, and as a picture with --plot."""
    from jpegqf.inputs.files import read_bytes
    from jpegqf.inspection.inspector import Inspector, default_predictor
    from jpegqf.inspection.to_record import to_record
    from jpegqf.names import printable
    from jpegqf.views.explain import explain_lines
    from jpegqf.views.plot import plot

    _check_picture(picture, file, overwrite)
    try:
        predictor = default_predictor()
        found = Inspector(predictor).look(read_bytes(file), printable(file))
        lines = explain_lines(found, to_record(found))
        print_lines(lines)
        drawing = io.BytesIO()
        if picture and plot(found, predictor, lines[0], drawing):
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
    if not picture.lower().endswith(".png"):
        raise Refused(f"--plot {picture!r}: the suffix must be .png")
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

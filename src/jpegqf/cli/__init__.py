"""The command ``jpegqf``: what is done with files without a command, and the commands, a module each."""

import os
import sys

import click

from jpegqf.cli import options
from jpegqf.cli.advise import advise
from jpegqf.cli.explain import explain
from jpegqf.cli.header import header
from jpegqf.cli.report import report
from jpegqf.cli.restore import restore
from jpegqf.cli.scan import scan
from jpegqf.cli.serve import serve
from jpegqf.front_door import FrontDoor, are_few_files, tell_files
from jpegqf.version import __version__

# The matrices are small: a second BLAS thread costs more than it gives. NumPy reads this when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

FILES_EPILOG = """\b
Exit codes: 0 every image was judged; 1 none was; 2 bad call; 3 some were.
\b
Examples:
  jpegqf photo.jpg
  jpegqf before.jpg after.png"""

GROUP_EPILOG = """\b
Without a command, files are told one by one, and folders, globs and archives scanned:
  jpegqf photo.jpg
  jpegqf photos"""


@click.group(
    cls=FrontDoor,
    context_settings={"help_option_names": ["-h", "--help"]},
    subcommand_metavar="FILE... | COMMAND [ARGS]...",
    epilog=GROUP_EPILOG,
)
@click.version_option(__version__, prog_name="jpegqf")
def main() -> None:
    """Tell how hard images were compressed as JPEG: from header, pixels and history."""


@click.command("jpegqf", epilog=FILES_EPILOG)
@options.files
@click.pass_context
def tell(ctx: click.Context, files: tuple[str, ...]) -> None:
    """Tell the story of one or a few images: verdict, quality, header, pixels, history, regions, and what is odd.

    Folders, globs, lists, archives and more than a dozen files are scanned, as `jpegqf scan` does without flags.
    """
    if not are_few_files(files):
        ctx.invoke(scan, paths=files)
    sys.exit(tell_files(files))


main.files_command = tell
for command in (scan, explain, header, report, advise, restore, serve):
    main.add_command(command)

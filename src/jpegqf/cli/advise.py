"""``jpegqf advise``: one row of advice per image."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from jpegqf.cli import options
from jpegqf.cli.ending import carry_out
from jpegqf.cli.scan import request_of
from jpegqf.cli.showing import Showing

if TYPE_CHECKING:
    from jpegqf.scanning.job import Job

ADVISE_EPILOG = """\b
Exit codes: as of scan.
\b
Examples:
  jpegqf advise photos --recursive -o advice.csv
  jpegqf advise photos --recursive --duplicates -o advice.db"""


@click.command(epilog=ADVISE_EPILOG, short_help="What to do with images: one row of advice per image.")
@options.paths
@options.recursive
@options.outputs
@options.row_format
@options.overwrite()
@options.exts
@click.option("--duplicates", is_flag=True, help="Tell files that show the same picture, and which to keep; needs "
                                                 "the extra duplicates.")  # fmt: skip
@click.option("--prove", is_flag=True, help="Restore each PNG and the like that was a JPEG, in memory: tell what "
                                            "that would save; needs the extra restore.")  # fmt: skip
@options.jobs()
@options.device
@options.max_pixels()
@options.timeout()
@options.quiet
def advise(duplicates: bool, prove: bool, **flags: Any) -> None:
    """What the evidence means for somebody who must act: one row of advice per image.

    PATH is what scan takes. Nothing is changed.
    """

    def job() -> "tuple[Job, Callable[[], None]]":
        from jpegqf.advise.advice import ROWS, advice_line
        from jpegqf.advise.job import AdviseJob

        showing = Showing.take_from(flags)
        found = AdviseJob(request_of(flags), duplicates=duplicates, prove=prove)
        return found, lambda: showing.run(found, ROWS, advice_line)

    carry_out(job)

"""``jpegqf serve``: a local web page and an API."""

from typing import Any

import click

from jpegqf.cli import options
from jpegqf.errors import JpegqfError
from jpegqf.optional import missing
from jpegqf.terminal import Refused, say

SERVE_EPILOG = """\b
Exit codes: 0 ended by Ctrl-C or SIGTERM; 2 bad call, the port is in use, or workers cannot start.
\b
Examples:
  jpegqf serve --open
  jpegqf serve --port 0 --jobs 4
  jpegqf serve --host 0.0.0.0 --token-file token.txt"""


@click.command(epilog=SERVE_EPILOG, short_help="A local page to drop images on, and an API for programs.")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="NAME",
              help="Address to listen on; any but loopback is reached from the network.")  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65_535), default=8000, show_default=True, help="0: any free one.")
@click.option("open_page", "--open", is_flag=True, help="Open the page in the browser of this machine.")
@options.jobs(also=("--workers",))
@click.option("--max-body", type=click.IntRange(1, 2**31), default=2**26, show_default=True, metavar="BYTES",
              help="Of a request: 413 above.")  # fmt: skip
@click.option("--max-images", type=click.IntRange(1, 10_000), default=100, show_default=True, metavar="N",
              help="In a request: 422 above.")  # fmt: skip
@options.max_pixels("Of an image, told from its header: 422 above.")
@options.timeout("Give up an image that takes longer: 422.")
@click.option("--max-requests", type=click.IntRange(1, 10_000), default=32, show_default=True, metavar="N",
              help="With images, at once: 429 above. Each may hold --max-body twice in memory.")  # fmt: skip
@click.option(
    "--token-file",
    metavar="FILE",
    shell_complete=options.complete_files,
    help="Ask for the bearer token in this file's first line.",
)
@click.option("origins", "--allow-origin", multiple=True, metavar="ORIGIN",
              help="Let pages of this origin call, https://example.org; repeatable.")  # fmt: skip
@click.option("hosts", "--allow-host", multiple=True, metavar="NAME",
              help="Answer requests that address this name, too; repeatable. With a --host that is not loopback: only "
                   "these names, that host and the loopback names.")  # fmt: skip
def serve(token_file: str | None, **asked: Any) -> None:
    """Serve a local web page to drop images on, and an API for programs; needs the extra serve.

    Images are looked at in memory and stored nowhere. Unless --host says otherwise only this machine is answered.
    """
    try:
        from jpegqf.serving.run import serve as run
        from jpegqf.serving.settings import Limits, Settings, checked_origin, read_token
    except ImportError as error:
        raise Refused(str(missing("the server", str(error.name), "serve"))) from None
    limits = Limits(*(asked.pop(name) for name in ("max_body", "max_pixels", "max_images", "timeout", "max_requests")))
    try:
        token = read_token(token_file) if token_file else None
        asked["origins"] = tuple(map(checked_origin, asked["origins"]))
        run(Settings(limits=limits, token=token, workers=asked.pop("jobs"), **asked), say)
    except JpegqfError as error:
        raise Refused(str(error)) from None

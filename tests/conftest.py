"""Images that PyPI packages ship (public domain or CC0), and the bundled model."""

import io
import os
import re
import struct
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

# Before NumPy is imported: threads that wait for each other cost the tests more than half of their time.
for pool in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(pool, "1")

import numpy as np
import pytest
import skimage.data
from hypothesis import settings
from PIL import Image

from jpegqf.arrays import I64
from jpegqf.jpeg.header import read_header
from jpegqf.model.checkpoint import load_model
from jpegqf.model.predictor import Predictor
from jpegqf.pixels.luma import Luma
from jpegqf.record import Record

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

pytest_plugins = ["page_fixtures"]
"""Fixtures of tests/serving/page."""

REPOSITORY = Path(__file__).parents[1]
PTH = REPOSITORY / "checkpoints" / "model.pth"

NO_WORKERS = {"--numprocesses": "auto", "--dist": "worksteal"}
"""What ``addopts`` asks of pytest-xdist; without it (not installed, or ``-p no:xdist``) these say nothing."""


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    if not pluginmanager.hasplugin("xdist"):
        group = parser.getgroup("xdist, absent")
        for option, value in NO_WORKERS.items():
            group.addoption(option, default=value, help="needs pytest-xdist; ignored")


# Run by every new process as sitecustomize.py: a codec that crashes or hangs on marked files.
CRASHER = """
import os, signal, simplejpeg
decode = simplejpeg.decode_jpeg
def crash(data, *more, **options):
    if b"kill me" in data:
        os.kill(os.getpid(), signal.SIGSEGV)
    if b"hang me" in data:
        signal.pause()
    return decode(data, *more, **options)
simplejpeg.decode_jpeg = crash
"""
MakeJpeg = Callable[..., bytes]
LumaWith = Callable[..., Luma]
TurnJpeg = Callable[[int, Image.Image], bytes]

LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
from jpegqf.errors import CheckpointError
from jpegqf.model.checkpoint import load_model

load_model(sys.argv[1], "cpu")
limit = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + 256 * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    load_model(sys.argv[2], "cpu")
except CheckpointError as error:
    print(error)
"""


def png(image: Image.Image) -> bytes:
    """A PNG of an image, packed in little time: how small it is matters to no test."""
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def in_cells(records: Iterable[Record]) -> list[Record]:
    """Records as a table of cells holds them: without their lists."""
    return [replace(record, pixel_table=None, region_list=None) for record in records]


def refusal_in_little_memory(path: Path) -> str:
    """The CheckpointError for a checkpoint, where 256 MiB more may be used than loading the bundled one took."""
    command = [sys.executable, "-c", LITTLE_MEMORY, str(PTH), str(path)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert told.returncode == 0, told.stderr
    return told.stdout


def on_a_terminal(*arguments: str, **environment: str) -> str:
    """What the command prints on a terminal 100 columns wide."""
    pty = pytest.importorskip("pty", reason="a terminal of POSIX")
    primary, secondary = pty.openpty()
    fcntl, termios = (pytest.importorskip(name, reason="a terminal of POSIX") for name in ("fcntl", "termios"))
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("4H", 40, 100, 0, 0))  # rows, columns, pixels
    command = [sys.executable, "-m", "jpegqf", *arguments]
    more = {"COLUMNS": "100", "LINES": "40", "TERM": "xterm-256color", "NO_COLOR": "", **environment}
    with subprocess.Popen(command, stdout=secondary, stderr=secondary, env=os.environ | more) as process:
        os.close(secondary)
        text = b""
        while True:
            try:
                part = os.read(primary, 65_536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            text += part
        process.wait(timeout=60)
    os.close(primary)
    return re.sub(r"[^\n]*\r(?=[^\n])", "", text.decode().replace("\r\n", "\n"))  # what was written over is gone


@pytest.fixture(scope="session")
def photo() -> Image.Image:
    """Eileen Collins, NASA, public domain: 512x512 RGB."""
    return Image.fromarray(skimage.data.astronaut())


@pytest.fixture(scope="session")
def cat() -> Image.Image:
    """Chelsea, CC0 by Stefan van der Walt: 451x300 RGB."""
    return Image.fromarray(skimage.data.chelsea())


@pytest.fixture(scope="session")
def jpeg(photo: Image.Image) -> MakeJpeg:
    """Bytes of an image saved as JPEG: ``jpeg(quality, image=photo, **options of Pillow)``.

    Without a quality, tables among the options are written as they are; with one, Pillow scales them.
    """

    def make(quality: int | None, image: Image.Image = photo, **options: object) -> bytes:
        out = io.BytesIO()
        image.save(out, "JPEG", **options, **({} if quality is None else {"quality": quality}))
        return out.getvalue()

    return make


@pytest.fixture(scope="session")
def luma_with(jpeg: MakeJpeg, photo: Image.Image) -> LumaWith:
    """``luma_with(table, image=photo)``: luma as from a PNG of a JPEG with these 64 steps for all components."""

    def make(table: I64, image: Image.Image = photo) -> Luma:
        data = jpeg(None, image, qtables=[table.reshape(64).tolist()] * 2, subsampling=0)
        return Luma.from_rgb(np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))

    return make


@pytest.fixture(scope="session")
def predictor() -> Predictor:
    return Predictor(load_model(PTH, "cpu"))


@pytest.fixture(scope="session")
def turned_jpeg(jpeg: MakeJpeg) -> TurnJpeg:
    """A JPEG at a quality, turned by 90 degrees without being decoded: coefficients and tables transposed."""

    def make(quality: int, image: Image.Image) -> bytes:
        image = image.crop((0, 0, image.width // 16 * 16, image.height // 16 * 16))
        tables = [table.transposed().values for table in read_header(jpeg(quality, image)).tables]
        as_they_are = 50  # Pillow scales tables by quality
        return jpeg(as_they_are, image.transpose(Image.Transpose.TRANSPOSE), qtables=tables, subsampling=0)

    return make

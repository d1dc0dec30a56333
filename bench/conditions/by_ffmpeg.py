"""Clean images and random generator -> a JPEG, or a frame of a video as PNG, written by the system's ffmpeg."""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from bench.accuracy import draw_region
from bench.conditions.making import Case, LeftOutError, Rng, png
from bench.conditions.peers import PLACES
from jpegqf.jpeg.known_tables import Family
from jpegqf.jpeg.ruled_tables import ffmpeg_table
from jpegqf.jpeg.table_match import equivalent_quality

JPEG_FORMATS = ("yuvj420p", "yuvj422p", "yuvj444p")
COARSEST = 31
"""Largest ``-q:v`` that ffmpeg takes without being asked for more."""
PAL = (720, 576)
"""Width and height of a DV frame, and the most of any frame."""
DRIFT = ((0, 0), (2, 1), (5, 3))
"""Columns and rows by which each frame has moved."""
ROOM, LEAST, LEAST_DNXHR = 16, 64, 256
"""Pixels that the drift leaves free, and the fewest of a frame's sides, and of the width that DNxHR asks for."""
DECODED = ((), ("-sws_flags", "bicubic+accurate_rnd+full_chroma_int"))
"""Options of the conversion to RGB: none, and the exact one."""


@lru_cache(maxsize=1)
def program() -> str | None:
    """Where the system's ffmpeg is, None if it is not."""
    return shutil.which("ffmpeg", path=PLACES)


def asked(options: list[str], given: bytes = b"") -> bytes:
    """What ffmpeg writes to its output. Raises LeftOutError where it is not installed."""
    found = program()
    if not found:
        raise LeftOutError("ffmpeg is not installed")
    command = [found, "-v", "error", "-nostdin", "-threads", "1", "-y", *options]
    return subprocess.run(command, input=given, capture_output=True, check=True, timeout=120).stdout  # noqa: S603 - fixed program


def ffmpeg(image: Image.Image, rng: Rng) -> Case:
    """A JPEG written by ffmpeg at -q:v 1 to 31."""
    region, quality = draw_region(image, rng).convert("RGB"), int(rng.integers(1, COARSEST + 1))
    colours = JPEG_FORMATS[rng.integers(len(JPEG_FORMATS))]
    coded = ["-c:v", "mjpeg", "-qmin", "1", "-q:v", str(quality), "-pix_fmt", colours]
    data = asked(["-f", "image2pipe", "-c:v", "png", "-i", "-", *coded, "-f", "image2pipe", "-"], png(region))
    table = ffmpeg_table(quality)
    return Case(
        data, region, equivalent_quality(table), (0, 0), variant=colours, jpeg=data, verdict="consistent",
        table=tuple(table.tolist()), writer=(Family.FFMPEG, quality),
    )  # fmt: skip


@dataclass(frozen=True)
class Codec:
    """How ffmpeg is asked for a video: options, format of the samples, and suffix of the file."""

    options: tuple[str, ...]
    samples: str
    suffix: str


def draw_codec(rng: Rng) -> tuple[str, Codec]:
    """The name of a codec, and how it is asked for."""
    scale, name = str(int(rng.integers(2, 13))), ("prores", "mpeg2", "mpeg4", "dv", "dnxhr")[rng.integers(5)]
    profile = ("dnxhr_sq", "dnxhr_lb")[rng.integers(2)]
    return name, {
        "prores": Codec(("-c:v", "prores_ks", "-profile:v", str(int(rng.integers(4)))), "yuv422p10le", "mov"),
        "mpeg2": Codec(("-c:v", "mpeg2video", "-q:v", scale, "-bf", "0"), "yuv420p", "nut"),
        "mpeg4": Codec(("-c:v", "mpeg4", "-q:v", scale, "-bf", "0"), "yuv420p", "nut"),
        "dv": Codec(("-c:v", "dvvideo"), "yuv420p", "dv"),
        "dnxhr": Codec(("-c:v", "dnxhd", "-profile:v", profile), "yuv422p", "mov"),
    }[name]


def video(image: Image.Image, rng: Rng) -> Case:
    """The first or last of three frames of ProRes, MPEG-2, MPEG-4, DV or DNxHR, as PNG: never a JPEG."""
    name, codec = draw_codec(rng)
    size, frames = drifting(image.convert("RGB"), name == "dv")
    if name == "dnxhr" and (size[0] < LEAST_DNXHR or size[1] < LEAST_DNXHR // 2):
        raise LeftOutError("image too small")
    place, conversion = (0, -1)[rng.integers(2)], DECODED[rng.integers(len(DECODED))]
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24"]
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / f"video.{codec.suffix}")
        told = [*raw, "-s", f"{size[0]}x{size[1]}", "-r", "25", "-i", "-"]
        asked([*told, "-pix_fmt", codec.samples, *codec.options, path], b"".join(frame.tobytes() for frame in frames))
        back = asked(["-i", path, *conversion, *raw, "-"])
    decoded = np.frombuffer(back, np.uint8).reshape(-1, size[1], size[0], 3)
    return Case(png(Image.fromarray(decoded[place])), frames[place], variant=name)


def drifting(image: Image.Image, as_dv: bool) -> tuple[tuple[int, int], list[Image.Image]]:
    """Width and height, and three frames that move over the image. ``as_dv``: of PAL's size, resized to it if need be.

    Raises LeftOutError.
    """
    if as_dv and (image.width < PAL[0] + ROOM or image.height < PAL[1] + ROOM):
        image = image.resize((PAL[0] + ROOM, PAL[1] + ROOM), Image.Resampling.LANCZOS)
    width, height = (min(most, (side - ROOM // 2) // 16 * 16) for side, most in zip(image.size, PAL, strict=True))
    if min(width, height) < LEAST:
        raise LeftOutError("image too small")
    return (width, height), [image.crop((x, y, x + width, y + height)) for x, y in DRIFT]

"""Readers of JPEG headers beside this package's: ImageMagick's estimate and exiftool's, where they are installed."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import jpegqf
from bench.conditions.making import Case
from bench.conditions.rows import Row

PLACES = "/usr/bin:/usr/local/bin:/opt/homebrew/bin"
ASKED = ("single", "encoders", "last", "first")
"""Conditions whose JPEG files readers of headers are asked about."""


def _whole(text: str) -> int | None:
    return int(text) if text.strip().isdigit() else None


def _answers(program: str, options: list[str], files: list[Path]) -> list[int | None]:
    """One answer per file, None for all where the program is not installed or does not answer for each."""
    found = shutil.which(program, path=PLACES)
    if not found or not files:
        return [None] * len(files)
    command = [found, *options, *(str(file) for file in files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)  # noqa: S603 - fixed program
    lines = done.stdout.splitlines()
    return [_whole(line) for line in lines] if len(lines) == len(files) else [None] * len(files)


class Peers:
    """Asks the peers about a condition's JPEG files, all at once; does nothing unless ``wanted``."""

    def __init__(self, wanted: bool) -> None:
        self.wanted = wanted
        self._scratch = tempfile.TemporaryDirectory()

    def __enter__(self) -> "Peers":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._scratch.cleanup()

    def asked(self, judged: Iterable[tuple[Row, Case | None]]) -> list[Row]:
        """The rows, with what the peers say where they were asked."""
        rows: list[Row] = []
        files: dict[int, Path] = {}
        for row, case in judged:
            if self.wanted and row.condition in ASKED and case and case.jpeg:
                path = files[len(rows)] = Path(self._scratch.name) / f"{row.condition}{row.index}.jpg"
                path.write_bytes(case.jpeg)
                row = replace(row, header_qf=jpegqf.inspect(case.jpeg, only="header").header_qf)
            rows.append(row)
        paths = list(files.values())
        magick = _answers("identify", ["-format", "%Q\n"], paths)
        exif = _answers("exiftool", ["-fast2", "-q", "-T", "-JPEGQualityEstimate"], paths)
        for place, one, other in zip(files, magick, exif, strict=True):
            rows[place] = replace(rows[place], imagemagick=one, exiftool=other)
        return rows

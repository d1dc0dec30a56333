"""Real JPEG files, one row each: header, pixels and history side by side, with what ImageMagick and exiftool say.

    python -m bench.real_files --images DIR [--csv docs/real-files.csv]

The columns of ImageMagick (``%Q``) and exiftool (who writes such tables, by its list of digests) stay empty where
``identify`` and ``exiftool`` are not installed.
"""

import argparse
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bench.summary import write_rows
from jpegqf.inspection.inspector import Inspector
from jpegqf.record import Record

COLUMNS = (
    "filename", "status", "reason", "width", "height", "header_qf", "header_qf_chroma", "header_match",
    "header_error", "encoder", "encoder_quality", "subsampling", "pixel_qf", "pixel_qf_low", "pixel_qf_high",
    "pixel_confidence", "jpeg_probability", "first_qf", "recompressed_probability", "verdict", "qf",
)  # fmt: skip
LARGE_ENOUGH = 128
"""Pixels of the shorter side from which a file counts as large enough to judge."""


PLACES = "/usr/bin:/usr/local/bin:/opt/homebrew/bin"


@dataclass(frozen=True)
class Asked:
    """One file: what this package says, ImageMagick's quality, and exiftool's name of who writes such tables."""

    record: Record
    imagemagick: str
    exiftool: str


def _first_line(program: str, *options: str) -> str:
    """The first line that a program prints, nothing if it is not installed."""
    found = shutil.which(program, path=PLACES)
    if not found:
        return ""
    command = [found, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - fixed program
    return done.stdout.split("\n")[0].strip()


def imagemagick(path: Path) -> str:
    """ImageMagick's ``%Q`` of the first image, or nothing."""
    return _first_line("identify", "-format", "%Q\n", f"{path}[0]")


def exiftool(path: Path) -> str:
    """Who writes such tables, as exiftool's list of digests names them, or nothing."""
    digest = _first_line("exiftool", "-T", "-JPEGDigest", str(path))
    return "" if digest == "-" or digest.startswith("Unknown") else digest


def summary(asked: list[Asked]) -> str:
    """Counts, and how pixels and ImageMagick agree with headers that are exact IJG."""
    rows = [(one.record, one.imagemagick) for one in asked]
    exact = [(record, other) for record, other in rows if record.header_match == "exact"]
    named = [one for one in asked if one.record.encoder not in (None, "unknown")]
    judged = [r for r, _ in exact if r.pixel_qf and min(r.width or 0, r.height or 0) >= LARGE_ENOUGH]
    agree = [r for r in judged if r.pixel_qf == r.header_qf]
    told = [(record, other) for record, other in exact if other]
    same = [record for record, other in told if other == str(record.header_qf)]
    lines = [
        f"{len(rows)} files; status {dict(Counter(record.status.value for record, _ in rows))}",
        f"header match {dict(Counter(record.header_match or '-' for record, _ in rows))}",
        f"verdict {dict(Counter(record.verdict.value for record, _ in rows))}",
        f"exact header, {LARGE_ENOUGH} pixels and more: pixels agree on {len(agree)} of {len(judged)}",
        f"exact header: ImageMagick says the same on {len(same)} of {len(told)}",
        f"encoder named: {len(named)}, by exiftool's digest {sum(bool(one.exiftool) for one in asked)}",
    ]
    for record in judged:
        if record.pixel_qf != record.header_qf:
            interval = f"{record.pixel_qf_low}-{record.pixel_qf_high}"
            lines.append(f"  {record.filename}: header {record.header_qf}, pixels {record.pixel_qf} ({interval})")
    return "\n".join(lines)


def row_of(one: Asked) -> dict[str, object]:
    """What is told of one file, by column."""
    values = one.record.to_dict()
    return {name: values[name] for name in COLUMNS} | {"imagemagick": one.imagemagick, "exiftool": one.exiftool}


def main() -> None:
    """Inspect, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, help="folder of JPEG files")
    parser.add_argument("--csv", type=Path, help="write one row per file here")
    arguments = parser.parse_args()
    inspector = Inspector()
    paths = sorted(path for path in arguments.images.iterdir() if path.suffix.lower() in (".jpg", ".jpeg"))
    rows = [Asked(inspector.inspect(path), imagemagick(path), exiftool(path)) for path in paths]
    if arguments.csv:
        write_rows(arguments.csv, (*COLUMNS, "imagemagick", "exiftool"), map(row_of, rows))
    print(summary(rows))


if __name__ == "__main__":
    main()

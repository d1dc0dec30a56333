"""Real JPEG files, one row each: header, pixels and history side by side, with ImageMagick's estimate.

    python -m bench.real_files --images DIR [--csv docs/real-files.csv]

ImageMagick's column stays empty where its ``identify`` is not installed.
"""

import argparse
import csv
import shutil
import subprocess
from collections import Counter
from pathlib import Path

from jpegqf.inspection.inspector import Inspector
from jpegqf.record import Record

COLUMNS = (
    "filename", "status", "reason", "width", "height", "header_qf", "header_qf_chroma", "header_match", "encoder",
    "encoder_quality", "subsampling", "pixel_qf", "pixel_qf_low", "pixel_qf_high", "pixel_confidence",
    "jpeg_probability", "first_qf", "recompressed_probability", "verdict", "qf",
)  # fmt: skip
LARGE_ENOUGH = 128
"""Pixels of the shorter side from which a file counts as large enough to judge."""


def imagemagick(path: Path) -> str:
    """ImageMagick's ``%Q`` of the first image, or nothing."""
    program = shutil.which("identify", path="/usr/bin:/usr/local/bin:/opt/homebrew/bin")
    if not program:
        return ""
    command = [program, "-format", "%Q\n", f"{path}[0]"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - fixed program
    return done.stdout.split("\n")[0].strip()


def summary(rows: list[tuple[Record, str]]) -> str:
    """Counts, and how pixels and ImageMagick agree with headers that are exact IJG."""
    exact = [(record, other) for record, other in rows if record.header_match == "exact"]
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
    ]
    for record in judged:
        if record.pixel_qf != record.header_qf:
            interval = f"{record.pixel_qf_low}-{record.pixel_qf_high}"
            lines.append(f"  {record.filename}: header {record.header_qf}, pixels {record.pixel_qf} ({interval})")
    return "\n".join(lines)


def main() -> None:
    """Inspect, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, help="folder of JPEG files")
    parser.add_argument("--csv", type=Path, help="write one row per file here")
    arguments = parser.parse_args()
    inspector = Inspector()
    paths = sorted(path for path in arguments.images.iterdir() if path.suffix.lower() in (".jpg", ".jpeg"))
    rows = [(inspector.inspect(path), imagemagick(path)) for path in paths]
    if arguments.csv:
        with arguments.csv.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow((*COLUMNS, "imagemagick"))
            for record, other in rows:
                values = record.to_dict()
                writer.writerow([*(values[name] for name in COLUMNS), other])
    print(summary(rows))


if __name__ == "__main__":
    main()

"""Measure the report: synthetic results of any size in each format -> seconds, memory and size of the page, as CSV.

python -m bench.report --rows 1000000 --folder DIR --csv docs/report.csv
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench.summary import write_rows
from jpegqf.inspection.verdict import NO_TRACE_WORDS
from jpegqf.outputs.formats import open_writer
from jpegqf.record import Record, Status, Verdict

FORMATS = (".db", ".csv", ".jsonl", ".parquet")
COLUMNS = ("format", "rows", "results_megabytes", "seconds", "cpu_seconds", "peak_memory_megabytes", "page_megabytes")
CLASSES = ("cat", "dog", "generated", "horse", "landscape", "portrait")
ENCODERS = ("ijg", "mozjpeg", "windows", "adobe", "camera")


def synthetic_rows(number: int, seed: int = 0) -> Iterator[Record]:
    """Rows like those of a crawl: spikes at common qualities, re-saves, PNGs, broken files, classes that differ."""
    random = np.random.default_rng(seed)
    for i in range(number):
        folder = CLASSES[i * len(CLASSES) // number]
        path = f"crawl/train/{folder}/{i % 997:03d}/photo {i:07d}.jpg"
        draw = random.random()
        if draw < 0.02:
            words = f"too many pixels: {i}x{i} = {i * i}, the limit is 178956970"
            yield Record(path, path[-17:], Status.SKIPPED, reason="too_large", message=words)
        elif draw < 0.03:
            words = "file is truncated: the image data ends early"
            yield Record(path, path[-17:], Status.ERROR, reason="truncated", message=words)
        else:
            yield _judged(path, folder, draw, random)


def _judged(path: str, folder: str, draw: float, random: np.random.Generator) -> Record:
    size: dict[str, Any] = {
        "width": int(random.integers(200, 5000)),
        "height": int(random.integers(200, 5000)),
        "model": "base-3",
    }
    if draw < 0.1 or (folder == "generated" and draw < 0.7):
        return Record(path, path[-17:], Status.OK, format="PNG", **_png(folder, draw, random), **size)
    common = (75, 85, 90, 95, 98) if folder in ("cat", "dog") else (80, 92, 95, 95, 100)
    last = int(random.choice(common)) if random.random() < 0.7 else int(np.clip(random.normal(88, 8), 1, 100))
    first = int(random.integers(40, last - 4)) if last > 60 and random.random() < 0.4 else None
    words = (
        f"header {last}, pixels compressed at {first} before: re-saved" if first else f"header and pixels say {last}"
    )
    seen = int(np.clip(last + random.integers(-1, 2), 1, 100))
    return Record(
        path, path[-17:], Status.OK, format="JPEG", qf=last, qf_source="header", header_qf=last, header_qf_chroma=last,
        header_match="exact", encoder=str(random.choice(ENCODERS)), encoder_quality=float(last), subsampling="4:2:0",
        progressive=False, pixel_qf=seen, pixel_qf_low=max(1, seen - 1), pixel_qf_high=min(100, seen + 1),
        pixel_confidence=0.97, jpeg_probability=1.0, grid_x=0, grid_y=0, first_qf=first,
        recompressed_probability=0.99 if first else 0.01,
        verdict=Verdict.RESAVED if first else Verdict.CONSISTENT, verdict_text=words, **size,
    )  # fmt: skip


def _png(folder: str, draw: float, random: np.random.Generator) -> dict[str, Any]:
    """What is told of an image without a header: mostly one save or none, at times a mixture."""
    was = int(random.integers(60, 96))
    part = f"a part of 240x240 at (203, 131) was saved at {was}"
    if draw < 0.034:
        words = f"PNG put together from different JPEGs: {part}, the rest at 97"
        return {"pixel_qf": 97, "regions": 2, "verdict": Verdict.COMPOSITE, "verdict_text": words}
    if draw < 0.038:
        words = f"PNG, partly a JPEG: {part}; the rest shows no JPEG grid"
        return {"qf": was, "pixel_qf": was, "regions": 1, "verdict": Verdict.PARTIAL, "verdict_text": words}
    if draw < 0.06 or folder == "generated":
        return {"regions": 0, "verdict": Verdict.NO_TRACE, "verdict_text": NO_TRACE_WORDS}
    words = f"PNG whose pixels were a JPEG at {was}"
    return {"qf": was, "pixel_qf": was, "regions": 1, "verdict": Verdict.PIXELS_ONLY, "verdict_text": words}


def make_results(folder: Path, number: int) -> None:
    """A results file of each format, unless it is there."""
    missing = [path for path in (folder / f"rows{number}{suffix}" for suffix in FORMATS) if not path.exists()]
    writers = [open_writer(str(path)) for path in missing]
    for record in synthetic_rows(number) if writers else ():
        for writer in writers:
            writer.write(record)
    for writer in writers:
        writer.close()


def measure(results: Path, number: int) -> dict[str, object]:
    """One report as its users make it: one process, one thread."""
    page = results.parent / "report.html"
    command = [
        sys.executable,
        "-m",
        "jpegqf",
        "report",
        str(results),
        "--by",
        "folder:3",
        "--overwrite",
        "-o",
        str(page),
    ]
    started = time.monotonic()
    child = subprocess.Popen(command)  # noqa: S603 - our own command
    _, status, used = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"{results} cannot be reported on")
    return {
        "format": results.suffix,
        "rows": number,
        "results_megabytes": round(results.stat().st_size / 1e6, 1),
        "seconds": round(time.monotonic() - started, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_memory_megabytes": round(used.ru_maxrss / 1e3),
        "page_megabytes": round(page.stat().st_size / 1e6, 2),
    }


def main() -> None:
    """Make what is missing, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, required=True, help="where the synthetic results go")
    parser.add_argument("--csv", type=Path)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    make_results(asked.folder, asked.rows)
    rows = [measure(asked.folder / f"rows{asked.rows}{suffix}", asked.rows) for suffix in FORMATS]
    for row in rows:
        print(row)
    if asked.csv:
        write_rows(asked.csv, COLUMNS, rows)


if __name__ == "__main__":
    main()

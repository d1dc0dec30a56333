"""Speed and memory, as ratios and rates measured in one run; medians, one core unless said.

python -m bench.speed [--images DIR] [--only SECTION ...] [--csv docs/speed.csv]

Without --images the pictures are patchworks of photographs that scikit-image ships. Absolute times depend on the
machine and on what else runs there; ratios to decoding the same bytes, taken in turn with it, much less.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is imported

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import simplejpeg
from PIL import Image

import jpegqf
from bench.speed.material import Material, material, write_folder
from bench.summary import write_rows
from jpegqf.arrays import I64
from jpegqf.errors import JpegqfError
from jpegqf.evidence.features import evidence
from jpegqf.evidence.patches import informative
from jpegqf.history.earlier_save import earlier_save
from jpegqf.infer.batched import answers, beside_model, predict_in_batches, prepared_file
from jpegqf.inputs.files import read_bytes
from jpegqf.inspection.inspector import Inspector, default_predictor
from jpegqf.jpeg.encoders import identify
from jpegqf.jpeg.header import read_header
from jpegqf.kernels import compiled
from jpegqf.limits import MAX_PIXELS
from jpegqf.model.checkpoint import load_model
from jpegqf.model.predictor import Predictor, one_by_one
from jpegqf.outputs.writing import open_outputs
from jpegqf.pixels.decode import decode_luma
from jpegqf.pixels.luma import Luma
from jpegqf.record import Record

QUALITIES = (50, 75, 90, 95)
SMALL, LARGE, VERY_LARGE = (500, 375), (4000, 3000), (9000, 6000)
SMALL_FILES = 60
SCANNED = 5_000
WRITTEN = 500
GROWTH = (1_000, 50_000)
MEGAPIXELS = (1, 3, 12, 48)
JPEGQF = [sys.executable, "-m", "jpegqf"]


@dataclass(frozen=True)
class Row:
    """One figure. ``goal`` is what it should reach, as "<= 0.6" or ">= 400", or empty."""

    section: str
    what: str
    value: float
    unit: str
    goal: str = ""


def seconds(work: Callable[[], object], times: int = 5) -> float:
    """Median wall time of one call."""
    return median(_once(work) for _ in range(times))


def _once(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def in_turn(first: Callable[[], object], second: Callable[[], object], times: int) -> tuple[float, float]:
    """Median times of two calls made alternately, so that a busy machine slows both."""
    pairs = [(_once(first), _once(second)) for _ in range(times)]
    return median(a for a, _ in pairs), median(b for _, b in pairs)


def _grey(data: bytes) -> Callable[[], object]:
    return partial(simplejpeg.decode_jpeg, data, "GRAY")


def pixels(make: Material) -> Iterator[Row]:
    """Bytes in memory to the quality that the pixels tell, beside decoding the same bytes to grey."""
    inspector = Inspector(only="pixels")
    inspector.inspect(make.jpeg(SMALL, 75, 0))  # the model is loaded and the tables are made
    for name, progressive, goal in (("baseline", False, "<= 0.6"), ("progressive", True, "<= 1.3")):
        files = [make.jpeg(LARGE, quality, 1, progressive=progressive) for quality in QUALITIES]
        told = [in_turn(partial(inspector.inspect, data), _grey(data), 5) for data in files]
        yield Row("pixels", f"12 MP {name}: answer / grey decode", median(a / b for a, b in told), "ratio", goal)
        yield Row("pixels", f"12 MP {name}: answer", 1000 * median(a for a, _ in told), "ms")
        yield Row("pixels", f"12 MP {name}: grey decode", 1000 * median(b for _, b in told), "ms")
    small = small_files(make)
    told = [in_turn(partial(inspector.inspect, data), _grey(data), 7) for data in small]
    yield Row("pixels", "500x375: answer / grey decode", median(a / b for a, b in told), "ratio", "<= 5")
    yield Row("pixels", "500x375: mean answer / mean grey decode",
              sum(a for a, _ in told) / sum(b for _, b in told), "ratio")  # fmt: skip
    yield Row("pixels", "500x375: answers, mean of all qualities 30-100", len(told) / sum(a for a, _ in told),
              "images/s on one core", ">= 400")  # fmt: skip
    everything = Inspector()
    rate = len(small) / _once(partial(_all, everything, small))
    yield Row("pixels", "500x375: header, pixels and history", rate, "images/s on one core")


def kernels(make: Material) -> Iterator[Row]:
    """What compiled kernels save of the time of history, against NumPy in turn; nothing where they are not compiled."""
    if compiled.kernels() is None:
        return
    for name, files in (("saved once", small_files(make)), ("saved twice", twice_saved_files(make))):
        images = [(decode_luma(data).luma, _luma_table(data)) for data in files]
        work = partial(_histories, images)
        work()
        fast, slow = in_turn(work, partial(_by_numpy, work), 3)
        yield Row("kernels", f"500x375, {name}: history by NumPy / by kernels", slow / fast, "ratio")


def _luma_table(data: bytes) -> I64:
    header = read_header(data)
    assert header.luma  # noqa: S101 - it was just made
    return header.luma.steps


def _histories(images: list[tuple[Luma, I64]]) -> list[object]:
    return [earlier_save(luma, table) for luma, table in images]


def _by_numpy(work: Callable[[], object]) -> object:
    with compiled.numpy_only():
        return work()


def twice_saved_files(make: Material) -> list[bytes]:
    """500x375 JPEGs of quality 92, saved at 75 before."""
    files = []
    for number in range(SMALL_FILES):
        with Image.open(io.BytesIO(make.jpeg(SMALL, 75, number))) as earlier:
            earlier.save(last := io.BytesIO(), "JPEG", quality=92)
        files.append(last.getvalue())
    return files


def small_files(make: Material) -> list[bytes]:
    """500x375 JPEGs of evenly spread qualities 30..100."""
    return [make.jpeg(SMALL, 30 + 70 * i // (SMALL_FILES - 1), i) for i in range(SMALL_FILES)]


def _header_of(data: bytes) -> object:
    return identify(read_header(data))


def _all(inspector: Inspector, files: list[bytes]) -> list[object]:
    return [inspector.inspect(data) for data in files]


def _written(records: list[Record], target: Path) -> None:
    with open_outputs((str(target),), overwrite=True) as outputs:
        for record in records:
            outputs.write(record)


def _stages(data: bytes, file: Path) -> dict[str, Callable[[], object]]:
    """What is done with one image, in parts; the last is done for WRITTEN of them at once."""
    predictor = default_predictor()
    config = predictor.model.config
    luma, header = decode_luma(data).luma, read_header(data)
    patches = informative(luma, config.patch_rule)
    known = evidence(patches, config.evidence)[None]
    assert header.luma  # noqa: S101 - it was just made
    file.write_bytes(data)
    return {
        "read": partial(read_bytes, file),
        "header": partial(_header_of, data),
        "decode": partial(decode_luma, data),
        "few blocks (decides most images)": partial(predictor.decided, luma, own_luma=True),
        "patches (the others)": partial(informative, luma, config.patch_rule),
        "features (the others)": partial(evidence, patches, config.evidence),
        "model (the others)": partial(predictor.model.log_probabilities, known),
        "history": partial(earlier_save, luma, header.luma.steps),
        "write": partial(_written, [Inspector().inspect(data)] * WRITTEN, file.with_suffix(".db")),
    }


def stages(make: Material) -> Iterator[Row]:
    """Where the time goes, per image; each stage alone."""
    for name, size, count in (("500x375", SMALL, 20), ("12 MP", LARGE, 2)):
        found: dict[str, list[float]] = {}
        with tempfile.TemporaryDirectory() as place:
            for i in range(count):
                parts = _stages(make.jpeg(size, QUALITIES[i % 4], i), Path(place) / "image.jpg")
                for stage, call in parts.items():
                    found.setdefault(stage, []).append(seconds(call, 3) / (WRITTEN if stage == "write" else 1))
        for stage, times in found.items():
            yield Row("stages", f"{name}: {stage}", 1000 * median(times), "ms")


def peers(make: Material) -> Iterator[Row]:
    """What others take for the same bytes: decoders in this process, tools as processes that read one file."""
    for name, size in (("500x375", SMALL), ("12 MP", LARGE)):
        data = make.jpeg(size, 90, 1)
        decoders: dict[str, Callable[[], object]] = {
            "simplejpeg, grey": _grey(data),
            "simplejpeg, RGB": partial(simplejpeg.decode_jpeg, data, "RGB"),
            "Pillow, grey": partial(_pillow, data, "L"),
            "Pillow, RGB": partial(_pillow, data, "RGB"),
        }
        for what, call in decoders.items():
            yield Row("peers", f"{name}: {what}", 1000 * seconds(call), "ms")
        with tempfile.TemporaryDirectory() as place:
            file = Path(place) / "image.jpg"
            file.write_bytes(data)
            for tool, more in (("identify", ["-format", "%Q"]), ("exiftool", ["-JPEGQualityEstimate"])):
                if shutil.which(tool):
                    run = partial(subprocess.run, [tool, *more, str(file)], check=True, stdout=subprocess.DEVNULL)
                    yield Row("peers", f"{name}: {tool}, a process", 1000 * seconds(run), "ms")


def _pillow(data: bytes, mode: str) -> None:
    with Image.open(io.BytesIO(data)) as image:
        image.draft(mode, image.size)
        image.load()


def unchanged(make: Material) -> Iterator[Row]:
    """The same images with the shortcuts (few blocks, tops of large images) and without."""
    predictor = default_predictor()
    rule = predictor.model.config.decisive
    sure = rule and round(rule.confidence, 4)
    config = replace(predictor.model.config, decisive=None)
    slow = Predictor(replace(predictor.model, config=config))
    for name, size, count in (("500x375", SMALL, 400), ("6 MP", (3000, 2000), 60)):
        right = {"with": 0, "without": 0}
        decided = 0
        for i in range(count):
            quality = 1 + (37 * i) % 100
            data = make.jpeg(size, quality, i)
            rows = {"with": Inspector(only="pixels").inspect(data), "without": Inspector(slow, "pixels").inspect(data)}
            decided += rows["with"].pixel_confidence == sure
            for way, row in rows.items():
                right[way] += row.pixel_qf == quality
        yield Row("unchanged", f"{name}: exact with shortcuts", 100 * right["with"] / count, "%")
        yield Row("unchanged", f"{name}: exact without", 100 * right["without"] / count, "%")
        yield Row("unchanged", f"{name}: decided by few blocks", 100 * decided / count, "%")


def _scan(*more: str) -> float:
    """Wall seconds of a scan that must succeed."""
    return _once(partial(subprocess.run, [*JPEGQF, "scan", *more, "--quiet", "--overwrite"], check=True))


def scan(make: Material) -> Iterator[Row]:
    """5,000 files to SQLite with two processes, beside one core of the same work in memory."""
    files = small_files(make)
    with tempfile.TemporaryDirectory() as place:
        folder, target = write_folder(files, SCANNED, Path(place) / "in"), str(Path(place) / "out.db")
        for name, only in (("all evidence", None), ("pixels alone", "pixels")):
            inspector = Inspector(only=only)  # type: ignore[arg-type]
            one_core = len(files) / seconds(partial(_all, inspector, files), 3)
            rate = SCANNED / _scan(str(folder), "-j", "2", "-o", target, *(("--only", only) if only else ()))
            goal = ">= 0.7" if only is None else ""
            yield Row("scan", f"{name}: one core, bytes in memory", one_core, "images/s")
            yield Row("scan", f"{name}: scan -j 2 of {SCANNED} files to SQLite", rate, "images/s")
            yield Row("scan", f"{name}: of twice the one-core rate", rate / (2 * one_core), "ratio", goal)


def _headers(folder: Path) -> None:
    for _ in jpegqf.scan(folder, only="header"):
        pass


def header(make: Material) -> Iterator[Row]:
    """Headers alone, one process and a warm cache, beside other tools on the same folder."""
    with tempfile.TemporaryDirectory() as place:
        folder, target = write_folder(small_files(make), SCANNED, Path(place) / "in"), str(Path(place) / "out.db")
        start = median(_scan(str(folder / "00000.jpg"), "--only", "header", "-o", target) for _ in range(3))
        took = median(_scan(str(folder), "--only", "header", "-o", target) for _ in range(5))
        rows = seconds(partial(_headers, folder), 5)
        yield Row("header", "rows in memory", SCANNED / rows, "files/s", ">= 10000")
        yield Row("header", "scan --only header to SQLite, start of the command left out",
                  (SCANNED - 1) / (took - start), "files/s", ">= 10000")  # fmt: skip
        yield Row("header", "scan --only header to SQLite", SCANNED / took, "files/s")
        peers = {"exiftool": ["-q", "-q", "-T", "-JPEGQualityEstimate", str(folder)],
                 "identify": ["-format", "%Q\n", f"{folder}/*.jpg"]}  # fmt: skip
        for tool, more in peers.items():
            if shutil.which(tool):
                other = _once(partial(subprocess.run, [tool, *more], stdout=subprocess.DEVNULL))
                yield Row("header", f"{tool}, same folder", SCANNED / other, "files/s")
                yield Row("header", f"times as fast as {tool}, start included", other / took, "ratio", ">= 1")


def start(make: Material) -> Iterator[Row]:
    """A cold process, files in the cache."""
    with tempfile.TemporaryDirectory() as place:
        photo = str(write_folder([make.jpeg(SMALL, 80, 0)], 1, Path(place) / "in") / "00000.jpg")
        calls = {
            "python -c 'import numpy', for comparison": ([sys.executable, "-c", "import numpy"], ""),
            "jpegqf --help": ([*JPEGQF, "--help"], "<= 0.15"),
            "jpegqf scan photo.jpg": ([*JPEGQF, "scan", photo], "<= 0.4"),
            "jpegqf scan photo.jpg --only pixels": ([*JPEGQF, "scan", photo, "--only", "pixels"], "<= 0.4"),
        }
        for name, (run, goal) in calls.items():
            took = seconds(partial(subprocess.run, run, check=True, stdout=subprocess.DEVNULL), 9)
            yield Row("start", name, took, "s", goal)


def _measured_scan(arguments: Sequence[str]) -> tuple[float, dict[str, float]]:
    """Wall seconds of a scan, and the peak of each process's memory in MiB: the writer's and the largest worker's."""
    script = (
        "import re, resource\nfrom jpegqf.__main__ import jpegqf\njpegqf()\n"
        # What getrusage says of a process itself counts the one that started it, before it became another program.
        "print(int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]) / 1024)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)"
    )
    run = [sys.executable, "-c", script, "scan", *arguments, "--quiet", "--overwrite"]
    started = time.perf_counter()
    told = subprocess.run(run, check=True, capture_output=True, text=True).stdout.split()[-2:]
    return time.perf_counter() - started, {"writer": float(told[0]), "worker": float(told[1])}


def memory(make: Material) -> Iterator[Row]:
    """Peak memory of one process on 12 MP."""
    with tempfile.TemporaryDirectory() as place:
        for name, data in (
            ("baseline JPEG", make.jpeg(LARGE, 90, 1)),
            ("progressive JPEG", make.jpeg(LARGE, 90, 1, progressive=True)),
            ("PNG", make.png(LARGE, 90, 1)),
        ):
            file = Path(place) / f"12.{'png' if name == 'PNG' else 'jpg'}"
            file.write_bytes(data)
            _, peak = _measured_scan([str(file), "-o", f"{place}/out.db"])
            yield Row("memory", f"12 MP {name}: worker", peak["worker"], "MiB", "<= 250")


def png(make: Material) -> Iterator[Row]:
    """PNGs, on the grid and cropped off it, beside decoding them, and a very large one."""
    inspector = Inspector()
    inspector.inspect(make.png(SMALL, 75, 0))  # the model is loaded and the tables are made
    for name, files in (
        ("of JPEGs", [make.png((1000, 750), quality, i) for i, quality in enumerate(QUALITIES)]),
        ("of cropped JPEGs", [_cropped(make.png((1000, 750), quality, i)) for i, quality in enumerate(QUALITIES)]),
        ("never saved as JPEG", [_as_png(make.picture((1000, 750), i)) for i in range(len(QUALITIES))]),
    ):
        told = [in_turn(partial(inspector.inspect, data), partial(_pillow, data, "RGB"), 5) for data in files]
        yield Row("png", f"0.75 MP PNGs {name}: answer", 1000 * sum(a for a, _ in told) / len(told), "ms, mean")
        yield Row("png", f"0.75 MP PNGs {name}: decoding", 1000 * sum(b for _, b in told) / len(told), "ms, mean")
    for name, data in (
        ("of a cropped JPEG", _cropped(make.png(VERY_LARGE, 80, 1))),
        ("never saved as JPEG", _as_png(make.picture(VERY_LARGE, 1))),
    ):
        yield from _very_large_png(name, data, inspector)


def _very_large_png(name: str, data: bytes, inspector: Inspector) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "54.png"
        file.write_bytes(data)
        answer, decoding = in_turn(partial(inspector.inspect, file), partial(_pillow, data, "RGB"), 3)
        yield Row("png", f"54 MP PNG {name}: answer", answer, "s", "<= 1.5")
        yield Row("png", f"54 MP PNG {name}: decoding", decoding, "s")
        _, peak = _measured_scan([str(file), "-o", f"{place}/out.db"])
        yield Row("png", f"54 MP PNG {name}: worker", peak["worker"], "MiB", "<= 300")


def _as_png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _cropped(data: bytes) -> bytes:
    """A PNG without its first 3 columns and 5 rows."""
    with Image.open(io.BytesIO(data)) as image:
        return _as_png(image.crop((3, 5, *image.size)))


def growth(make: Material) -> Iterator[Row]:
    """Time and memory over the number of files, 128x128 pixels each, and time over pixels."""
    files = [make.jpeg((128, 128), 30 + i, i) for i in range(SMALL_FILES)]
    each = []
    for count in GROWTH:
        with tempfile.TemporaryDirectory() as place:
            folder = write_folder(files, count, Path(place) / "in")
            took, peak = _measured_scan([str(folder), "-j", "2", "--only", "pixels", "-o", f"{place}/out.db"])
            each.append(1000 * took / count)
            yield Row("growth", f"{count} files: time per file", each[-1], "ms")
            yield Row("growth", f"{count} files: writer", peak["writer"], "MiB")
            yield Row("growth", f"{count} files: largest worker", peak["worker"], "MiB")
    yield Row("growth", "time per file, most / fewest files", each[-1] / each[0], "ratio", "<= 1.1")
    for only in (None, "pixels"):
        inspector = Inspector(only=only)
        for megapixels in MEGAPIXELS:
            side = int((megapixels * 1e6) ** 0.5) // 8 * 8
            data = make.jpeg((side, side), 80, 1)
            took = seconds(partial(inspector.inspect, data), 3)
            what = f"{megapixels} MP, {'all evidence' if only is None else 'pixels alone'}: time per megapixel"
            yield Row("growth", what, 1000 * took / megapixels, "ms")


def device(make: Material) -> Iterator[Row]:
    """On a GPU: files in, and blocks ready; nothing where there is none."""
    try:
        predictor = beside_model(Predictor(load_model(device="cuda")))
    except JpegqfError as error:
        print(f"{'device':9} not measured: {error}")
    else:
        yield from _with_batches(predictor, make)


def _with_batches(predictor: Predictor, make: Material) -> Iterator[Row]:
    for kind, way in (("JPEG", make.jpeg), ("PNG", make.png)):  # few blocks decide most JPEGs, and no PNG
        files = [way(SMALL, 30 + 70 * i // (SMALL_FILES - 1), i) for i in range(SMALL_FILES)]
        with tempfile.TemporaryDirectory() as place:
            folder = write_folder(files, SCANNED, Path(place) / "in")  # a file's bytes tell what it is, not its name
            paths = sorted(map(str, folder.iterdir()))
            took = seconds(partial(_exhaust, predict_in_batches, predictor, paths, MAX_PIXELS), 3)
            ready = [prepared_file(predictor, path, MAX_PIXELS) for path in paths[:SMALL_FILES]]
        what = f"500x375 {kind}: decode-bound, files in, {os.cpu_count()} processes and their start"
        yield Row("device", what, SCANNED / took, "images/s")
    many = ready * (SCANNED // SMALL_FILES // 10)
    list(answers(predictor, ready))  # tables and kernels are made
    rate = len(many) / seconds(partial(_exhaust, answers, predictor, many), 3)
    yield Row("device", f"500x375: device-bound ({predictor.model.device}), blocks ready", rate, "images/s")
    numpy = replace(predictor, evidence=one_by_one)
    rate = len(ready) / seconds(partial(_exhaust, answers, numpy, ready), 3)
    yield Row("device", "500x375: blocks ready, evidence by NumPy on one core", rate, "images/s")


def _exhaust(call: Callable[..., Iterator[object]], *arguments: object) -> None:
    for _ in call(*arguments):
        pass


SECTIONS: dict[str, Callable[[Material], Iterator[Row]]] = {
    work.__name__: work
    for work in (pixels, stages, kernels, peers, unchanged, scan, header, start, memory, png, growth, device)
}


def main() -> None:
    """Measure, print each figure as it comes, write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--images", type=Path, help="folder of clean, lossless images (default: what scikit-image ships)"
    )
    parser.add_argument(
        "--only", nargs="+", choices=list(SECTIONS), default=list(SECTIONS), help="these sections alone"
    )
    parser.add_argument("--csv", type=Path, help="write one row per figure here")
    arguments = parser.parse_args()
    np.seterr(all="raise", under="ignore")
    make = material(arguments.images)
    rows = []
    for name in arguments.only:
        for row in SECTIONS[name](make):
            print(f"{row.section:9} {row.what:62} {row.value:10.3f} {row.unit}  {row.goal}", flush=True)
            rows.append(row)
    if arguments.csv:
        shortened = (asdict(row) | {"value": f"{row.value:.4g}"} for row in rows)
        write_rows(arguments.csv, [item.name for item in fields(Row)], shortened)

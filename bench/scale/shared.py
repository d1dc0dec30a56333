"""What the scale benches share: tar shards of photographs that scikit-image ships, processes, CSV files."""

import io
import os
import random
import tarfile
from collections.abc import Iterator
from pathlib import Path

import skimage.data
from PIL import Image

from bench.summary import write_rows


def encoded(side: int, seed: int) -> Iterator[bytes]:
    """JPEGs without end: squares of ``side`` pixels at any place and scale, of qualities 30 to 98."""
    chance = random.Random(seed)  # noqa: S311 - test images
    scenes = [Image.fromarray(scene()) for scene in (skimage.data.astronaut, skimage.data.chelsea, skimage.data.coffee)]
    while True:
        scene = chance.choice(scenes)
        cut = chance.randint(min(128, side), min(scene.size))
        x, y = (chance.randint(0, length - cut) for length in scene.size)
        out = io.BytesIO()
        scene.resize((side, side), box=(x, y, x + cut, y + cut)).save(out, "JPEG", quality=chance.randint(30, 98))
        yield out.getvalue()


def write_shards(folder: Path, shards: int, images: int, side: int = 256, different: int = 200) -> list[Path]:
    """Tar files ``00000.tar`` ... of ``images`` members each, drawn from ``different`` JPEGs."""
    source = encoded(side, shards)
    pool = [next(source) for _ in range(min(different, shards * images))]
    paths = []
    for shard in range(shards):
        paths.append(folder / f"{shard:05d}.tar")
        with tarfile.open(paths[-1], "w") as archive:
            for number in range(images):
                data = pool[(shard * images + number) % len(pool)]
                info = tarfile.TarInfo(f"{number:06d}.jpg")
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return paths


def processes() -> list[tuple[int, int, str]]:
    """Process, parent and command line of all that runs here."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            status = Path(f"/proc/{entry}/stat").read_text()
            name = Path(f"/proc/{entry}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue  # it has just ended
        found.append((int(entry), int(status.rpartition(")")[2].split()[1]), name))
    return found


def write_csv(path: Path, rows: list[dict[str, object]]) -> None:
    """Rows under the columns of all of them; floats with six digits."""
    columns = dict.fromkeys(name for row in rows for name in row)
    write_rows(
        path,
        list(columns),
        ({name: f"{value:.6g}" if isinstance(value, float) else value for name, value in row.items()} for row in rows),
    )

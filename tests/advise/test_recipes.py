"""The recipes of docs/advise.md, run as they stand there."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from commands import Done, run_here
from conftest import REPOSITORY, MakeJpeg

TEXT = (REPOSITORY / "docs" / "advise.md").read_text(encoding="utf-8")
SCRIPTS = {
    found[1]: found[0]
    for found in re.finditer(r"(?<=^```python\n)# (\w+\.py)\n.*?(?=^```$)", TEXT, re.DOTALL | re.MULTILINE)
}
"""The Python of each recipe, by the name of the file that its first line tells."""
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "HF_HUB_OFFLINE": "1"}


def run(command: str, cwd: Path) -> Done:
    """A command of the text: ``jpegqf ...`` or ``python FILE.py ...``; the script is the one of the text."""
    assert command in TEXT or command.startswith("python ")
    program, *arguments = command.split()
    if program == "jpegqf":
        return run_here(*arguments, cwd=cwd)
    (cwd / arguments[0]).write_text(SCRIPTS[arguments[0]], encoding="utf-8")
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
        env=ENVIRONMENT | {"HF_HOME": str(cwd)},
    )


def put(folder: Path, **files: bytes) -> None:
    folder.mkdir()
    for name, data in files.items():
        (folder / name.replace("_", ".")).write_bytes(data)


def resaved(folder: Path, jpeg: MakeJpeg, first: int, last: int) -> bytes:
    (folder / "first").write_bytes(jpeg(first))
    with Image.open(folder / "first") as image:
        return jpeg(last, image)


def test_the_gate_lets_good_images_pass_and_stops_resaved_poor_and_broken_ones(tmp_path: Path, jpeg: MakeJpeg) -> None:
    put(tmp_path / "incoming", a_jpg=jpeg(90))
    assert "\npython gate.py incoming 80\n" in TEXT
    assert (
        run("python gate.py incoming 80", tmp_path).returncode,
        run("python gate.py incoming 95", tmp_path).returncode,
    ) == (0, 1)
    (tmp_path / "incoming" / "b.jpg").write_bytes(resaved(tmp_path, jpeg, 75, 95))
    (tmp_path / "incoming" / "c.jpg").write_bytes(jpeg(90)[:5000])
    done = run("python gate.py incoming 80", tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == ["incoming/b.jpg", "incoming/c.jpg"]


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory, jpeg: MakeJpeg, photo: Image.Image) -> Path:
    """Where images.parquet of the filters' recipe lies."""
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    folder = tmp_path_factory.mktemp("filter")
    put(folder / "images", a_jpg=jpeg(90), b_jpg=jpeg(60), c_jpg=resaved(folder, jpeg, 75, 95), d_jpg=jpeg(90)[:5000])
    photo.save(folder / "images" / "e.png")
    assert run("jpegqf scan images --recursive --quiet -o images.parquet", folder).returncode == 3
    return folder


@pytest.mark.parametrize("library", ["pandas", "pyarrow", "polars", "duckdb", "datasets"])
def test_the_filter_keeps_what_was_saved_once_and_well_or_never(images: Path, library: str) -> None:
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    done = run(f"python with_{library}.py", images)
    assert (done.stdout.split(), done.stderr) == (["images/a.jpg", "images/e.png"], "")


def test_the_library_tells_the_copies_beside_what_stays(tmp_path: Path, jpeg: MakeJpeg, cat: Image.Image) -> None:
    pytest.importorskip("imagehash", reason="--duplicates needs imagehash")
    small = cat.resize((cat.width // 2, cat.height // 2))
    put(tmp_path / "library", a_jpg=jpeg(85, cat), b_jpg=jpeg(95, small), c_jpg=jpeg(85))
    assert run("jpegqf advise library --recursive --duplicates --quiet -o advice.db", tmp_path).returncode == 0
    assert run("python copies.py", tmp_path).stdout == "library/b.jpg  (kept: library/a.jpg)\n"


def test_a_delivery_is_refused_for_what_was_ever_below_85(tmp_path: Path, jpeg: MakeJpeg, photo: Image.Image) -> None:
    put(tmp_path / "delivery", a_jpg=jpeg(85), b_jpg=jpeg(84), c_jpg=resaved(tmp_path, jpeg, 70, 95))
    photo.save(tmp_path / "delivery" / "d.png")
    assert run("jpegqf advise delivery --recursive --quiet -o delivery.jsonl", tmp_path).returncode == 0
    done = run("python delivery.py", tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert [" ".join(line.split(":")[:2]).split() for line in done.stdout.splitlines()] == [
        ["refused", "delivery/b.jpg"],
        ["refused", "delivery/c.jpg"],
        ["look", "delivery/d.png"],
    ]

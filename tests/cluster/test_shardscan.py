"""A shard becomes its file whatever its images do; what keeps it from that is told, tried again, or ends the scan."""

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow.dataset as ds
import pytest
from PIL import Image

from conftest import CRASHER, MakeJpeg
from jpegqf.cluster.results_folder import Destination, Result
from jpegqf.cluster.shard_worker import Failure, ShardScanner
from jpegqf.cluster.shards import Shard, find_shards
from jpegqf.inputs.item import Item
from jpegqf.inputs.suffixes import IMAGE_SUFFIXES
from jpegqf.scanning.look import Look


@pytest.fixture
def output(tmp_path: Path) -> str:
    Destination(str(tmp_path / "out")).begin({}, False)
    return str(tmp_path / "out")


@pytest.fixture
def scanner(output: str) -> Iterator[ShardScanner]:
    scanner = ShardScanner(output, IMAGE_SUFFIXES, Look("header"), 30.0)
    yield scanner
    scanner.close()


def write(path: Path, *images: bytes) -> None:
    with tarfile.open(path, "w") as archive:
        for number, data in enumerate(images):
            info = tarfile.TarInfo(f"{number}.jpg")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def shards(*paths: Path) -> list[Shard]:
    return list(find_shards(map(str, paths), IMAGE_SUFFIXES, False, 1000))


def test_shards_one_after_the_other_share_one_process(
    scanner: ShardScanner, output: str, tmp_path: Path, jpeg: MakeJpeg, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[object] = []
    monkeypatch.setattr("jpegqf.workers.stream.Supervisor._start", counting(started))
    for number in range(3):
        write(tmp_path / f"{number}.tar", jpeg(60 + number), b"nothing")
    told = [scanner.scan(shard) for shard in shards(*(tmp_path / f"{number}.tar" for number in range(3)))]
    assert [isinstance(one, Result) and one.tally["reasons"] for one in told] == [{"not_a_jpeg": 1}] * 3
    assert ds.dataset(output).to_table()["header_qf"].to_pylist() == [60, None, 61, None, 62, None]
    assert len(started) == 1


def counting(started: list[object]) -> object:
    from jpegqf.workers.stream import Supervisor

    start = Supervisor._start

    def started_one(self: "Supervisor[object]") -> object:
        started.append(self)
        return start(self)

    return started_one


def test_a_process_that_dies_over_the_first_shard_is_replaced_for_the_next(
    scanner: ShardScanner, output: str, tmp_path: Path, jpeg: MakeJpeg, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(CRASHER)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    full = ShardScanner(output, IMAGE_SUFFIXES, Look(), 30.0)
    small = Image.new("RGB", (64, 64))
    write(tmp_path / "a.tar", jpeg(80, small, comment=b"kill me"))
    write(tmp_path / "b.tar", jpeg(80))
    try:
        told = [full.scan(shard) for shard in shards(tmp_path / "a.tar", tmp_path / "b.tar")]
    finally:
        full.close()
    assert all(isinstance(one, Result) for one in told)
    assert ds.dataset(output).to_table()["reason"].to_pylist() == ["crashed", None]


def test_a_passing_failure_is_tried_again_and_leaves_one_whole_file(
    scanner: ShardScanner, output: str, jpeg: MakeJpeg, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[Shard] = []

    def items(shard: Shard, suffixes: frozenset[str]) -> Iterator[Item]:
        tries.append(shard)
        yield Item("a.tar!0.jpg", jpeg(70))
        if len(tries) < 3:
            raise OSError("connection reset")
        yield Item("a.tar!1.jpg", jpeg(71))

    monkeypatch.setattr("jpegqf.cluster.shard_worker.PAUSES", (0.0, 0.0, 0.0))
    monkeypatch.setattr("jpegqf.cluster.shard_worker.shard_items", items)
    shard = Shard(0, (("memory://x/a.tar", None),), True, 1.0)
    assert isinstance(scanner.scan(shard), Result)
    assert len(tries) == 3
    assert ds.dataset(output).to_table()["header_qf"].to_pylist() == [70, 71]


@pytest.mark.parametrize(
    ("error", "tries", "concerns"),
    [
        (OSError("connection reset"), 3, "shard"),
        (FileNotFoundError("gone"), 1, "shard"),
        (ValueError("a fault of ours"), 1, "shard"),
    ],
)
def test_what_lasts_is_told_and_leaves_no_file(
    scanner: ShardScanner, output: str, monkeypatch: pytest.MonkeyPatch, error: Exception, tries: int, concerns: str
) -> None:
    tried: list[Shard] = []

    def items(shard: Shard, suffixes: frozenset[str]) -> Iterator[Item]:
        tried.append(shard)
        yield Item("a.tar!0.jpg", b"x")
        raise error

    monkeypatch.setattr("jpegqf.cluster.shard_worker.PAUSES", (0.0, 0.0, 0.0))
    monkeypatch.setattr("jpegqf.cluster.shard_worker.shard_items", items)
    told = scanner.scan(Shard(4, (("memory://x/a.tar", None),), True, 1.0))
    assert isinstance(told, Failure)
    assert (told.number, told.concerns, len(tried)) == (4, concerns, tries)
    assert str(error) in told.message
    assert not list(Path(output).glob("*.parquet"))


def test_a_folder_of_results_that_cannot_be_written_concerns_all(
    scanner: ShardScanner, output: str, tmp_path: Path, jpeg: MakeJpeg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jpegqf.cluster.shard_worker.PAUSES", (0.0,))
    write(tmp_path / "a.tar", jpeg(80))
    for path in sorted(Path(output).rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    Path(output).rmdir()
    Path(output).write_text("a file now")
    (shard,) = shards(tmp_path / "a.tar")
    told = scanner.scan(shard)
    assert isinstance(told, Failure)
    assert told.concerns == "results"


def test_a_device_that_is_absent_concerns_the_call(output: str, tmp_path: Path, jpeg: MakeJpeg) -> None:
    write(tmp_path / "a.tar", jpeg(80))
    scanner = ShardScanner(output, IMAGE_SUFFIXES, Look(device="cuda"), 30.0)
    (shard,) = shards(tmp_path / "a.tar")
    told = scanner.scan(shard)
    if isinstance(told, Result):
        pytest.skip("there is a GPU here")
    assert told.concerns == "call"
    assert "CUDA" in told.message

"""A scan on a real Ray gives the rows of one machine, whatever the sources, and loses and doubles none."""

import io
import json
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from PIL import Image

from conftest import CRASHER, MakeJpeg
from jpegqf import scan
from jpegqf.cli import main
from jpegqf.errors import UsageError
from jpegqf.outputs.parquet_file import records_table
from jpegqf.scanning.request import ScanRequest

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install '.[ray]'")
pytest.importorskip("ray.data", reason="Ray Data is not installed: pip install '.[ray]'")

pytestmark = pytest.mark.filterwarnings("ignore")
"""Ray's own, of which there are many."""


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory, jpeg: MakeJpeg, cat: Image.Image) -> Path:
    """A folder, tar shards, Parquet shards and a list of the same images, sound and broken."""
    root = tmp_path_factory.mktemp("cluster")
    (root / "in" / "sub").mkdir(parents=True)
    for i in range(14):
        (root / "in" / ("sub" if i > 9 else "") / f"{i:02d}.jpg").write_bytes(jpeg(40 + 4 * i, cat))
    (root / "in" / "14.jpg").write_bytes(jpeg(70, cat)[:4000])
    (root / "in" / "15.jpg").write_bytes(b"nothing")
    out = io.BytesIO()
    cat.crop((3, 5, 203, 155)).save(out, "PNG")
    (root / "in" / "16.png").write_bytes(out.getvalue())
    files = sorted(path for path in (root / "in").rglob("*.*g"))
    assert len(files) == 17
    for shard in range(3):
        some = files[shard::3]
        with tarfile.open(root / f"s{shard}.tar", "w") as archive:
            for path in some:
                archive.add(path, path.name)
        table = pa.table({"jpg": [path.read_bytes() for path in some], "__key__": [path.stem for path in some]})
        pq.write_table(table, root / f"s{shard}.parquet", row_group_size=4)
    (root / "list.txt").write_text("\n".join(["in/03.jpg", "s1.tar", "in/absent.jpg", "in/00.jpg"]))
    return root


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A Ray of two cores whose processes crash and hang on images that ask for it, and an object store beside it."""
    code = tmp_path_factory.mktemp("code")
    (code / "sitecustomize.py").write_text(CRASHER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_worker_niceness", "0")
        patch.setenv("PYTHONPATH", f"{code}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
        with object_store(patch) as bucket:
            ray.init(
                "local", num_cpus=2, object_store_memory=2**27, include_dashboard=False, logging_level="ERROR",
                log_to_driver=False,
            )  # fmt: skip
            try:
                yield SimpleNamespace(bucket=bucket)
            finally:
                ray.shutdown()


@contextmanager
def object_store(patch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A server of S3's interface on this machine; gives a client, or None where it is not installed."""
    try:
        import boto3
        from moto.server import ThreadedMotoServer
    except ImportError:
        yield None
        return
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    values = {"ENDPOINT_URL": f"http://{host}:{port}", "ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "x"}
    for name, value in {**values, "REGION": "us-east-1", "DEFAULT_REGION": "us-east-1"}.items():
        patch.setenv(f"AWS_{name}", value)
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    client = boto3.client("s3")
    client.create_bucket(Bucket="bucket")
    yield client
    server.stop()


def scanned(*sources: str, output: str, **options: Any) -> Any:
    """A scan with small shards; the job when it is over."""
    from jpegqf.cluster.run import ClusterScan

    images_per_shard = options.pop("images_per_shard", 5)
    asked = {"recursive": True, **options}
    job = ClusterScan(ScanRequest(sources, (output,), shard_images=images_per_shard, **asked))
    job.run()
    return job


def rows_of(folder: Path) -> pa.Table:
    return ds.dataset(str(folder)).to_table().sort_by("path").replace_schema_metadata(None)


def wanted(*sources: str) -> pa.Table:
    """What one machine says."""
    return records_table(scan(sources, recursive=True)).sort_by("path")


def test_results_equal_those_of_one_machine_row_by_row(
    cluster: SimpleNamespace, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(images)
    sources = ("in", "s*.tar", "s0.parquet", "s1.parquet", "s2.parquet", "@list.txt")
    job = scanned(*sources, output=str(tmp_path / "out"))
    found = rows_of(tmp_path / "out")
    assert found.num_rows == job.tally.rows == 3 * 17 + 6 + 3
    assert found.equals(wanted(*sources))
    assert job.tally.shards["done"] == len(list((tmp_path / "out").glob("*.parquet"))) == 4 + 3 + 3 + 3


def test_results_from_and_to_an_object_store_equal_those_of_one_machine(
    cluster: SimpleNamespace, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if cluster.bucket is None:
        pytest.skip("moto and boto3 are not installed: pip install '.[s3]'")
    monkeypatch.chdir(images)
    for path in [*images.glob("s?.*"), *images.glob("in/**/*.*")]:
        cluster.bucket.upload_file(str(path), "bucket", str(path.relative_to(images)))
    job = scanned(
        *(f"s3://bucket/{name}" for name in ("in", "s*.tar", "s{0..2}.parquet")), output="s3://bucket/results"
    )
    assert job.tally.shards == {"done": 10}
    for held in cluster.bucket.list_objects_v2(Bucket="bucket", Prefix="results")["Contents"]:
        data = cluster.bucket.get_object(Bucket="bucket", Key=held["Key"])["Body"].read()
        (tmp_path / os.path.basename(held["Key"])).write_bytes(data)
    found = rows_of_files(sorted(tmp_path.glob("*.parquet")))
    names = [name.replace("s3://bucket/", "") for name in found["path"].to_pylist()]
    found = found.set_column(0, "path", pa.array(names)).sort_by("path")
    assert found.equals(wanted("in", "s*.tar", "s*.parquet"))


def rows_of_files(paths: list[Path]) -> pa.Table:
    return pa.concat_tables([pq.read_table(path) for path in paths]).replace_schema_metadata(None)


def test_images_that_crash_or_hang_cost_their_rows_and_no_shard(
    cluster: SimpleNamespace, tmp_path: Path, jpeg: MakeJpeg, cat: Image.Image
) -> None:
    comments = (b"fine", b"kill me", b"fine", b"hang me", b"fine", b"kill me")
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for number, comment in enumerate(comments):
            (tmp_path / "x.jpg").write_bytes(jpeg(80, cat, comment=comment))
            archive.add(tmp_path / "x.jpg", f"{number}.jpg")
    job = scanned(str(tmp_path / "a.tar"), output=str(tmp_path / "out"), timeout=10.0)
    assert rows_of(tmp_path / "out")["reason"].to_pylist() == [None, "crashed", None, "timeout", None, "crashed"]
    assert job.tally.shards == {"done": 1}
    assert job.tally.reasons == {"crashed": 2, "timeout": 1}


def test_resume_does_what_is_missing_and_nothing_else(
    cluster: SimpleNamespace, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(images)
    output = tmp_path / "out"
    first = scanned("in", "s0.tar", output=str(output), only="header")
    files = sorted(output.glob("*.parquet"))
    kept = {path.name: path.stat().st_mtime_ns for path in files}
    files[1].unlink()
    for note in (output / "_done").glob("*.jsonl"):
        lines = note.read_text().splitlines(keepends=True)
        # As if killed: shard 1 was not done, shard 2 was and is not noted.
        note.write_text("".join(line for line in lines if json.loads(line)["number"] not in (1, 2)))
    again = scanned("in", "s0.tar", output=str(output), only="header", resume=True)
    assert {path.name: path.stat().st_mtime_ns for path in output.glob("*.parquet")}.items() >= {
        name: when for name, when in kept.items() if name != files[1].name
    }.items()
    assert again.tally.statuses == first.tally.statuses
    assert again.tally.shards == {"resumed": len(files) - 2, "done": 2}
    assert rows_of(output).num_rows == first.tally.rows


def test_a_changed_input_is_told_and_nothing_is_overwritten(
    cluster: SimpleNamespace, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(images)
    scanned("in", output=str(tmp_path / "out"), only="header")
    before = rows_of(tmp_path / "out")
    with pytest.raises(UsageError, match="the input changed"):
        scanned("s0.tar", "in", output=str(tmp_path / "out"), only="header", resume=True)
    assert rows_of(tmp_path / "out").equals(before)


def test_a_shard_that_cannot_be_read_is_told_and_the_others_are_done(
    cluster: SimpleNamespace, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "list").write_text(f"{images}/s0.tar\nmemory://nothing/here.tar\n{images}/s1.tar\n")
    job = scanned(f"@{tmp_path}/list", output=str(tmp_path / "out"), only="header")
    assert job.tally.shards == {"done": 2, "failed": 1}
    assert "memory://nothing/here.tar" in job.tally.failed_shards[0]


def test_the_command_tells_counts_writes_a_summary_and_refuses_in_one_line(
    cluster: SimpleNamespace, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(images)
    monkeypatch.setattr("jpegqf.cluster.progress.LOG_SECONDS", 0.0)

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(main, ["scan", "--engine", "ray", "--only", "header", *arguments])

    out = str(tmp_path / "out")
    done = run("s0.tar", "s1.tar", "-o", out, "--summary", str(tmp_path / "s.json"))
    assert done.exit_code == 3, done.output
    assert "ok" in done.stderr.splitlines()[-1]
    assert any("shards" in line and "images" in line and "/s" in line for line in done.stderr.splitlines())
    told = json.loads((tmp_path / "s.json").read_text())
    assert (told["rows"], told["shards"], told["outcome"]) == (12, {"done": 2}, "finished")
    for arguments, words in (
        (("s0.tar", "-o", out), "not empty"),
        (("s0.tar",), "needs one -o"),
        (("-", "-o", f"{out}2"), "standard input"),
        (("nowhere.tar", "-o", f"{out}2"), "no such file"),
        (("s0.tar", "-o", f"{out}2", "--device", "cuda"), "no GPU"),
        (("s0.tar", "-o", "s1.tar"), "is a file"),
        (("list.txt", "--exts", ".xyz", "-o", f"{out}3"), None),
    ):
        refused = run(*arguments)
        if words:
            assert refused.exit_code == 2, refused.output
            assert words in refused.stderr
            assert len(refused.stderr.splitlines()) == 1
    assert not os.path.exists(f"{out}2")


def test_ray_data_maps_inspect_batch_as_it_is(cluster: SimpleNamespace, images: Path) -> None:
    from jpegqf.scanning.arrow_batch import inspect_batch

    found = ray.data.read_parquet([str(images / f"s{shard}.parquet") for shard in range(3)]).map_batches(
        inspect_batch, batch_format="pyarrow", concurrency=1
    )
    names = {row["path"]: row["qf"] for row in found.take_all()}
    assert len(names) == 17
    assert [names[f"{i:02d}"] for i in range(14)] == [40 + 4 * i for i in range(14)]

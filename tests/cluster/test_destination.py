"""A folder of results has whole files only, knows what is done, and is never taken for another scan's."""

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.dataset as ds
import pytest

from jpegqf.cluster.results_folder import Destination, Result, identity
from jpegqf.cluster.shards import Shard
from jpegqf.errors import OutputError, UsageError
from jpegqf.outputs.results import read_records
from jpegqf.record import Record, Status
from jpegqf.scanning.summary import Tally

SETTINGS = {"only": None, "shard_images": 2}


def shard(number: int, *names: str) -> Shard:
    return Shard(number, tuple((name, None) for name in names or (f"s{number}.tar",)), not names, 0.5)


def rows(*names: str) -> Iterator[Record]:
    return (Record(name, name, Status.OK) for name in names)


def result(done: Shard, count: int = 2) -> Result:
    return Result(done.number, done.name, identity(done), count, Tally().to_dict(), 1.0)


def written(destination: Destination, count: int) -> list[Result]:
    """The first ``count`` shards, two rows each."""
    ones = [shard(number) for number in range(count)]
    return [destination.write(one, rows("a", "b"), lambda one=one: result(one)) for one in ones]  # type: ignore[misc]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def begun(folder: Path) -> Destination:
    destination = Destination(str(folder))
    destination.check(SETTINGS, False, False)
    destination.begin(SETTINGS, False)
    return destination


def test_a_shard_becomes_one_file_that_tells_what_became_of_it(begun: Destination, folder: Path) -> None:
    one = shard(3)
    assert begun.result(one) is None
    told = begun.write(one, rows("a", "b"), lambda: result(one))
    assert begun.result(one) == told == result(one)
    assert [path.name for path in folder.glob("*")] in (
        ["_done", "000000003-s3.tar.parquet"],
        ["000000003-s3.tar.parquet", "_done"],
    )


def test_the_folder_is_read_as_it_is_in_the_order_of_the_input(begun: Destination, folder: Path) -> None:
    for number, names in ((1, "cd"), (0, "ab"), (2, "ef")):
        one = shard(number)
        begun.write(one, rows(*names), lambda one=one: result(one))  # type: ignore[misc]
    begun.note([result(shard(0))])
    (folder / ".000000009-x.parquet-0badcafe.part").write_bytes(b"half")
    assert ds.dataset(str(folder)).to_table()["path"].to_pylist() == list("abcdef")
    assert [record.path for record in read_records(str(folder))] == list("abcdef")


def test_what_fails_while_it_is_written_leaves_no_file(begun: Destination, folder: Path) -> None:
    def broken() -> Iterator[Record]:
        yield from rows("a")
        raise OSError("the network is gone")

    with pytest.raises(OSError, match="network"):
        begun.write(shard(0), broken(), lambda: result(shard(0)))
    assert [path.name for path in folder.iterdir()] == ["_done"]


def test_a_folder_that_cannot_be_written_is_told(begun: Destination, folder: Path) -> None:
    (folder / "000000000-s0.tar.parquet").mkdir()
    (folder / "000000000-s0.tar.parquet" / "x").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        begun.write(shard(0), rows("a"), lambda: result(shard(0)))
    assert not list(folder.glob(".*"))


def test_shards_noted_are_told_again_and_half_a_note_is_never_there(begun: Destination, folder: Path) -> None:
    done = written(begun, 2)
    begun.note(done)
    begun.note(done[1:])
    (folder / "_done" / ".x.jsonl-0badcafe.part").write_text('{"number": 7')
    assert sorted(told.number for told in begun.noted()) == [0, 1, 1]


def test_a_file_that_is_gone_or_damaged_is_to_be_done_again(begun: Destination, folder: Path) -> None:
    results = written(begun, 3)
    begun.note(results)
    names = sorted(path for path in folder.iterdir() if path.suffix == ".parquet")
    names[0].unlink()
    names[1].write_bytes(b"not Parquet")
    (folder / "_done" / "torn.jsonl").write_text('{"number": 2, "sh')
    assert {result.number for result in begun.noted()} == {1, 2}
    assert begun.result(shard(0)) is begun.result(shard(1)) is None
    assert begun.result(shard(2)) == results[2]


@pytest.mark.parametrize("damage", ["", "{bad", "[1]"])
def test_damaged_settings_are_other_settings(begun: Destination, folder: Path, damage: str) -> None:
    (folder / "_done" / "settings.json").write_text(damage)
    with pytest.raises(UsageError, match="begun with another"):
        begun.check(SETTINGS, resume=True, overwrite=False)
    begun.check(SETTINGS, resume=False, overwrite=True)


def test_another_shard_under_the_same_number_is_refused(begun: Destination) -> None:
    first, second = shard(0, "a.jpg", "b.jpg"), shard(0, "a.jpg", "c.jpg")
    begun.write(first, rows("a.jpg", "b.jpg"), lambda: result(first))
    with pytest.raises(UsageError, match=r"the input changed .* shard 0"):
        begun.result(second)


def test_a_folder_in_use_is_only_resumed_or_replaced_when_it_is_asked_for(begun: Destination, folder: Path) -> None:
    begun.write(shard(0), rows("a"), lambda: result(shard(0)))
    with pytest.raises(UsageError, match=r"not empty.*--overwrite.*--resume"):
        begun.check(SETTINGS, False, False)
    with pytest.raises(UsageError, match="begun with another only"):
        begun.check({**SETTINGS, "only": "header"}, True, False)
    begun.check(SETTINGS, True, False)
    begun.begin(SETTINGS, True)
    assert begun.result(shard(0))
    begun.check({**SETTINGS, "only": "header"}, False, True)
    begun.begin({**SETTINGS, "only": "header"}, False)
    assert begun.result(shard(0)) is None
    assert json.loads((folder / "_done" / "settings.json").read_text())["only"] == "header"


@pytest.mark.parametrize(("resume", "overwrite"), [(False, False), (True, False), (False, True)])
def test_a_folder_of_something_else_is_never_touched(folder: Path, resume: bool, overwrite: bool) -> None:
    folder.mkdir()
    (folder / "000000000-mine.parquet").write_text("precious")
    with pytest.raises(UsageError, match="not empty"):
        Destination(str(folder)).check(SETTINGS, resume, overwrite)


def test_a_file_is_no_folder(folder: Path) -> None:
    folder.write_text("x")
    with pytest.raises(UsageError, match="is a file"):
        Destination(str(folder)).check(SETTINGS, False, False)


def test_hostile_names_of_shards_stay_in_the_folder(begun: Destination, folder: Path) -> None:
    one = shard(0)
    hostile = Shard(0, (("s3://b/../../\u202eevil\n;rm -rf.tar" + "x" * 9000, None),), True, 1.0)
    begun.write(hostile, rows("a"), lambda: Result(0, hostile.name, identity(hostile), 1, Tally().to_dict(), 1.0))
    (path,) = folder.glob("*.parquet")
    assert len(path.name) < 100
    assert path.name.isascii()
    with pytest.raises(UsageError):
        begun.result(Shard(0, hostile.members[:1] + one.members, True, 1.0))

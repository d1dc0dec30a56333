import csv
import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import REPOSITORY
from jpegqf.errors import UsageError
from jpegqf.outputs.base import Batch
from jpegqf.outputs.formats import open_writer
from jpegqf.outputs.results import batches, open_results, read_records
from jpegqf.record import CELLS, COLUMNS, Record, Region, Status, Verdict

REGION = Region(61, 403, 448, 296, 5, 3, 60, 59, 61, 0.4251, 0.9995)

RECORDS = [
    Record("a/=cmd.jpg", "=cmd.jpg", Status.OK, qf=95, header_qf=95, pixel_confidence=0.5, progressive=True),
    Record("'b.png", "'b.png", Status.ERROR, reason="empty", message='-file, is\n"empty"', verdict=Verdict.UNKNOWN),
    Record("中/c.jpg", "c.jpg", Status.OK, qf=1, verdict=Verdict.RESAVED, verdict_text="", progressive=False),
]
SUFFIXES = (".csv", ".jsonl", ".db", ".parquet")


def written(path: Path, records: list[Record] = RECORDS) -> str:
    if path.suffix == ".parquet":
        pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    writer = open_writer(str(path))
    for record in records:
        writer.write(record)
    writer.close()
    return str(path)


def read(path: str, *names: str) -> list[Batch]:
    return [batch for results in open_results(path) for batch in batches(results, names)]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_columns_hold_what_the_records_held(tmp_path: Path, suffix: str) -> None:
    held = CELLS if suffix == ".csv" else COLUMNS
    names = [name for name in held if name != "verdict_text"]  # CSV does not tell "" from unknown
    (batch,) = read(written(tmp_path / f"r{suffix}"), *names)
    assert batch == {name: [record.to_dict()[name] for record in RECORDS] for name in names}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_batches_are_bounded_and_together_hold_every_row(tmp_path: Path, suffix: str) -> None:
    at_once = 500
    many = [Record(f"{i}.jpg", f"{i}.jpg", Status.OK) for i in range(2 * at_once + 1)]
    (results,) = open_results(written(tmp_path / f"r{suffix}", many))
    found = list(batches(results, ["path"], at_once))
    assert max(len(batch["path"]) for batch in found) <= at_once
    assert [path for batch in found for path in batch["path"]] == [record.path for record in many]


def test_a_folder_of_parquet_files_is_read_in_order(tmp_path: Path) -> None:
    for i, record in enumerate(RECORDS):
        written(tmp_path / "part" / f"{i:05d}.parquet", [record])
    (tmp_path / "part" / "_manifest.json").write_text("{}")
    (tmp_path / "part" / "00009.parquet.part").write_text("unfinished")
    batches = read(str(tmp_path), "path")
    assert [batch["path"] for batch in batches] == [[record.path] for record in RECORDS]


def add_class_to_csv(path: Path) -> None:
    with path.open(newline="", encoding="utf-8-sig") as file:
        head, *rows = csv.reader(file)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["class", *head], *(["=cat", *row] for row in rows)])


def add_class_to_json(path: Path) -> None:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    path.write_text("".join(json.dumps(row | {"class": "=cat"}) + "\n" for row in rows), encoding="utf-8")


def add_class_to_database(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("ALTER TABLE records ADD COLUMN class TEXT DEFAULT '=cat'")
    database.close()


def add_class_to_parquet(path: Path) -> None:
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    table = parquet.read_table(path)
    parquet.write_table(table.append_column("class", arrow.array(["=cat"] * len(table))), path)


@pytest.mark.parametrize(
    ("suffix", "add"),
    [
        (".csv", add_class_to_csv),
        (".jsonl", add_class_to_json),
        (".db", add_class_to_database),
        (".parquet", add_class_to_parquet),
    ],
)
def test_a_column_that_others_added_is_read_as_it_is(tmp_path: Path, suffix: str, add: Callable[[Path], None]) -> None:
    path = tmp_path / f"r{suffix}"
    written(path)
    add(path)
    (batch,) = read(str(path), "qf", "class")
    assert batch == {"qf": [95, None, 1], "class": ["=cat"] * 3}


def test_in_sqlite_records_may_be_a_view_that_joins_labels(tmp_path: Path) -> None:
    path = tmp_path / "rows.db"
    written(path)
    (command,) = re.findall(r'sqlite3 rows.db "(.+)"', (REPOSITORY / "docs" / "report.md").read_text(encoding="utf-8"))
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE labels (path TEXT PRIMARY KEY, class TEXT)")
        database.executemany("INSERT INTO labels VALUES (?, 'cat')", [(record.path,) for record in RECORDS])
        database.executescript(command)
    database.close()
    assert read(str(path), "qf", "class") == [{"qf": [95, None, 1], "class": ["cat"] * 3}]


def test_whole_numbers_that_pandas_made_floats_are_read_as_whole(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    written(path)
    path.write_text(path.read_text(encoding="utf-8-sig").replace(",95,", ",95.0,"), encoding="utf-8")
    assert read(str(path), "qf")[0]["qf"] == [95, None, 1]
    row = RECORDS[0].to_dict() | {"qf": float("nan"), "header_qf": 95.0}
    (tmp_path / "r.jsonl").write_text(json.dumps(row) + "\n")
    assert read(str(tmp_path / "r.jsonl"), "qf", "header_qf") == [{"qf": [None], "header_qf": [95]}]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_last_line_cut_anywhere_is_left_out_and_told(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"r{suffix}"
    written(path)
    whole = path.read_bytes()
    start = whole.rindex(b"\n", 0, -1) + 1
    for end in range(start + 1, len(whole) - 1):
        path.write_bytes(whole[:end])
        (results,) = open_results(str(path))
        assert [batch["path"] for batch in batches(results, ["path"])] == [["a/=cmd.jpg", "'b.png"]], end
        assert results.torn


BAD: list[tuple[dict[str, Any], str]] = [
    ({"header_qf_chroma": 101}, "header_qf_chroma cannot hold 101"),
    ({"pixel_qf_low": 0}, "pixel_qf_low cannot hold 0"),
    ({"pixel_qf_high": 1000}, "pixel_qf_high cannot hold 1000"),
    ({"grid_x": 8}, "grid_x cannot hold 8"),
    ({"jpeg_probability": 1.5}, "jpeg_probability cannot hold 1.5"),
    ({"qf": 101}, "qf cannot hold 101"),
    ({"qf": 0}, "qf cannot hold 0"),
    ({"qf": 95.5}, "qf cannot hold 95.5"),
    ({"pixel_qf": True}, "pixel_qf cannot hold True"),
    ({"header_qf": "95"}, "header_qf cannot hold '95'"),
    ({"header_qf": [95]}, "header_qf cannot hold [95]"),
    ({"verdict": "<b>"}, "verdict cannot hold '<b>'"),
    ({"status": None}, "status cannot hold None"),
    ({"path": None}, "path cannot hold None"),
    ({"path": 7}, "path cannot hold 7"),
    ({"message": {"a": "x" * 1000}}, "message cannot hold {'a': 'xxx"),
    ({"width": float("inf")}, "width cannot hold inf"),
    ({"regions": -1}, "regions cannot hold -1"),
    ({"jpeg_share": 1.01}, "jpeg_share cannot hold 1.01"),
    ({"region_list": 7}, "region_list cannot hold 7"),
    ({"pixel_table": 7}, "pixel_table cannot hold 7"),
    ({"pixel_table": [1] * 63}, "pixel_table cannot hold [1, 1"),
    ({"pixel_table": [1] * 63 + [0]}, "pixel_table cannot hold [1, 1"),
    ({"pixel_table": [256] + [None] * 63}, "pixel_table cannot hold [256, None"),
    ({"pixel_table": ["16"] * 64}, "pixel_table cannot hold ['16'"),
    ({"region_list": "<script>"}, "region_list cannot hold '<script>'"),
    ({"region_list": [None]}, "region_list cannot hold [None]"),
    ({"region_list": [{}]}, "region_list cannot hold [{}]"),
    ({"region_list": {"x": 1}}, "region_list cannot hold {'x': 1}"),
    ({"region_list": [REGION.__dict__ | {"x": -1}]}, "region_list cannot hold [{'x': -1"),
    ({"region_list": [REGION.__dict__ | {"x": 1.5}]}, "region_list cannot hold [{'x': 1.5"),
    ({"region_list": [REGION.__dict__, {"x" * 10_000: "\n"}]}, "region_list cannot hold [{'x': 61"),
]


@pytest.mark.parametrize(("wrong", "words"), BAD)
def test_a_value_that_its_column_cannot_hold_is_refused_in_one_short_line(
    tmp_path: Path, wrong: dict[str, Any], words: str
) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps(RECORDS[0].to_dict() | wrong) + "\n", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read(str(path), *COLUMNS)
    assert f"rows 1-1: the column {words}" in str(caught.value)
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


BROKEN: list[tuple[str, bytes, str]] = [
    ("r.csv", b"", "no results file"),
    ("r.csv", b"a,b\n1,2\n", "no results file"),
    ("r.csv", ",".join(COLUMNS).encode() + b"\n1,2\n3,4\n", f"row 1 has 2 cells instead of {len(COLUMNS)}"),
    ("r.csv", ",".join(COLUMNS).encode() + b"\n\xff\xfe\n\xff\n", "row 1 has 1 cells"),
    ("r.csv", ",".join(COLUMNS).encode() + b'\n"' + b"x" * 2**21, "cannot be read: field larger than field limit"),
    ("r.jsonl", b"[1]\n", "line 1 is no JSON object"),
    ("r.jsonl", b"{}\n", "no results file"),
    ("r.jsonl", b"nonsense\n{}\n", "line 1 is no JSON"),
    ("r.jsonl", b'{"path": "' + b"x" * 2**21, "line 1 is no JSON, or longer than"),
    ("r.jsonl", b'{"path": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", "cannot be read"),
    ("r.db", b"no database at all, but long enough to be looked at", "cannot be read: file is not a database"),
    ("r.db", b"", "no results file"),
    ("r.parquet", b"PAR1", "cannot be read"),
    ("r.html", b"", "the suffix must be one of"),
]


@pytest.mark.parametrize(("name", "content", "words"), BROKEN)
def test_what_is_no_results_file_is_refused_in_one_line(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read(str(tmp_path / name), *COLUMNS)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_path_to_no_results_is_refused(tmp_path: Path) -> None:
    for path, words in (("absent.csv", "no such results file"), ("", "no .parquet file in the folder")):
        with pytest.raises(UsageError, match=words):
            open_results(str(tmp_path / path))


def test_a_column_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no column 'class'"):
        read(written(tmp_path / "r.csv"), "class")


IN_REGIONS = [Record("a.png", "a.png", Status.OK, regions=2, region_list=(REGION, REGION)),
              Record("b.png", "b.png", Status.OK, regions=0, region_list=()),
              Record("c.png", "c.png", Status.ERROR)]  # fmt: skip


@pytest.mark.parametrize("suffix", [".jsonl", ".db", ".parquet"])
def test_regions_none_and_unknown_ones_are_read_back_as_they_were(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path / f"r{suffix}", IN_REGIONS)
    assert [record.region_list for record in read_records(path)] == [(REGION, REGION), (), None]


def test_regions_are_a_list_of_objects_in_json_lines_and_json_in_sqlite(tmp_path: Path) -> None:
    lines = Path(written(tmp_path / "r.jsonl", IN_REGIONS)).read_text(encoding="utf-8").splitlines()
    told = [vars(REGION), vars(REGION)]
    assert [json.loads(line)["region_list"] for line in lines] == [told, [], None]
    connection = sqlite3.connect(written(tmp_path / "r.db", IN_REGIONS))
    cells = [cell for (cell,) in connection.execute("SELECT region_list FROM records ORDER BY id")]
    (x,) = connection.execute("SELECT json_extract(region_list, '$[1].x') FROM records WHERE id = 1").fetchone()
    connection.close()
    assert [cell and json.loads(cell) for cell in cells] == [told, [], None]
    assert x == 61


def test_regions_are_a_list_of_structures_in_parquet(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    from pyarrow import parquet

    path = written(tmp_path / "r.parquet", IN_REGIONS)
    field = parquet.read_schema(path).field("region_list").type
    assert {item.name: item.type for item in field.value_type} == {
        name: arrow.float64() if name in ("share", "jpeg_probability") else arrow.int64() for name in vars(REGION)
    }
    assert parquet.read_table(path)["region_list"].to_pylist() == [[vars(REGION), vars(REGION)], [], None]


def test_csv_tells_the_number_of_regions_but_not_the_regions(tmp_path: Path) -> None:
    path = written(tmp_path / "r.csv", IN_REGIONS)
    with Path(path).open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(CELLS)
    assert "region_list" not in rows[0]
    assert [row["regions"] for row in rows] == ["2", "0", ""]
    assert [record.region_list for record in read_records(path)] == [None, None, None]


@pytest.mark.parametrize(
    "cell", ["", "nonsense", pytest.param("[" * 100_000, id="deep"), "7", "[null]", "[NaN]", '[{"x": 1}]', b"\xff", 1.5]
)
def test_regions_in_a_database_that_are_none_are_refused_in_one_line(tmp_path: Path, cell: object) -> None:
    path = written(tmp_path / "r.db", IN_REGIONS)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE records SET region_list = ? WHERE id = 2", (cell,))
    connection.commit()
    connection.close()
    with pytest.raises(UsageError) as caught:
        list(read_records(path))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_parquet_file_whose_regions_are_texts_is_refused_in_one_line(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    from pyarrow import parquet

    path = written(tmp_path / "r.parquet", IN_REGIONS)
    table = parquet.read_table(path)
    place = table.schema.get_field_index("region_list")
    parquet.write_table(table.set_column(place, "region_list", arrow.array(["<b>", None, None])), path)
    with pytest.raises(UsageError, match="the column region_list cannot hold '<b>'"):
        list(read_records(path))

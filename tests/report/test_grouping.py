"""How rows fall into groups: by folder or by any column."""

import pytest
from report_rows import batch_of, counted, ok, said

from jpegqf.report.aggregate import Aggregate
from jpegqf.report.figures import figures
from jpegqf.report.grouping import folder_level, folder_of, grouping

FOLDERS = [
    ("a/b/c.jpg", "a/b", ["a", "b"]),
    ("/a/b/c.jpg", "/a/b", ["a", "b"]),
    ("c.jpg", ".", []),
    ("./c.jpg", ".", []),
    ("/c.jpg", "/", []),
    ("crawl.tar!c.jpg", "crawl.tar!", ["crawl.tar!"]),
    ("crawl.parquet!a/c", "crawl.parquet!/a", ["crawl.parquet!", "a"]),
    ("x/crawl.tar.gz!a/c.jpg", "x/crawl.tar.gz!/a", ["x", "crawl.tar.gz!", "a"]),
    ("x/book.pdf!12/3", "x/book.pdf!", ["x", "book.pdf!"]),
    ("scan.dcm!2", "scan.dcm!", ["scan.dcm!"]),
    ("x/slide.tif!2", "x", ["x"]),
    ("what!/c.jpg", "what!", ["what!"]),
    (r"C:\photos\cats\c.jpg", r"C:\photos\cats", ["C:", "photos", "cats"]),
    (r"not\xff a folder.jpg", ".", []),
]


@pytest.mark.parametrize(("path", "folder", "levels"), FOLDERS)
def test_folders_are_told_from_paths_of_files_and_archives(path: str, folder: str, levels: list[str]) -> None:
    assert folder_of(path) == folder
    assert [folder_level(path, i + 1) for i in range(len(levels))] == levels
    assert [folder_level(path, i - len(levels)) for i in range(len(levels))] == levels
    assert folder_level(path, len(levels) + 1) is folder_level(path, -len(levels) - 1) is None


def test_rows_are_grouped_by_any_column_too() -> None:
    rows = [ok(f"{i}.jpg", qf=90, width=i % 2 * 100, progressive=i % 2 == 0, subsampling=None) for i in range(4)]
    for by, names in (("width", {"0", "100"}), ("format", {"(none)"})):
        found = Aggregate(grouping(by), 1, 1)
        found.add(batch_of(rows) | {by: [getattr(row, by) for row in rows]})
        assert {said(row[0]) for row in figures(found)["groups"]["listed"]} == names


def test_an_empty_text_is_a_group_of_its_own_and_a_missing_value_is_none() -> None:
    found = Aggregate(grouping("label"), 1, 1)
    rows = [ok(f"{i}.jpg", qf=40 + 50 * (i % 2)) for i in range(120)]
    labels = ["" if i % 2 else "b" for i in range(100)] + [None] * 10 + [float("nan")] * 10
    found.add(batch_of(rows) | {"label": labels})
    groups = figures(found)["groups"]
    told = [(said(row[0]), row[1]) for row in groups["listed"]]
    assert told == [("(empty)", 50), ("b", 50), ("(none)", 20)]
    assert (groups["compared"], groups["effect"]) == (2, "large")


def test_folders_are_named_below_what_they_share() -> None:
    rows = [ok(f"/data/set/{name}/{i}.jpg", qf=90) for name in ("cats", "cats/old", "dogs") for i in range(2)]
    groups = figures(counted(rows))["groups"]
    assert (groups["below"], [row[0] for row in groups["listed"]]) == ("/data/set", ["cats", "cats/old", "dogs"])

"""What is counted of rows: groups, the table of images, causes, within bounded memory."""

from collections import Counter
from dataclasses import replace

from report_rows import ROWS, counted, ok, said

from jpegqf.record import Record, Status, Verdict
from jpegqf.report.figures import figures
from jpegqf.report.grouping import OTHERS, Bounded


def test_counts_are_those_of_the_rows() -> None:
    found = counted(ROWS, "folder:3")
    told = figures(found)
    assert found.rows == 3000
    assert {code: number for code, number in told["verdicts"] if number} == Counter(row.verdict.value for row in ROWS)
    assert dict(told["statuses"]) == Counter(row.status.value for row in ROWS)
    quality = told["quality"]
    assert quality["header"] == [sum(row.header_qf == (q or None) for row in ROWS) for q in range(101)]
    assert quality["pixels"] == [sum(row.pixel_qf == (q or None) for row in ROWS) for q in range(101)]
    for kind, column, answer in (("encoders", "encoder", "header_qf"), ("formats", "format", "qf")):
        expected = Counter((getattr(row, column), getattr(row, answer)) for row in ROWS)
        for series in quality[kind]:
            name = None if series["name"] == ["series.unknown"] else series["name"]
            assert series["counts"] == [expected[name, q or None] for q in range(101)]


def test_densities_are_those_of_the_rows() -> None:
    told = figures(counted(ROWS))
    both = [row for row in ROWS if row.header_qf and row.pixel_qf]
    pairs = Counter((row.header_qf, row.pixel_qf) for row in both)
    resaved = Counter((row.header_qf, row.pixel_qf) for row in both if row.verdict is Verdict.RESAVED)
    assert {(x, y): (n, r) for x, y, n, r in told["pairs"]} == {cell: (pairs[cell], resaved[cell]) for cell in pairs}
    firsts = Counter((row.qf, row.first_qf) for row in ROWS if row.first_qf)
    assert {(x, y): n for x, y, n in told["firsts"]} == firsts
    assert firsts


def test_groups_are_those_of_the_rows_and_a_difference_is_told() -> None:
    groups = figures(counted(ROWS, "folder:3"))["groups"]
    assert [row[0] for row in groups["listed"]] == ["cat", "dog", "generated", "horse", "landscape", "portrait"]
    for name, number, median, resaved, _, bands in groups["listed"]:
        inside = [row for row in ROWS if row.path.split("/")[2] == name]
        known = sorted(row.qf for row in inside if row.qf)
        assert number == len(inside) == 500
        assert median == known[(len(known) + 1) // 2 - 1]
        assert resaved == sum(row.verdict is Verdict.RESAVED for row in inside)
        assert bands[-1] == sum(row.verdict is Verdict.NO_TRACE for row in inside)
        assert sum(bands[:-1]) == len(known)
    farthest = max(groups["listed"], key=lambda row: row[4])
    assert (farthest[0], groups["effect"]) == ("generated", "large")
    assert said(groups["heading"]) == "Compression differs strongly by folder (level 3)"
    sentences = [said(words) for words in groups["sentences"]]
    assert any("a model can learn the compression instead of the content" in words for words in sentences)


def test_groups_that_are_alike_get_no_warning() -> None:
    alike = [ok(f"{name}/{i}.jpg", qf=75 + i % 20) for name in "abc" for i in range(400)]
    groups = figures(counted(alike))["groups"]
    assert said(groups["heading"]) == "Compression hardly differs by folder"
    assert groups["effect"] == "negligible"


def test_a_share_of_right_guesses_is_told_of_few_groups_only() -> None:
    for groups, told in ((2, True), (60, False)):
        rows = [ok(f"{i % groups}/{i}.jpg", qf=95 if i % groups else 50) for i in range(60 * 40)]
        sentences = [said(words) for words in figures(counted(rows))["groups"]["sentences"]]
        assert any("names the right group" in words for words in sentences) is told
        assert any("learn the compression" in words for words in sentences)


def test_groups_of_a_few_images_are_listed_and_not_compared() -> None:
    groups = figures(counted([ok(f"a/{i}.jpg", qf=95) for i in range(40)] + [ok("b/1.jpg", qf=20)]))["groups"]
    assert [(row[0], row[1], row[4]) for row in groups["listed"]] == [("a", 40, None), ("b", 1, None)]
    assert (groups["compared"], groups["heading"]) == (1, None)


def test_the_table_has_the_worst_first_then_others_drawn_from_all() -> None:
    def order(row: Record) -> tuple[float, float]:
        if row.verdict is Verdict.RESAVED:
            return 6, (row.header_qf or 0) - (row.first_qf or 0)
        if row.verdict is Verdict.COMPOSITE:
            return 5, 0
        if row.verdict is Verdict.PARTIAL:
            return 4, -(row.qf or 100)
        kinds = {Status.ERROR: 2, Status.SKIPPED: 1, Status.OK: 0}
        return kinds[row.status], -(row.qf or 100) if row.status is Status.OK else 0

    table = counted(ROWS, worst=50, drawn=100).table()
    expected = sorted(ROWS, key=order, reverse=True)[:50]
    assert [row.path for row in table[:50]] == [row.path for row in expected]
    drawn = [row.path for row in table[50:]]
    assert len(set(drawn)) == 100
    assert not set(drawn) & {row.path for row in expected}
    numbers = [int(path[-11:-4]) for path in drawn]
    assert numbers == sorted(numbers)
    assert 1200 < sum(numbers) / 100 < 1800


def test_the_order_of_bad_images_is_the_documented_one() -> None:
    rows = [
        ok("low.jpg", qf=10),
        ok("fine.png", verdict=Verdict.NO_TRACE),
        Record("skipped.jpg", "skipped.jpg", Status.SKIPPED, reason="too_small"),
        ok("high.jpg", qf=99),
        Record("broken.jpg", "broken.jpg", Status.ERROR, reason="truncated"),
        ok("part.png", qf=90, verdict=Verdict.PARTIAL),
        ok("coarse-part.png", qf=40, verdict=Verdict.PARTIAL),
        ok("composite.png", verdict=Verdict.COMPOSITE),
        ok("mismatch.jpg", header_qf=60, pixel_qf=90, verdict=Verdict.MISMATCH),
        ok("pixels.jpg", header_qf=95, pixel_qf=70, verdict=Verdict.RESAVED),
        ok("history.jpg", header_qf=95, pixel_qf=95, first_qf=50, verdict=Verdict.RESAVED),
    ]
    names = ["history", "pixels", "mismatch", "composite", "coarse-part", "part"]
    names += ["broken", "skipped", "low", "high", "fine"]
    assert [row.path.split(".")[0] for row in counted(rows).table()] == names


def test_every_verdict_is_told_and_those_to_worry_about_come_first() -> None:
    told = figures(counted([ok(verdict=verdict) for verdict in Verdict]))["verdicts"]
    assert [code for code, _ in told[:4]] == ["resaved", "mismatch", "composite", "partial"]
    assert dict(told) == {verdict.value: 1 for verdict in Verdict}


def test_a_part_counts_with_its_quality_and_a_composite_in_no_band() -> None:
    rows = [ok("a/1.png", qf=60, verdict=Verdict.PARTIAL), ok("a/2.png", verdict=Verdict.COMPOSITE)]
    (listed,) = figures(counted([*rows, ok("a/3.png", verdict=Verdict.NO_TRACE)]))["groups"]["listed"]
    assert (listed[1], listed[5]) == (3, [0, 1, 0, 0, 0, 0, 0, 0, 1])


def test_the_table_is_the_same_however_rows_come_in_batches() -> None:
    one, many = (counted(ROWS, worst=20, drawn=20, at_once=number) for number in (3000, 7))
    assert one.table() == many.table()
    assert figures(one) == figures(many)


def test_memory_is_bounded_whatever_names_come() -> None:
    rows = [
        Record(f"{i:05d}/x.jpg", "x.jpg", Status.ERROR, reason=f"r{'x' * (i % 900)}", message="abc" * i)
        for i in range(5000)
    ]
    rows = [replace(row, encoder=f"e{i}", format=f"f{i}", model=f"m{i}") for i, row in enumerate(rows)]
    found = counted(rows)
    told = figures(found)
    names = {name for name, _ in found.groups}
    assert len(names) == 2001
    assert OTHERS in names
    assert sum(found.groups.values()) == 5000
    assert len({name for name, _ in found.encoders}) <= 52
    assert len(found.causes) <= 501
    assert len(told["groups"]["listed"]) == 500
    assert (told["groups"]["number"], told["groups"]["full"]) == (2001, True)
    notes = " ".join(map(said, told["notes"]))
    for words in ("first 2,000 groups", "Of 2,001 groups the 500", "first 50 encoders", "first 500 different messages"):
        assert words in notes


def test_a_group_named_like_the_rest_is_not_the_rest() -> None:
    bounded = Bounded(2)
    assert bounded(["(others)", "b", "c", "(others)"]) == ["(others)", "b", OTHERS, "(others)"]
    assert bounded(["c"])[0] is OTHERS
    assert bounded(["(others)"])[0] is not OTHERS


def test_what_is_sampled_is_told() -> None:
    notes = [said(note) for note in figures(counted(ROWS, worst=50, drawn=100))["notes"]]
    assert notes[0].startswith("The table of images has 150 of 3,000 rows: the 50 worst and 100 drawn at random")
    assert not any("rows:" in said(note) for note in figures(counted(ROWS[:15]))["notes"])


def test_causes_are_grouped_with_numbers_left_out_of_their_messages() -> None:
    rows = [
        Record(f"{i}.jpg", f"{i}.jpg", Status.SKIPPED, reason="too_large", message=f"too many pixels: {i}x{i}")
        for i in range(20)
    ]
    rows += [Record("z.jpg", "z.jpg", Status.ERROR, reason="corrupt", message="bad"), ok("fine.jpg", qf=90)]
    assert figures(counted(rows))["causes"] == [
        ["too_large", "skipped", 20, [["too many pixels: NxN", 20, "0.jpg"]], 1],
        ["corrupt", "error", 1, [["bad", 1, "z.jpg"]], 1],
    ]

import dataclasses
from typing import Any

import pytest

from jpegqf.record import CELLS, COLUMN, COLUMNS, Record, Region, Status, Verdict

CONTRACT = """
path filename status reason message format width height codec_quality qf qf_source header_qf header_qf_chroma
header_match header_error encoder encoder_quality subsampling progressive pixel_qf pixel_qf_low pixel_qf_high
pixel_confidence jpeg_probability grid_x grid_y pixel_codec pixel_codec_share pixel_subsampling pixel_qf_chroma edited
pixel_encoder pixel_encoder_quality pixel_table jpeg_share regions first_qf first_qf_low first_qf_high first_encoder
recompressed_probability
verdict verdict_text proven model region_list
"""

REGION = Region(61, 403, 448, 296, 5, 3, 60, 59, 61, 0.4251, 0.9995)
TOLD = {"x": 61, "y": 403, "width": 448, "height": 296, "grid_x": 5, "grid_y": 3, "pixel_qf": 60, "pixel_qf_low": 59,
        "pixel_qf_high": 61, "share": 0.4251, "jpeg_probability": 0.9995}  # fmt: skip


def test_columns_are_the_documented_ones_in_order() -> None:
    assert " ".join(COLUMNS) == " ".join(CONTRACT.split())


def test_every_column_says_what_it_means() -> None:
    for column in dataclasses.fields(Record):
        assert len(column.metadata["meaning"]) > 5
        assert "unit" in column.metadata


def test_unknown_is_none_everywhere() -> None:
    row = Record("a.jpg", "a.jpg", Status.OK).to_dict()
    known = {name: value for name, value in row.items() if value is not None}
    assert known == {"path": "a.jpg", "filename": "a.jpg", "status": "ok", "verdict": Verdict.UNKNOWN.value}


def test_column_types_follow_the_declaration() -> None:
    kinds = [COLUMN[name].kind for name in ("path", "width", "encoder_quality", "progressive", "verdict", "model")]
    assert kinds == [str, int, float, bool, str, str]


def test_a_record_as_a_dictionary_tells_its_regions_as_dictionaries() -> None:
    record = Record("a.png", "a.png", Status.OK, verdict=Verdict.PARTIAL, region_list=(REGION, REGION))
    row = record.to_dict()
    assert row["region_list"] == [TOLD, TOLD]
    assert list(row) == list(COLUMNS)
    row["region_list"][0]["x"] = 0
    assert record.region_list == (REGION, REGION)


def test_no_regions_are_not_the_same_as_unknown_regions() -> None:
    lists = [Record("a", "a", Status.OK, region_list=told).to_dict()["region_list"] for told in (None, ())]
    assert lists == [None, []]


def test_lists_are_the_only_columns_that_fit_into_no_cell() -> None:
    assert {name for name, column in COLUMN.items() if column.kind is list} == {"pixel_table", "region_list"}
    assert set(COLUMNS) - set(CELLS) == {"pixel_table", "region_list"}


def test_a_region_is_read_back_from_what_it_told() -> None:
    assert Region.of(TOLD) == REGION
    open_quality = dataclasses.replace(REGION, pixel_qf=None, share=1, jpeg_probability=1)
    assert Region.of(vars(open_quality)) == open_quality


@pytest.mark.parametrize(
    "told",
    [None, [], "x", 7, {}, [TOLD], {**TOLD, "more": 1}, {name: told for name, told in TOLD.items() if name != "share"}],
)
def test_what_has_not_the_fields_of_a_region_is_none(told: Any) -> None:
    with pytest.raises(ValueError, match="no region"):
        Region.of(told)


@pytest.mark.parametrize(
    ("name", "value"),
    [("x", -1), ("x", 2**31 + 1), ("x", 1.0), ("x", "1"), ("x", None), ("y", True), ("width", float("nan")),
     ("height", [1]), ("grid_x", 8), ("grid_y", -1), ("pixel_qf", 0), ("pixel_qf", 101), ("pixel_qf", 60.0),
     ("pixel_qf_low", None), ("pixel_qf_high", 101), ("share", 1.01), ("share", -0.01), ("share", float("nan")),
     ("share", "0.5"), ("jpeg_probability", float("inf")), ("jpeg_probability", None)],
)  # fmt: skip
def test_a_region_with_a_value_out_of_its_range_or_type_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{name} cannot be "):
        Region.of(TOLD | {name: value})

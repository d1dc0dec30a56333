import dataclasses

from jpegqf.record import COLUMN, COLUMNS, Record, Status, Verdict

CONTRACT = """
path filename status reason message format width height qf qf_source header_qf header_qf_chroma
header_match encoder encoder_quality subsampling progressive pixel_qf pixel_qf_low pixel_qf_high
pixel_confidence jpeg_probability grid_x grid_y jpeg_share regions first_qf recompressed_probability
verdict verdict_text model region_list
"""


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

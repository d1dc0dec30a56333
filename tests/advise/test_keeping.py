from dataclasses import replace

from jpegqf import Record, Status, Verdict
from jpegqf.advise.keeping import choices

GOOD = Record("good.jpg", "good.jpg", Status.OK, width=4000, height=3000, qf=90, header_qf=90, header_match="exact",
              qf_source="header", subsampling="4:4:4", verdict=Verdict.CONSISTENT)  # fmt: skip
RESAVED = replace(GOOD, path="b.jpg", qf=95, first_qf=75, verdict=Verdict.RESAVED)


def kept(*records: Record, sizes: tuple[int, ...] = ()) -> list[bool | None]:
    return [choice.keep for choice in choices(records, sizes or (1000,) * len(records))]


def test_the_original_is_kept_before_a_copy_that_a_messenger_made_smaller_and_saved_finer() -> None:
    assert kept(replace(GOOD, width=1000, height=750, qf=97), GOOD) == [False, True]


def test_a_photo_at_90_is_kept_before_its_copy_saved_at_75_and_then_at_95() -> None:
    found = choices([RESAVED, GOOD], [2000, 1000])
    assert [choice.keep for choice in found] == [False, True]
    assert "finer first save (90, the other 75)" in found[0].words
    assert "good.jpg" in found[0].words


def test_of_two_copies_of_one_save_the_finer_last_save_is_kept() -> None:
    assert kept(replace(RESAVED, qf=80), RESAVED) == [False, True]


def test_the_source_is_kept_before_a_copy_of_it_saved_again_at_95() -> None:
    source = replace(GOOD, qf=75)
    copy = replace(RESAVED, first_qf=76, first_qf_low=74, first_qf_high=77)
    assert kept(copy, source) == [False, True]
    assert kept(RESAVED, source) == [False, True]


def test_chroma_decides_between_equal_qualities() -> None:
    assert kept(replace(GOOD, subsampling="4:2:0"), GOOD) == [False, True]


def test_the_jpeg_is_kept_before_a_png_of_it() -> None:
    png = replace(GOOD, path="a.png", header_qf=None, header_match=None, qf_source="pixels", subsampling=None,
                  pixel_subsampling="4:4:4", verdict=Verdict.PIXELS_ONLY)  # fmt: skip
    assert kept(png, GOOD, sizes=(9000, 1000)) == [False, True]


def test_a_picture_without_any_save_is_kept_before_jpegs() -> None:
    assert kept(GOOD, replace(GOOD, path="a.tif", qf=None, verdict=Verdict.NO_TRACE)) == [False, True]


def test_the_first_of_equal_files_is_kept() -> None:
    found = choices([GOOD, replace(GOOD, path="copy.jpg")], [1000, 1000])
    assert [choice.keep for choice in found] == [True, False]
    assert "equal in all" in found[0].words


def test_what_cannot_be_compared_is_neither_kept_nor_given_up() -> None:
    webp = replace(GOOD, qf=None, verdict=Verdict.OTHER_CODEC)
    assert kept(webp, GOOD, RESAVED) == [None, True, False]
    assert kept(webp, GOOD) == [None, None]

import io
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from conftest import MakeJpeg
from jpegqf.errors import ImageBrokenError, Reason, UsageError
from jpegqf.inputs.item import Item
from jpegqf.inputs.multi_picture import MOST_PICTURES, picture, picture_places
from jpegqf.inputs.pages import picture_items
from jpegqf.inspection.inspector import Inspector
from jpegqf.record import Status
from jpegqf.scanning.request import ScanRequest
from jpegqf.scanning.stream import scan

Index = Callable[[list[tuple[int, int]]], bytes]
FIRST_ONLY = "; of several frames, the first was looked at"


def index(entries: list[tuple[int, int]], order: str = ">") -> bytes:
    """The directory of CIPA DC-007 with these sizes and offsets."""
    start = 8 + 2 + 3 * 12 + 4
    made = (b"MM\0*" if order == ">" else b"II*\0") + struct.pack(order + "IH", 8, 3)
    made += struct.pack(order + "HHI4s", 0xB000, 7, 4, b"0100")
    made += struct.pack(order + "HHII", 0xB001, 4, 1, len(entries))
    made += struct.pack(order + "HHII", 0xB002, 7, 16 * len(entries), start) + bytes(4)
    return made + b"".join(struct.pack(order + "IIIHH", 0, size, offset, 0, 0) for size, offset in entries)


def multi_picture(pictures: list[bytes], order: str = ">", segments: bytes = b"", move: int = 0) -> bytes:
    """A file of these JPEGs with an index behind the other ``segments``; ``move``: bytes by which its places lie."""

    def first(entries: list[tuple[int, int]]) -> bytes:
        payload = b"MPF\0" + index(entries, order)
        segment = b"\xff\xe2" + struct.pack(">H", 2 + len(payload)) + payload
        return pictures[0][:2] + segments + segment + pictures[0][2:]

    length, at = len(first([(0, 0)] * len(pictures))), 2 + len(segments) + 8
    places, behind = [(length, 0)], length
    for one in pictures[1:]:
        places.append((len(one), behind - at + move))
        behind += len(one)
    return first(places) + b"".join(pictures[1:])


@pytest.fixture
def pictures(jpeg: MakeJpeg, cat: Image.Image, photo: Image.Image) -> list[bytes]:
    """Two JPEGs of one file: a photograph, and a smaller gray gain map."""
    small = cat.convert("L").resize((cat.width // 2, cat.height // 2))
    return [jpeg(90, photo), jpeg(75, small)]


@pytest.mark.parametrize("order", [">", "<"])
def test_each_picture_is_found_in_either_byte_order(pictures: list[bytes], order: str) -> None:
    data = multi_picture(pictures, order)
    (start, size), second = picture_places(io.BytesIO(data))
    assert (start, size) == (0, len(data) - len(pictures[1]))
    assert second == (size, len(pictures[1]))
    assert picture(io.BytesIO(data), 2, len(data)) == pictures[1]


def test_a_file_of_pillow_gives_its_pictures(photo: Image.Image, cat: Image.Image) -> None:
    out = io.BytesIO()
    photo.save(out, "MPO", save_all=True, append_images=[cat, photo], quality=80)
    places = picture_places(out)
    assert len(places) == 3
    with Image.open(io.BytesIO(picture(out, 2, 2**20))) as second:
        assert (second.format, second.size) == ("JPEG", cat.size)


@pytest.mark.parametrize("only", [None, "header", "pixels"])
def test_by_the_flag_each_picture_is_a_row_with_header_and_pixels(
    tmp_path: Path, pictures: list[bytes], only: str | None
) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(multi_picture(pictures))
    rows = list(scan([path], members=True, only=only))  # type: ignore[arg-type]
    assert [(row.path, row.status, row.qf) for row in rows] == [
        (f"{path}!1", Status.OK, 90),
        (f"{path}!2", Status.OK, 75),
    ]
    if only != "header":
        assert [row.pixel_qf for row in rows] == [90, 75]
    assert not any(FIRST_ONLY in (row.verdict_text or "") for row in rows)


@pytest.mark.parametrize("only", [None, "header"])
def test_without_the_flag_the_first_picture_is_looked_at_and_the_sentence_says_so(
    tmp_path: Path, pictures: list[bytes], only: str | None
) -> None:
    path = tmp_path / "photo.mpo"
    path.write_bytes(multi_picture(pictures))
    (row,) = scan([tmp_path], only=only)  # type: ignore[arg-type]
    assert (row.path, row.qf) == (str(path), 90)
    assert (row.verdict_text or "").endswith(FIRST_ONLY)


def test_an_ultra_hdr_photograph_gives_its_gain_map_as_second_picture(tmp_path: Path, pictures: list[bytes]) -> None:
    xmp = b'http://ns.adobe.com/xap/1.0/\0<x:xmpmeta><rdf hdrgm:Version="1.0"/></x:xmpmeta>'
    segment = b"\xff\xe1" + struct.pack(">H", 2 + len(xmp)) + xmp
    (tmp_path / "hdr.jpg").write_bytes(multi_picture(pictures, segments=segment))
    rows = list(scan([tmp_path / "hdr.jpg"], members=True))
    assert [(row.format, row.qf, row.subsampling) for row in rows] == [("JPEG", 90, "4:2:0"), ("JPEG", 75, "gray")]


def test_members_of_archives_give_their_pictures_too(tmp_path: Path, pictures: list[bytes]) -> None:
    (tmp_path / "a.jpg").write_bytes(multi_picture(pictures))
    (tmp_path / "b.jpg").write_bytes(pictures[0])
    with tarfile.open(tmp_path / "all.tar", "w") as archive:
        for name in ("a.jpg", "b.jpg"):
            archive.add(tmp_path / name, name)
    rows = list(scan([tmp_path / "all.tar"], members=True))
    assert [(row.path.rpartition("all.tar!")[2], row.qf) for row in rows] == [
        ("a.jpg!1", 90),
        ("a.jpg!2", 75),
        ("b.jpg", 90),
    ]


def test_from_python_a_picture_is_asked_for_by_its_number(pictures: list[bytes]) -> None:
    data, inspector = multi_picture(pictures), Inspector()
    assert [inspector.inspect(data, page=number).qf for number in (1, 2)] == [90, 75]
    beyond = inspector.inspect(data, page=3)
    assert (beyond.status, beyond.reason) == (Status.ERROR, "corrupt")


def test_a_picture_that_is_not_where_the_index_says_costs_its_own_row(tmp_path: Path, pictures: list[bytes]) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(multi_picture(pictures, move=7))
    words = "picture 2 of a multi-picture JPEG is not where its index says"
    for items in ([path], [tmp_path / "a.tar"]):
        with tarfile.open(tmp_path / "a.tar", "w") as archive:
            archive.add(path, "photo.jpg")
        first, second = scan(items, members=True)
        assert (first.qf, second.status, second.reason, second.message) == (90, Status.ERROR, "corrupt", words)


def test_an_index_of_endless_pictures_is_cut(pictures: list[bytes]) -> None:
    payload = b"MPF\0" + index([(10, 10)] * 4000)
    data = b"\xff\xd8\xff\xe2" + struct.pack(">H", 2 + len(payload)) + payload + pictures[0][2:]
    assert len(picture_places(io.BytesIO(data))) == MOST_PICTURES


def test_files_without_an_index_stay_one_item(tmp_path: Path, pictures: list[bytes]) -> None:
    (tmp_path / "a.jpg").write_bytes(pictures[0])
    for item in (
        Item(str(tmp_path / "a.jpg")),
        Item("x.jpg", pictures[0]),
        Item(str(tmp_path / "none.jpg")),
        Item(str(tmp_path)),
        Item("https://example.org/a.jpg"),
        Item("a", problem="broken"),
    ):
        assert list(picture_items(item)) == [item]


def test_a_cluster_refuses_the_flag_in_words() -> None:
    with pytest.raises(UsageError, match="--members"):
        ScanRequest(("a",), members=True, engine="ray")


@given(st.data())
def test_any_damage_to_the_index_gives_places_or_none(data: st.DataObject) -> None:
    whole = bytearray(multi_picture([b"\xff\xd8\xff\xd9", b"\xff\xd8\xff\xd9"]))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    file = io.BytesIO(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    for number in range(1, 2 + len(picture_places(file))):
        try:
            assert picture(file, number, 2**20).startswith(b"\xff\xd8")
        except ImageBrokenError as issue:
            assert issue.reason is Reason.CORRUPT

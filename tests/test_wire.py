import pytest
from hypothesis import given
from hypothesis import strategies as st

from jpegqf.wire import MAX_FIELDS, WireError, number, part, read

FIELD = st.tuples(st.integers(1, 2**29 - 1), st.integers(0, 2**64 - 1) | st.binary(max_size=300))


def encoded(field: int, value: int | bytes) -> bytes:
    return number(field, value) if isinstance(value, int) else part(field, value)


@given(st.lists(FIELD, max_size=20))
def test_fields_survive_the_round_trip(fields: list[tuple[int, int | bytes]]) -> None:
    found = read(memoryview(b"".join(encoded(*field) for field in fields)))
    for number_, values in found.items():
        assert values == [value for field, value in fields if field == number_]
    assert sum(map(len, found.values())) == len(fields)


@given(st.lists(FIELD, min_size=1, max_size=5), st.data())
def test_a_message_cut_within_a_field_is_refused(fields: list[tuple[int, int | bytes]], data: st.DataObject) -> None:
    whole = b"".join(encoded(*field) for field in fields)
    last = len(encoded(*fields[-1]))
    cut = data.draw(st.integers(1, last - 1))
    with pytest.raises(WireError):
        read(memoryview(whole[:-cut]))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        found = read(memoryview(data))
    except WireError:
        return
    assert sum(map(len, found.values())) <= len(data)


@pytest.mark.parametrize(
    "data",
    [
        b"\x0a" + b"\xff" * 9 + b"\x01",  # a length of 2**64 - 1
        b"\x08" + b"\xff" * 9 + b"\x02",  # a number of more than 64 bits
        b"\x08" + b"\x80" * 11,
        b"\x0b\x0c",  # a group
        b"\x0d1234",  # 32 bits
        b"\x0912345678",  # 64 bits
        b"\x08\x00" * MAX_FIELDS,
    ],
)
def test_what_no_file_of_ours_holds_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        read(memoryview(data))

"""Protobuf's wire format, as far as an ONNX file needs it: messages read within bounds, and written.

https://protobuf.dev/programming-guides/encoding/
"""

from collections.abc import Iterable

MAX_FIELDS = 512
"""Fields of one message; a graph of ours has about a hundred."""
VARINT, PART = 0, 2

Value = int | memoryview
Message = dict[int, list[Value]]
"""Field number -> its values in their order: varints as int, whatever has a length as a view of the bytes."""


class WireError(ValueError):
    """Bytes that are no message, or one that nobody of ours writes."""


def read(data: memoryview) -> Message:
    """The fields of one message, nothing copied. Raises WireError if cut, malformed or of too many fields.

    Messages inside are for the caller to read, so depth is what the caller goes to. Fixed-width fields are refused:
    no message that is read has one.
    """
    found: Message = {}
    position = 0
    for _ in range(MAX_FIELDS):
        if position == len(data):
            return found
        key, position = _varint(data, position)
        value: Value
        value, position = _varint(data, position)
        if key & 7 == PART:
            start, position = position, position + value
            if position > len(data):
                raise WireError("a field is longer than what holds it")
            value = data[start:position]
        elif key & 7 != VARINT:
            raise WireError("a field of another kind")
        found.setdefault(key >> 3, []).append(value)
    raise WireError("too many fields")


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    """Unsigned integer of at most 64 bits, and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        if position == len(data):
            raise WireError("cut within a number")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >> 64:
                break
            return value, position
    raise WireError("a number of more than 64 bits")


def number(field: int, value: int) -> bytes:
    """One varint field of a value from 0 up."""
    return _encoded(field << 3 | VARINT) + _encoded(value)


def part(field: int, *content: bytes | memoryview) -> bytes:
    """One field of a length: a text, or the fields of a message within."""
    return b"".join((_encoded(field << 3 | PART), _encoded(sum(map(len, content))), *content))


def parts(field: int, values: Iterable[bytes]) -> bytes:
    """A field that repeats."""
    return b"".join(part(field, value) for value in values)


def _encoded(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)

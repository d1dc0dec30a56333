"""Open bitstream units of AV1 -> the quantizer of the first frame (AV1 specification, 5.3 to 5.9); decodes nothing."""

from dataclasses import dataclass

from jpegqf.codecs.bits import HighestFirst

MOST_UNITS = 64
"""Most units walked before the first frame."""
HEADER_BYTES = 512
"""Bytes of a unit that hold the header of a sequence or frame up to the quantizer, with room."""
SEQUENCE, FRAME_HEADER, FRAME = 1, 3, 6
KEY = 0
CHOSEN = 2
"""A sequence that leaves a choice to each frame."""
SRGB_ITSELF = (1, 13, 0)
"""Primaries, transfer and matrix of red, green and blue that are coded themselves."""
MOST_TILE_WIDTH, MOST_TILE_AREA, MOST_TILES = 4096, 4096 * 2304, 64


@dataclass(frozen=True)
class _Sequence:
    """What of a sequence header is needed to find the quantizer in a frame header."""

    still: bool
    """Whether frame headers are reduced to those of a still picture."""
    width: int
    height: int
    width_bits: int
    height_bits: int
    id_bits: int
    large_blocks: bool
    screen_tools: int
    integer_vectors: int
    order_bits: int
    superres: bool
    equal_intervals: bool
    time_bits: int | None
    """Bits of a presentation time; None without a model of the decoder."""
    gray: bool
    chroma_apart: bool
    """Whether both chroma planes may have quantizers of their own."""


@dataclass(frozen=True)
class Quantizer:
    """``index`` 0..255, 0 of a lossless frame; ``matrices``: whether high frequencies are quantized more coarsely."""

    index: int
    matrices: bool


def first_quantizer(data: bytes) -> Quantizer | None:
    """That of the first frame; None where it cannot be found, and if the first frame is no key frame."""
    sequence, at = None, 0
    try:
        for _ in range(MOST_UNITS):
            kind, start, end = _unit(data, at)
            bits = HighestFirst(data[start : min(end, start + HEADER_BYTES)])
            if kind == SEQUENCE:
                sequence = _sequence(bits)
            elif kind in (FRAME, FRAME_HEADER):
                return _frame_quantizer(bits, sequence) if sequence else None
            at = end
    except EOFError:
        return None
    return None


def _unit(data: bytes, at: int) -> tuple[int, int, int]:
    """The kind of a unit, and where its content starts and ends."""
    bits = HighestFirst(data[at : at + 10])
    bits.flag()
    kind, extended, sized = bits.take(4), bits.flag(), bits.flag()
    bits.flag()
    start = at + 1 + extended
    bits.take(8 * extended)
    if not sized:
        return kind, start, len(data)
    size = 0
    for number in range(8):
        byte = bits.take(8)
        size |= (byte & 127) << 7 * number
        if byte < 128:
            return kind, start + number + 1, start + number + 1 + size
    raise EOFError


def _sequence(bits: HighestFirst) -> _Sequence:
    profile = bits.take(3)
    bits.flag()
    still = bits.flag()
    equal_intervals, time_bits = (False, None) if still else _timing(bits)
    if still:
        bits.take(5)
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    width, height = bits.take(width_bits) + 1, bits.take(height_bits) + 1
    id_bits = 0
    if not still and bits.flag():
        id_bits = bits.take(4) + 2 + bits.take(3) + 1
    large_blocks = bits.flag()
    bits.take(2)  # filters of intra prediction
    screen, vectors, order = (CHOSEN, CHOSEN, 0) if still else _tools(bits)
    superres = bits.flag()
    bits.take(2)  # filters in the loop
    gray, chroma_apart = _colours(bits, profile)
    return _Sequence(
        still, width, height, width_bits, height_bits, id_bits, large_blocks, screen, vectors, order, superres,
        equal_intervals, time_bits, gray, chroma_apart,
    )  # fmt: skip


def _colours(bits: HighestFirst, profile: int) -> tuple[bool, bool]:
    """Whether there is luma alone, and whether chroma planes may have quantizers of their own (5.5.2)."""
    high = bits.flag()
    twelve_bits = profile == 2 and high and bits.flag()
    gray = profile != 1 and bits.flag()
    told = (bits.take(8), bits.take(8), bits.take(8)) if bits.flag() else (2, 2, 2)
    if told == SRGB_ITSELF and not gray:
        return False, bits.flag()
    bits.flag()  # range
    if gray:
        return True, False
    halved = [profile != 1, profile == 0]
    if twelve_bits:
        halved[0] = bits.flag()
        halved[1] = halved[0] and bits.flag()
    if all(halved):
        bits.take(2)  # place of chroma samples
    return False, bits.flag()


def _timing(bits: HighestFirst) -> tuple[bool, int | None]:
    """Whether frames follow in equal intervals, and the bits of a presentation time; passes operating points."""
    equal, time_bits, delay_bits = False, None, 0
    if bits.flag():
        bits.take(64)
        equal = bits.flag()
        if equal:
            _variable_length(bits)
        if bits.flag():
            delay_bits = bits.take(5) + 1
            bits.take(32 + 5)
            time_bits = bits.take(5) + 1
    delays = bits.flag()
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:
            bits.flag()
        if time_bits is not None and bits.flag():
            bits.take(2 * delay_bits + 1)
        if delays and bits.flag():
            bits.take(4)
    return equal, time_bits


def _variable_length(bits: HighestFirst) -> None:
    zeros = 0
    while not bits.flag():
        zeros += 1
    bits.take(min(zeros, 32))


def _tools(bits: HighestFirst) -> tuple[int, int, int]:
    """Screen content tools, integer motion vectors, and the bits of an order hint."""
    bits.take(4)
    ordered = bits.flag()
    bits.take(2 * ordered)
    screen = CHOSEN if bits.flag() else bits.take(1)
    vectors = CHOSEN
    if screen and not bits.flag():
        vectors = bits.take(1)
    return screen, vectors, bits.take(3) + 1 if ordered else 0


def _frame_quantizer(bits: HighestFirst, of: _Sequence) -> Quantizer | None:
    """The quantizer in a frame header; None of frames that are no key frame."""
    if not of.still and not _is_shown_key(bits, of):
        return None
    no_update = bits.flag()
    screen_tools = bits.flag() if of.screen_tools == CHOSEN else bool(of.screen_tools)
    if screen_tools and of.integer_vectors == CHOSEN:
        bits.flag()
    bits.take(of.id_bits)
    resized = not of.still and bits.flag()
    bits.take(of.order_bits)
    if of.time_bits is not None and bits.flag():
        return None  # times of removal, whose number depends on more
    width, height = of.width, of.height
    if resized:
        width, height = bits.take(of.width_bits) + 1, bits.take(of.height_bits) + 1
    scaled = of.superres and bits.flag()
    coded_width = width
    if scaled:
        eighths = bits.take(3) + 9
        coded_width = (8 * width + eighths // 2) // eighths
    if bits.flag():
        bits.take(32)  # the size to show it at
    if screen_tools and coded_width == width:
        bits.flag()
    if not of.still and not no_update:
        bits.flag()
    _pass_tiles(bits, coded_width, height, of.large_blocks)
    return _quantizer(bits, of)


def _quantizer(bits: HighestFirst, of: _Sequence) -> Quantizer:
    """The quantizer of luma, passing over those of the means and of chroma (5.9.12)."""
    index = bits.take(8)
    planes_apart = not of.gray and of.chroma_apart
    _pass_deltas(bits, 1)
    if not of.gray:
        apart = planes_apart and bits.flag()
        _pass_deltas(bits, 4 if apart else 2)
    return Quantizer(index, bits.flag())


def _pass_deltas(bits: HighestFirst, count: int) -> None:
    for _ in range(count):
        if bits.flag():
            bits.take(7)


def _is_shown_key(bits: HighestFirst, of: _Sequence) -> bool:
    """Passes the kind of a frame; whether it is a key frame that is shown, whose header the rest is about."""
    if bits.flag() or bits.take(2) != KEY or not bits.flag():
        return False
    if of.time_bits is not None and not of.equal_intervals:
        bits.take(of.time_bits)
    return True


def _pass_tiles(bits: HighestFirst, width: int, height: int, large_blocks: bool) -> None:
    """Passes how the frame is cut into tiles (5.9.15)."""
    side = 7 if large_blocks else 6
    columns, rows = (-(-(8 * (-(-length // 8))) // (1 << side)) for length in (width, height))
    widest, largest = MOST_TILE_WIDTH >> side, MOST_TILE_AREA >> 2 * side
    least_columns = _log2(widest, columns)
    least = max(least_columns, _log2(largest, rows * columns))
    if bits.flag():
        across = _raised(bits, least_columns, _log2(1, min(columns, MOST_TILES)))
        down = _raised(bits, max(least - across, 0), _log2(1, min(rows, MOST_TILES)))
    else:
        across_count, widest_found = _pass_lengths(bits, columns, widest)
        area = rows * columns >> (least + 1 if least else 0)
        down_count, _ = _pass_lengths(bits, rows, max(area // widest_found, 1))
        across, down = _log2(1, across_count), _log2(1, down_count)
    if across or down:
        bits.take(across + down + 2)


def _raised(bits: HighestFirst, least: int, most: int) -> int:
    """A number from ``least`` on that each bit raises by one."""
    while least < most and bits.flag():
        least += 1
    return least


def _pass_lengths(bits: HighestFirst, whole: int, most: int) -> tuple[int, int]:
    """Number of parts of ``whole``, each told by itself, and the longest of them."""
    count, longest, done = 0, 0, 0
    while done < whole:
        length = 1 + _below(bits, min(whole - done, most))
        longest, done, count = max(longest, length), done + length, count + 1
    return count, longest


def _below(bits: HighestFirst, number: int) -> int:
    """A number below ``number``, in as few bits as that takes (4.10.7)."""
    width = number.bit_length()
    short = (1 << width) - number
    value = bits.take(width - 1)
    return value if value < short else (value << 1) - short + bits.take(1)


def _log2(size: int, target: int) -> int:
    """The least power of two by which ``size`` reaches ``target``."""
    power = 0
    while size << power < target:
        power += 1
    return power

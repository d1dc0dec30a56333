"""Readers of numbers that are some bits long; both raise EOFError where the bytes end."""


class LowestFirst:
    """Numbers whose first bit is the lowest of the first byte, as in JPEG XL (ISO/IEC 18181-1, B.1)."""

    def __init__(self, data: bytes) -> None:
        self._rest = int.from_bytes(data, "little")
        self._left = 8 * len(data)

    def take(self, bits: int) -> int:
        """The next number."""
        if bits > self._left:
            raise EOFError
        self._left -= bits
        number = self._rest & ((1 << bits) - 1)
        self._rest >>= bits
        return number

    def flag(self) -> bool:
        """The next bit."""
        return self.take(1) == 1

    def chosen(self, *ways: tuple[int, int]) -> int:
        """A number in one of four ways, which two bits choose; each is a least value and how many bits are added."""
        least, bits = ways[self.take(2)]
        return least + self.take(bits)


class HighestFirst:
    """Numbers whose first bit is the highest of the first byte, as in AV1 (its specification, 4.10)."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, bits: int) -> int:
        """The next number."""
        start, end = self._at, self._at + bits
        if end > 8 * len(self._data):
            raise EOFError
        self._at = end
        held = int.from_bytes(self._data[start // 8 : (end + 7) // 8], "big")
        return held >> (-end % 8) & ((1 << bits) - 1)

    def flag(self) -> bool:
        """The next bit."""
        return self.take(1) == 1

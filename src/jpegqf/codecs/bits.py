"""Readers of numbers that are some bits long; both raise EOFError where the bytes end."""

from abc import ABC, abstractmethod


class _Bits(ABC):
    """Reads on from the first byte."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def _next(self, bits: int) -> tuple[bytes, int, int]:
        """The bytes that hold the next bits, and where those start and end, counted from the first bit of all."""
        start, end = self._at, self._at + bits
        if end > 8 * len(self._data):
            raise EOFError
        self._at = end
        return self._data[start // 8 : (end + 7) // 8], start, end

    @abstractmethod
    def take(self, bits: int) -> int:
        """The next number."""

    def flag(self) -> bool:
        """The next bit."""
        return self.take(1) == 1

    def skip_to_byte(self) -> None:
        """Pass over what is left of a byte that is begun."""
        self._next(-self._at % 8)


class LowestFirst(_Bits):
    """Numbers whose first bit is the lowest of the first byte, as in JPEG XL (ISO/IEC 18181-1, B.1)."""

    def take(self, bits: int) -> int:
        """The next number."""
        held, start, _ = self._next(bits)
        return int.from_bytes(held, "little") >> start % 8 & ((1 << bits) - 1)

    def chosen(self, *ways: tuple[int, int]) -> int:
        """A number in one of four ways, which two bits choose; each is a least value and how many bits are added."""
        least, bits = ways[self.take(2)]
        return least + self.take(bits)


class HighestFirst(_Bits):
    """Numbers whose first bit is the highest of the first byte, as in AV1 (its specification, 4.10) and in HEVC."""

    def take(self, bits: int) -> int:
        """The next number."""
        held, _, end = self._next(bits)
        return int.from_bytes(held, "big") >> -end % 8 & ((1 << bits) - 1)

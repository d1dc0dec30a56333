"""The frame header of a JPEG: kind, size, components, and the usual name of their subsampling."""

from dataclasses import dataclass

FRAMES = {
    0xC0: "baseline",
    0xC1: "extended sequential",
    0xC2: "progressive",
    0xC3: "lossless",
    0xC5: "differential sequential",
    0xC6: "differential progressive",
    0xC7: "differential lossless",
    0xC9: "arithmetic sequential",
    0xCA: "arithmetic progressive",
    0xCB: "arithmetic lossless",
    0xCD: "arithmetic differential sequential",
    0xCE: "arithmetic differential progressive",
    0xCF: "arithmetic differential lossless",
    0xF7: "JPEG-LS lossless",
}
"""Frame types by their marker (ITU-T T.81, table B.1; 0xF7 from T.87)."""
RATIOS = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0", (1, 2): "4:4:0", (4, 1): "4:1:1", (4, 2): "4:1:0"}


@dataclass(frozen=True)
class Component:
    """One colour component: its id, sampling factors, and the table slot it is quantized with."""

    id: int
    horizontal: int
    vertical: int
    table: int


@dataclass(frozen=True)
class Frame:
    """The frame header. ``height`` 0: it follows only after the first scan (DNL) and was not read yet."""

    kind: str
    precision: int
    width: int
    height: int
    components: tuple[Component, ...]

    @property
    def progressive(self) -> bool:
        """Whether scans refine each other."""
        return "progressive" in self.kind

    @property
    def arithmetic(self) -> bool:
        """Whether entropy coding is arithmetic instead of Huffman's."""
        return "arithmetic" in self.kind

    @property
    def lossless(self) -> bool:
        """Whether nothing is quantized (no DQT applies)."""
        return "lossless" in self.kind

    @property
    def subsampling(self) -> str:
        """Name such as "4:2:0" or "gray", or the factors as "2x2,1x1,2x1" where no such name fits."""
        parts = [(part.horizontal, part.vertical) for part in self.components]
        if len(parts) == 1:
            return "gray"
        (first_h, first_v), (h, v) = parts[0], parts[1] if len(parts) > 1 else (0, 0)
        usual = len(parts) in (3, 4) and parts[1] == parts[2] and parts[3:] in ([], parts[:1])
        if usual and h and v and first_h % h == 0 and first_v % v == 0:
            ratio = RATIOS.get((first_h // h, first_v // v))
            if ratio:
                return ratio
        return ",".join(f"{horizontal}x{vertical}" for horizontal, vertical in parts)

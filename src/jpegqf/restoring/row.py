"""The row that tells what became of one image that was to be restored."""

from dataclasses import dataclass
from typing import Any

from jpegqf.outputs.base import Shape
from jpegqf.record import Column, Status


@dataclass(frozen=True)
class RestoredRow:
    """One image; unknown is None.

    ``status``: ok (a proven JPEG is written), skipped or error; ``reason`` and ``message`` say why not. ``output``: the
    JPEG that was written. ``proven``: whether it decodes to exactly the image's pixels; false only with ``--near``.
    ``quality``: of the luma table, None if it is no IJG table. ``crop_x`` and ``crop_y``: column and row of a crop's
    first pixel in a JPEG that is larger; None where the JPEG is the whole image. Sizes are in bytes.
    """

    path: str
    status: Status
    reason: str | None = None
    message: str | None = None
    quality: int | None = None
    subsampling: str | None = None
    proven: bool | None = None
    differing_pixels: int | None = None
    bytes_before: int | None = None
    bytes_after: int | None = None
    seconds: float | None = None
    output: str | None = None
    crop_x: int | None = None
    crop_y: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Columns in order."""
        return vars(self) | {"status": self.status.value}


_KINDS: dict[str, type] = {
    "path": str, "status": str, "reason": str, "message": str, "quality": int, "subsampling": str, "proven": bool,
    "differing_pixels": int, "bytes_before": int, "bytes_after": int, "seconds": float, "output": str,
    "crop_x": int, "crop_y": int,
}  # fmt: skip
FROM_STRANGERS = frozenset({"path", "message", "output"})
ROWS = Shape({name: Column(name, kind, None, None, name in FROM_STRANGERS) for name, kind in _KINDS.items()})
"""The columns of these rows."""

"""How a scan looks at an item, and the row of one that is lost."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from jpegqf.errors import ImageError, JpegqfError, Reason
from jpegqf.inputs.item import Item
from jpegqf.limits import DEFAULT_PIXELS
from jpegqf.record import Record, Status, Verdict

if TYPE_CHECKING:
    from jpegqf.inspection.findings import Findings
    from jpegqf.inspection.inspector import Inspector, Only

    Prover = Callable[[Findings, str | bytes, Record], Record]

T = TypeVar("T")


@dataclass(frozen=True)
class Look:
    """How to look at items; called in a worker, it gives what turns an item into a record.

    ``prove``: adds to a record what else can be proven of the image that was looked at.
    """

    only: "Only | None" = None
    max_pixels: int = DEFAULT_PIXELS
    device: str = "auto"
    even_qualities: bool = False
    prove: "Prover | None" = None

    def inspector(self) -> "Inspector":
        """The inspector with these settings. Raises UsageError if ``device`` is asked for and absent."""
        from jpegqf.inspection.inspector import Inspector

        predictor = None
        if self.device != "auto" and self.only != "header":
            from jpegqf.model.checkpoint import load_model
            from jpegqf.model.predictor import Predictor

            predictor = Predictor(load_model(device=self.device))
        return Inspector(predictor, self.only, self.max_pixels, self.even_qualities)

    def __call__(self) -> Callable[[Item], Record]:
        """Prepare a worker of a scan."""
        return partial(inspect_item, self.prepared(), prove=self.prove)

    def prepared(self) -> "Inspector":
        """The inspector for a worker: the model is loaded before the first image's time counts."""
        from PIL import Image

        from jpegqf.inspection.inspector import default_predictor

        Image.MAX_IMAGE_PIXELS = None  # ``max_pixels`` is the limit, told from the header
        if self.only != "header" and self.device == "auto":
            default_predictor()
        return self.inspector()


def inspect_item(inspector: "Inspector", item: Item, prove: "Prover | None" = None) -> Record:
    """One record, whatever is wrong with the item. Raises JpegqfError only for what concerns all items."""
    if item.problem:
        return lost_record(item, item.reason, item.problem)
    try:
        source = item.source()
    except ImageError as issue:
        return lost_record(item, issue.reason, str(issue))
    record = guarded(item, lambda: _looked_at(inspector, item, source, prove), lost_record)
    if item.lossless_claim and record.verdict not in (Verdict.NO_TRACE, Verdict.UNKNOWN):
        return replace(record, verdict_text=f"{record.verdict_text}; but {item.lossless_claim}")
    return record


def _looked_at(inspector: "Inspector", item: Item, source: str | bytes, prove: "Prover | None") -> Record:
    from jpegqf.inspection.to_record import to_record

    found = inspector.look(source, item.name, item.page)
    record = to_record(found)
    return record if prove is None or item.page is not None else prove(found, source, record)


def guarded(item: Item, look: Callable[[], T], lost: Callable[[Item, Reason, str], T], doing: str = "look at it") -> T:
    """The result of ``look``, or what ``lost`` makes of the item where it fails. Raises JpegqfError as it comes.

    ``doing``: what there may not be enough memory for, in words.
    """
    try:
        return look()
    except JpegqfError:
        raise
    except MemoryError:
        return lost(item, Reason.TOO_LARGE, f"not enough memory to {doing}")
    except Exception as error:  # a fault of ours must not cost the other million images
        return lost(item, Reason.CRASHED, f"internal error: {type(error).__name__}: {error}"[:300])


def lost_record(item: Item, reason: Reason, message: str) -> Record:
    """The row of an item that nothing is known of."""
    return Record(item.name, os.path.basename(item.name), Status.ERROR, reason=reason.value, message=message)

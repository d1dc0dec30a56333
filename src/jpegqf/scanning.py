"""A stream of items -> a stream of records in the same order: in this process, or in supervised workers."""

import os
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from jpegqf.errors import JpegqfError, Reason
from jpegqf.items import IMAGE_SUFFIXES, Item, check_paths, find_items
from jpegqf.record import Record, Status

if TYPE_CHECKING:
    from jpegqf.inspection.inspector import Inspector, Only

T = TypeVar("T")

DEFAULT_PIXELS = 178_956_970
"""Images of a scan with more pixels are skipped unless asked for: they hold gigabytes while they are decoded."""


def scan(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    recursive: bool = False,
    suffixes: frozenset[str] = IMAGE_SUFFIXES,
    only: "Only | None" = None,
    jobs: int = 1,
    max_pixels: int = DEFAULT_PIXELS,
    timeout: float | None = None,
) -> Iterator[Record]:
    """Records of all images that ``paths`` lead to (see ``jpegqf.items.find_items``), one each, in order.

    ``only`` is None, "header" or "pixels". With one job and no ``timeout`` (seconds an image may take) all is
    done in this process, headers alone in any case: their walk is bounded and runs no codec. Otherwise it is done
    in ``jobs`` workers, and an image that crashes or outlasts one costs that image alone. Raises UsageError for a
    path that leads nowhere.
    """
    several = [os.fspath(path) for path in ([paths] if isinstance(paths, (str, os.PathLike)) else paths)]
    check_paths(several)
    yield from scan_items(find_items(several, suffixes, recursive), Look(only, max_pixels), jobs, timeout)


def scan_items(items: Iterator[Item], look: "Look", jobs: int, timeout: float | None) -> Generator[Record, None, None]:
    """The same for items already found."""
    if jobs <= 1 and (timeout is None or look.only == "header"):
        inspector = look.inspector()
        return (inspect_item(inspector, item) for item in items)
    # Only a worker needs what looks at pixels: this process stays small and starts quickly.
    from jpegqf.workers import supervised

    return supervised(items, look, lost_record, jobs, timeout)


@dataclass(frozen=True)
class Look:
    """How to look at items; called in a worker, it gives what turns an item into a record."""

    only: "Only | None" = None
    max_pixels: int = DEFAULT_PIXELS
    device: str = "auto"

    def inspector(self) -> "Inspector":
        """The inspector with these settings. Raises UsageError if ``device`` is asked for and absent."""
        from jpegqf.inspection.inspector import Inspector

        predictor = None
        if self.device != "auto" and self.only != "header":
            from jpegqf.engine import Predictor
            from jpegqf.model import load_model

            predictor = Predictor(load_model(device=self.device))
        return Inspector(predictor, self.only, self.max_pixels)

    def __call__(self) -> Callable[[Item], Record]:
        """Prepare a worker of a scan."""
        return partial(inspect_item, self.prepared())

    def prepared(self) -> "Inspector":
        """The inspector for a worker: the model is loaded before the first image's time counts."""
        from PIL import Image

        from jpegqf.inspection.inspector import default_predictor

        Image.MAX_IMAGE_PIXELS = None  # ``max_pixels`` is the limit, told from the header
        if self.only != "header" and self.device == "auto":
            default_predictor()
        return self.inspector()


def inspect_item(inspector: "Inspector", item: Item) -> Record:
    """One record, whatever is wrong with the item. Raises JpegqfError only for what concerns all items."""
    if item.problem:
        return lost_record(item, Reason.UNREADABLE, item.problem)
    source = item.name if item.data is None else item.data
    return guarded(item, lambda: inspector.inspect(source, item.name), lost_record)


def guarded(item: Item, look: Callable[[], T], lost: Callable[[Item, Reason, str], T]) -> T:
    """The result of ``look``, or what ``lost`` makes of the item where it fails. Raises JpegqfError as it comes."""
    try:
        return look()
    except JpegqfError:
        raise
    except MemoryError:
        return lost(item, Reason.TOO_LARGE, "not enough memory to look at it")
    except Exception as error:  # a fault of ours must not cost the other million images
        return lost(item, Reason.CRASHED, f"internal error: {type(error).__name__}: {error}"[:300])


def lost_record(item: Item, reason: Reason, message: str) -> Record:
    """The row of an item that nothing is known of."""
    return Record(item.name, os.path.basename(item.name), Status.ERROR, reason=reason.value, message=message)

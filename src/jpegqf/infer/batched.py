"""Many files -> answers in order: read and prepared ahead by processes, scored in batches on a GPU."""

import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from PIL import Image

from jpegqf.arrays import F32
from jpegqf.errors import ImageError, Reason
from jpegqf.evidence.features import GatheredBlocks
from jpegqf.infer.predict import Issue, QualityOrIssue, issue_of, named, needs_of, predict_file, read_luma
from jpegqf.inputs.item import Item
from jpegqf.model.prediction import SURE, Prediction
from jpegqf.model.predictor import Predictor, one_by_one
from jpegqf.workers.stream import supervised

MOST_ASKED = 256
"""Most images scored by the network in one batch."""

LONGEST_WAIT = 0.2
"""Seconds from which on a batch waits for no more: rows come, and Ctrl-C is seen, however slow decoding is."""


@dataclass(frozen=True)
class Pending:
    """Blocks still to ask about, together or of each patch; ``own_luma``: the luma of a JPEG as it was decoded."""

    blocks: list[GatheredBlocks]
    own_luma: bool


Prepared = Prediction | Issue | Pending


def beside_model(predictor: Predictor) -> Predictor:
    """One that computes the evidence by PyTorch where the model runs."""
    from jpegqf.evidence.on_torch import TorchEvidence

    return replace(predictor, evidence=TorchEvidence(predictor.model.device))


def predict_in_batches(
    predictor: Predictor, paths: Sequence[str], max_pixels: int
) -> Generator[tuple[str, QualityOrIssue], None, None]:
    """As ``predict.predict_files``. A file that ends its process is an Issue; closing ends the processes.

    A file about which the blocks of the first grid leave doubt is read again and judged alone.
    Raises DeviceError if the device fails, WorkerError if processes cannot start.
    """
    jobs = min(len(paths), os.cpu_count() or 1)
    items = (Item(path) for path in paths)
    prepared = supervised(items, _Prepare(_without_weights(predictor), max_pixels), _lost, jobs, None, MOST_ASKED)
    names = iter(paths)
    with closing(prepared):
        for some in _batches(prepared):
            for one in answers(predictor, some):
                path = next(names)
                yield path, predict_file(predictor, path, max_pixels) if one is None else one


def answers(predictor: Predictor, prepared: Sequence[Prepared]) -> Iterator[QualityOrIssue | None]:
    """Each one's answer, asking at once about all that are pending; None for one that is left in doubt."""
    pending = [one for one in prepared if isinstance(one, Pending)]
    asked = iter(predictor.predictions([one.blocks for one in pending]) if pending else ())
    for one in prepared:
        if isinstance(one, Pending):
            prediction = next(asked)
            settled = prediction.beyond_doubt and prediction.jpeg_probability >= SURE
            yield named(prediction) if settled else None
        else:
            yield named(one) if isinstance(one, Prediction) else one


def _batches(prepared: Iterable[Prepared]) -> Iterator[list[Prepared]]:
    """Runs of what is ready."""
    batch: list[Prepared] = []
    begun = time.monotonic()
    for one in prepared:
        batch.append(one)
        if len(batch) >= MOST_ASKED or time.monotonic() - begun > LONGEST_WAIT:
            yield batch
            batch, begun = [], time.monotonic()
    if batch:
        yield batch


@dataclass(frozen=True)
class _Prepare:
    """Called in a process, it gives what prepares a file."""

    predictor: Predictor
    max_pixels: int

    def __call__(self) -> Callable[[Item], Prepared]:
        Image.MAX_IMAGE_PIXELS = None  # ``max_pixels`` is the limit, told from the header
        return lambda item: prepared_file(self.predictor, item.name, self.max_pixels)


def prepared_file(predictor: Predictor, path: str, max_pixels: int) -> Prepared:
    """A file's answer if few blocks tell it or nothing can, else the blocks to ask about."""
    try:
        decoded = read_luma(path, max_pixels)
        found = predictor.prepared(decoded.luma, decoded.own_luma, needs_of(predictor))
    except ImageError as error:
        return issue_of(error)
    return found if isinstance(found, Prediction) else Pending(found, decoded.own_luma)


def _without_weights(predictor: Predictor) -> Predictor:
    """What a process needs to prepare files."""
    return replace(predictor, model=replace(predictor.model, run=_asked), evidence=one_by_one)


def _asked(evidence: F32) -> F32:
    raise AssertionError("the model is asked in the process that has it")


def _lost(item: Item, reason: Reason, words: str) -> Prepared:
    return Issue("error", words)

"""The settings that all processes of a cluster scan share, and the list of shards that are still to do."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jpegqf.cluster.results_folder import Destination, changed, identity
from jpegqf.cluster.shards import find_shards
from jpegqf.cluster.storage import one_line
from jpegqf.errors import JpegqfError, UsageError
from jpegqf.scanning.look import Look


@dataclass(frozen=True)
class Plan:
    """The settings of a scan, sent to every process on every machine."""

    sources: tuple[str, ...]
    suffixes: frozenset[str]
    recursive: bool
    images_per_shard: int
    destination: str
    look: Look
    timeout: float
    resume: bool
    folder: str
    """The working directory that relative paths start from."""

    def settings(self) -> dict[str, Any]:
        """The settings that must not change when the scan is resumed, by their names in messages."""
        look = {"only": self.look.only, "max_pixels": self.look.max_pixels, "even_qualities": self.look.even_qualities}
        look |= {"prove": True} if self.look.prove else {}
        how = {"exts": sorted(self.suffixes), "recursive": self.recursive, "shard_images": self.images_per_shard}
        return {**look, **how}


def describe(plan: Plan) -> Iterator[str]:
    """Yield each shard still to do as a JSON array, and at last an object.

    It is ``{"end": number of all shards}``, or ``{"stop": why}`` if the sources cannot be listed or have changed.
    """
    try:
        os.chdir(plan.folder)
        done = (
            {result.number: result.identity for result in Destination(plan.destination).noted()} if plan.resume else {}
        )
        count = 0
        for shard in find_shards(plan.sources, plan.suffixes, plan.recursive, plan.images_per_shard):
            count += 1
            was = done.get(shard.number)
            if was is None:
                yield shard.to_json()
            elif was != identity(shard):
                raise UsageError(changed(shard, "another"))
        yield json.dumps({"end": count})
    except (OSError, JpegqfError) as error:
        yield json.dumps({"stop": one_line(error)})

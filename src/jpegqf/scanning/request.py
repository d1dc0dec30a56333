"""What a scan is asked to do: one object from the flags of the command to the work. A new flag is a field here."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from jpegqf.errors import UsageError
from jpegqf.inputs.suffixes import IMAGE_SUFFIXES, normalize_suffixes
from jpegqf.limits import DEFAULT_PIXELS
from jpegqf.scanning.look import Look

if TYPE_CHECKING:
    from jpegqf.inspection.inspector import Only
    from jpegqf.scanning.look import Prover


@dataclass(frozen=True)
class ScanRequest:
    """What to scan, how, and where to. Raises UsageError for what does not go together."""

    paths: tuple[str, ...]
    outputs: tuple[str, ...] = ()
    """Results files; of Ray one folder or URL."""
    recursive: bool = False
    exts: tuple[str, ...] = ()
    """Suffixes as they were given, several in one text perhaps; none: those of ``IMAGE_SUFFIXES``."""
    members: bool = False
    """Take each picture of a multi-picture JPEG as a member."""
    only: "Only | None" = None
    max_pixels: int = DEFAULT_PIXELS
    device: str = "auto"
    even_qualities: bool = False
    """Take an earlier save at any quality as equally likely."""
    prove: "Prover | None" = None
    """Adds to records what restoring the JPEG proves."""
    timeout: float = 60.0
    """Seconds that an image may take."""
    jobs: int | None = None
    """Worker processes; None: one, or all cores of a cluster."""
    engine: Literal["local", "ray"] = "local"
    address: str | None = None
    """Of the Ray cluster."""
    shard_images: int = 1000
    """With Ray, images of folders and lists in one file of rows: a minute of one core, more or less."""
    overwrite: bool = False
    resume: bool = False
    summary: str | None = None
    """The file for counts, reasons, rates and versions."""
    quiet: bool = False

    def __post_init__(self) -> None:
        if self.resume and (self.overwrite or not self.outputs):
            raise UsageError("--resume goes on with the files of -o" + (": not with --overwrite" * self.overwrite))
        if self.address and self.engine != "ray":
            raise UsageError("--address names a Ray cluster: give --engine ray as well")
        if self.members and self.engine == "ray":
            raise UsageError("--members is of one machine: not with --engine ray")
        if self.prove and self.only == "header":
            raise UsageError("--prove looks at pixels: not with --only header")
        self._check_summary()

    def _check_summary(self) -> None:
        if not self.summary:
            return
        if os.path.isdir(self.summary):
            raise UsageError(f"--summary {self.summary!r} is a folder")
        if os.path.lexists(self.summary) and not (self.overwrite or self.resume):
            raise UsageError(f"--summary {self.summary!r} exists; --overwrite replaces it")
        if os.path.realpath(self.summary) in {os.path.realpath(name) for name in self.outputs}:
            raise UsageError("--summary and -o name one file")

    @property
    def suffixes(self) -> frozenset[str]:
        """Suffixes to take in folders and archives. Raises UsageError for an empty one."""
        named = [suffix for text in self.exts for suffix in text.replace(",", " ").split()]
        return normalize_suffixes(named) if self.exts else IMAGE_SUFFIXES

    @property
    def look(self) -> Look:
        """How each image is looked at."""
        return Look(self.only, self.max_pixels, self.device, self.even_qualities, self.prove)

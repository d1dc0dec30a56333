"""A .pth file of float32 tensors and texts, read within bounds and without running what it says.

``torch.load(weights_only=True)`` runs no stranger's code, but inflates compressed records and makes byte arrays of any
size that a few kilobytes ask for.
"""

import io
import math
import pickle
import pickletools
import zipfile
from typing import Any

import numpy as np

from jpegqf.arrays import F32
from jpegqf.errors import CheckpointError

MAX_RECORDS = 128
"""Members of the archive; a checkpoint of ours has 22."""
MAX_OPCODES = 20_000
"""Steps of the pickle; a checkpoint of ours has about 700."""
# fmt: off
OPCODES = frozenset((
    "PROTO", "STOP", "MARK", "EMPTY_DICT", "SETITEM", "SETITEMS", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3",
    "BINUNICODE", "NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "GLOBAL", "REDUCE", "BINPERSID",
    "BINPUT", "BINGET", "LONG_BINPUT", "LONG_BINGET",
))
# fmt: on
"""All that ``torch.save`` writes for a dictionary of texts and tensors."""


def read_pth(data: bytes) -> object:
    """What ``torch.save`` was given, its tensors as read-only float32 arrays on ``data``'s members.

    Takes about as much memory as ``data`` has. Raises CheckpointError if anything else is in it, or it is damaged.
    """
    try:
        records = _records(data)
        if records.get("byteorder", b"little") != b"little":
            raise CheckpointError("refused: its numbers are big-endian")
        pickled = records["data.pkl"]
        _check_steps(pickled)
        return _TensorUnpickler(pickled, records).load()
    except pickle.UnpicklingError:
        raise CheckpointError("refused: not a plain file of tensors (damaged, or it would run code)") from None
    except CheckpointError:
        raise
    except Exception as error:  # zipfile and pickle fail in as many ways as a file can be damaged
        raise CheckpointError(f"not a readable PyTorch file: truncated or damaged ({type(error).__name__})") from None


def _records(data: bytes) -> dict[str, bytes]:
    """Members by their names below the archive's one folder; none compressed, together no larger than the file."""
    if data.count(b"PK\1\2") > MAX_RECORDS:  # how an entry of the directory begins: counted before any is parsed
        raise CheckpointError("refused: it has too many records")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise CheckpointError("refused: its records are compressed")
        if sum(member.file_size for member in members) > len(data):
            raise CheckpointError("refused: its records are larger than the file")
        return {member.filename.partition("/")[2]: archive.read(member) for member in members}


def _check_steps(pickled: bytes) -> None:
    """Raise UnpicklingError, before anything is unpickled, on a step that no file of tensors and texts needs.

    Then nothing calls a method or sets an attribute, no length or memo index exceeds what the file has room for, and
    as only texts and names are used again, the result is a tree no larger than the file: nothing grows by sharing.
    """
    shared: dict[int, bool] = {}
    previous = ""
    for count, (opcode, argument, _) in enumerate(pickletools.genops(pickled)):
        name, place = opcode.name, argument if isinstance(argument, int) else 0
        if name not in OPCODES or count > MAX_OPCODES:
            raise pickle.UnpicklingError
        if name.endswith("BINPUT"):
            if place > MAX_OPCODES:
                raise pickle.UnpicklingError
            shared[place] = previous in ("BINUNICODE", "GLOBAL")
        if name.endswith("BINGET") and not shared.get(place):
            raise pickle.UnpicklingError
        previous = name


class _TensorUnpickler(pickle.Unpickler):
    """An unpickler that knows three names (KNOWN) and calls nothing of PyTorch's."""

    def __init__(self, pickled: bytes, records: dict[str, bytes]) -> None:
        super().__init__(io.BytesIO(pickled))
        self._storages = {key.removeprefix("data/"): value for key, value in records.items()}

    def find_class(self, module: str, name: str) -> Any:
        found = KNOWN.get(f"{module} {name}")
        if found is None:
            raise pickle.UnpicklingError
        return found

    def persistent_load(self, pid: Any) -> F32:
        """The storage that ("storage", its type, its record, its place, its length) means."""
        _, kind, key, _, length = pid
        if kind != FLOATS:
            raise pickle.UnpicklingError
        storage = np.frombuffer(self._storages[key], "<f4")
        if len(storage) != length:
            raise pickle.UnpicklingError
        return storage


def _tensor(storage: F32, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: object) -> F32:
    """In the place of PyTorch's function of this name; a tensor must lie whole and in order in its storage."""
    if len(size) > 3 or min((offset, *size)) < 0:
        raise pickle.UnpicklingError
    if any(length > 1 and stride[i] != math.prod(size[i + 1 :]) for i, length in enumerate(size)):
        raise pickle.UnpicklingError
    return storage[offset : offset + math.prod(size)].reshape(size)


def _empty() -> dict[str, object]:
    """In the place of OrderedDict: PyTorch saves an empty one with each tensor."""
    return {}


FLOATS = "float32"
KNOWN = {
    "torch FloatStorage": FLOATS,
    "torch._utils _rebuild_tensor_v2": _tensor,
    "collections OrderedDict": _empty,
}

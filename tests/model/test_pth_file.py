import io
import json
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from targets import PTH as SMALL_PTH
from targets import rewritten

from conftest import PTH, refusal_in_little_memory
from jpegqf.errors import CheckpointError
from jpegqf.model.pth_file import MAX_OPCODES, MAX_RECORDS, read_pth

NOT_PLAIN = "not a plain file of tensors"


def pickled(data: bytes = SMALL_PTH) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(next(name for name in archive.namelist() if name.endswith("data.pkl")))


def test_the_bundled_file_is_read_as_pytorch_reads_it() -> None:
    torch = pytest.importorskip("torch", reason="to compare with PyTorch, it must be there")
    ours, theirs = read_pth(PTH.read_bytes()), torch.load(PTH, weights_only=True)
    assert isinstance(ours, dict)
    assert ours["jpegqf"] == theirs["jpegqf"]
    assert ours["weights"].keys() == theirs["weights"].keys()
    assert all(np.array_equal(ours["weights"][name], value) for name, value in theirs["weights"].items())


def test_texts_and_tensors_are_read_without_pytorch() -> None:
    found = read_pth(rewritten({}))
    assert isinstance(found, dict)
    assert json.loads(found["jpegqf"])["width"] == {"hidden": 1, "score": 1}
    assert found["weights"]["near.weight"].shape == (1, 1, 5)


def test_views_of_storages_are_read_where_they_lie_in_order() -> None:
    torch = pytest.importorskip("torch", reason="writing a .pth file needs PyTorch")
    base = torch.arange(24, dtype=torch.float32)
    out = io.BytesIO()
    torch.save({"a": base[3:9].reshape(2, 3), "b": base.reshape(2, 3, 4), "c": base[5].clone(), "d": base[:0]}, out)
    found = read_pth(out.getvalue())
    assert isinstance(found, dict)
    assert found["a"].tolist() == [[3, 4, 5], [6, 7, 8]]
    assert (found["b"].shape, found["c"].tolist(), found["d"].shape) == ((2, 3, 4), 5, (0,))
    torch.save({"transposed": base.reshape(4, 6).T}, out := io.BytesIO())
    with pytest.raises(CheckpointError, match=NOT_PLAIN):
        read_pth(out.getvalue())


BYTES_MADE_ON_DEMAND = b"\x80\x02c__builtin__\nbytearray\nJ" + struct.pack("<i", 2**31 - 1) + b"\x85R."
DOUBLED = b"\x80\x02}" + b")q\x00" + b"h\x00h\x00\x86q\x00" * 200 + b"K\x00s."
"""A dictionary's key is a pair of pairs of pairs, 200 deep, each made of one object: its hash takes 2**200 steps."""
MEMO = b"\x80\x02}r" + struct.pack("<I", 2**32 - 1) + b"."
CLAIMED = pickled().replace(b"M\x72\x01", b"J" + struct.pack("<i", 2**30))
"""Every storage and tensor of 370 numbers says that it has 2**30."""
STRETCHED = b"".join(
    (
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n",
        b"X\x01\x00\x00\x003X\x03\x00\x00\x00cpuK\x01tQK\x00J" + struct.pack("<i", 2**30) + b"\x85K\x00\x85\x89NtR.",
    )
)
"""A tensor of 2**30 numbers with a stride of 0 on a storage of one."""
LESS_THAN_NONE = STRETCHED.replace(struct.pack("<i", 2**30), struct.pack("<i", -1))


def test_a_bomb_is_refused_in_little_memory(tmp_path: Path) -> None:
    (tmp_path / "bomb.pth").write_bytes(rewritten({"data/0": bytes(320 * 2**20)}, zipfile.ZIP_DEFLATED))
    assert "compressed" in refusal_in_little_memory(tmp_path / "bomb.pth")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(rewritten({"data.pkl": BYTES_MADE_ON_DEMAND}), NOT_PLAIN, id="bytes on demand"),
        pytest.param(rewritten({"data.pkl": DOUBLED}), NOT_PLAIN, id="doubled"),
        pytest.param(rewritten({"data.pkl": MEMO}), NOT_PLAIN, id="memo"),
        pytest.param(rewritten({"data.pkl": CLAIMED}), NOT_PLAIN, id="claimed"),
        pytest.param(rewritten({"data.pkl": STRETCHED}), NOT_PLAIN, id="stretched"),
        pytest.param(rewritten({"data.pkl": LESS_THAN_NONE}), NOT_PLAIN, id="less than none"),
    ],
)
def test_a_small_file_that_asks_for_much_memory_is_refused_in_little(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "hostile.pth"
    path.write_bytes(data)
    assert message in refusal_in_little_memory(path)


def test_records_larger_than_the_file_or_too_many_are_refused() -> None:
    larger = bytearray(SMALL_PTH)
    entry = larger.index(b"PK\1\2")
    larger[entry + 20 : entry + 28] = struct.pack("<II", 2**31, 2**31)
    with pytest.raises(CheckpointError, match="larger than the file"):
        read_pth(bytes(larger))
    with pytest.raises(CheckpointError, match="too many records"):
        read_pth(rewritten({f"data/more{i}": b"" for i in range(MAX_RECORDS)}))


@pytest.mark.parametrize(
    "steps",
    [
        b"}q\x00" * (MAX_OPCODES + 1),
        b"cos\nsystem\nX\x04\x00\x00\x00true\x85R",
        b"ccollections\nOrderedDict\n)R}X\x01\x00\x00\x00aK\x01sb",  # sets attributes
        b"\x8c\x02os\x8c\x06system\x93",
    ],
    ids=["too many steps", "a command", "attributes", "a name from the stack"],
)
def test_a_pickle_that_does_more_than_hold_tensors_is_refused(steps: bytes) -> None:
    with pytest.raises(CheckpointError, match=NOT_PLAIN):
        read_pth(rewritten({"data.pkl": b"\x80\x02" + steps + b"."}))


def test_big_endian_numbers_are_refused() -> None:
    with pytest.raises(CheckpointError, match="big-endian"):
        read_pth(rewritten({"byteorder": b"big"}))


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_file_is_read_or_refused_in_one_line(data: st.DataObject) -> None:
    steps = bytearray(pickled())
    for _ in range(data.draw(st.integers(1, 4))):
        at, start = data.draw(st.integers(0, len(steps) - 1)), data.draw(st.integers(0, len(steps) - 1))
        if data.draw(st.booleans()):
            steps[at] = data.draw(st.integers(0, 255))
        else:
            steps[at : at + 1] = steps[start : start + data.draw(st.integers(0, 40))]
    try:
        read_pth(rewritten({"data.pkl": bytes(steps)}))
    except CheckpointError as error:
        assert len(str(error).splitlines()) == 1


def test_a_dictionary_pickled_by_python_is_no_checkpoint() -> None:
    with pytest.raises(CheckpointError, match="truncated or damaged"):
        read_pth(pickle.dumps({}))

"""What the fuzzers under tests/fuzz kept, and hypothesis in their place where they are not installed."""

import json
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from images import copies, whole_images
from targets import (
    CORPUS,
    PTH,
    fetch_any_answer,
    inspect_anything,
    load_any_checkpoint,
    read_any_container,
    read_any_header,
)

from jpegqf.errors import CheckpointError
from jpegqf.jpeg.header import read_header, read_start
from jpegqf.model.checkpoint import load_model
from jpegqf.model.config import parse_config

METADATA = json.loads((CORPUS / "checkpoint" / "metadata.json").read_text())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_the_corpora_are_there() -> None:
    assert all(len(list((CORPUS / name).iterdir())) >= 3 for name in ("header", "checkpoint"))


@pytest.mark.parametrize("path", sorted((CORPUS / "header").iterdir()), ids=lambda path: path.name)
def test_every_kept_header_is_read_or_refused_in_one_line(path: Path) -> None:
    data = path.read_bytes()
    read_any_header(data)  # which asserts one line, and printable words
    start = read_start(data)
    assert start is None or start.component_tables == read_header(data).component_tables


@pytest.mark.parametrize("path", sorted((CORPUS / "checkpoint").iterdir()), ids=lambda path: path.name)
def test_every_kept_checkpoint_is_loaded_or_refused_in_one_line(tmp_path: Path, path: Path) -> None:
    load_any_checkpoint(path.read_bytes(), tmp_path)


@given(st.sampled_from(sorted(METADATA)), JSON)
def test_any_value_in_the_metadata_is_taken_or_refused(key: str, value: object) -> None:
    try:
        parse_config(json.dumps({**METADATA, key: value}))
    except CheckpointError as error:
        assert str(error)


@given(st.text(max_size=200))
def test_any_text_as_metadata_is_refused(text: str) -> None:
    with pytest.raises(CheckpointError):
        parse_config(text)


@settings(max_examples=40)
@given(data=st.data())
def test_a_damaged_checkpoint_is_loaded_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "model.pth"
    content = bytearray(PTH)
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        load_model(path, "cpu")
    except CheckpointError as error:
        assert len(str(error).splitlines()) == 1


@given(
    st.sampled_from(
        (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 302 Found\r\nLocation: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9")
    ),
    st.binary(max_size=60),
)
def test_any_answer_of_a_server_is_its_bytes_or_one_line(start: bytes, data: bytes) -> None:
    answer = fetch_any_answer(start + data)
    assert isinstance(answer, bytes) or len(answer.splitlines()) == 1


@pytest.mark.parametrize("name", list(whole_images()))
def test_a_whole_or_damaged_image_of_any_container_gives_one_row_and_no_exception(name: str) -> None:
    data = whole_images()[name]
    for cut in (len(data), 3 * len(data) // 4, len(data) // 2, 20, 1, 0):
        records = inspect_anything(data[:cut])
        assert all(record.reason != "crashed" for record in records)
    read_any_container(data)
    for i, changed in enumerate(islice(copies([data], seed=7), 20)):
        read_any_container(changed)
        try:
            inspect_anything(changed)
        except Exception as error:
            raise AssertionError(f"copy {i} of {name}: {error!r}") from error

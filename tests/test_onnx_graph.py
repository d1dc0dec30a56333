import resource
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import ONNX, refusal_in_little_memory
from jpegqf import onnx_graph
from jpegqf.errors import CheckpointError
from jpegqf.features import FEATURES
from jpegqf.model import METADATA_KEY, Width, load_model
from jpegqf.onnx_graph import AXES, NODES, Node, read_file, read_weights, shapes, write_file
from jpegqf.wire import Message, number, part, parts, read

WIDTH = (3, 2)
DIFFERENT = "graph is not that of the architecture"


def small_weights() -> dict[str, onnx_graph.F32]:
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes(*WIDTH).items()}


WEIGHTS = small_weights()
SMALL = write_file(WEIGHTS, {"jpegqf": "{}"})
TINY = replace(load_model(ONNX, "cpu").config, width=Width(*WIDTH), training={}).to_json()
GRAPH: Message = read(memoryview(read(memoryview(SMALL))[7][0]))  # type: ignore[arg-type]
Change = Callable[[Message, Message], None]


def changed(change: Change) -> bytes:
    """The small file after ``change`` of its model's and its graph's fields."""
    model = read(memoryview(SMALL))
    graph = {field: list(values) for field, values in GRAPH.items()}
    change(model, graph)
    model[7] = [memoryview(encoded(graph)), *model[7][1:]]
    return encoded(model)


def encoded(message: Message) -> bytes:
    return b"".join(
        number(field, value) if isinstance(value, int) else part(field, value)
        for field, values in message.items()
        for value in values
    )


def weights_of(data: bytes) -> Mapping[str, onnx_graph.F32]:
    return read_weights(read_file(data)[0], *WIDTH)


def test_weights_and_metadata_survive_the_round_trip() -> None:
    model, metadata = read_file(SMALL)
    found = read_weights(model, *WIDTH)
    assert metadata == {"jpegqf": "{}"}
    assert found.keys() == WEIGHTS.keys()
    assert all(np.array_equal(found[name], WEIGHTS[name]) for name in WEIGHTS)


def test_names_inside_the_graph_are_free() -> None:
    assert SMALL.count(b"together") == 2  # made once, taken once
    renamed = SMALL.replace(b"together", b"TOGETHER").replace(b"narrow.bias", b"NARROW.bias")
    assert np.array_equal(weights_of(renamed)["narrow.bias"], WEIGHTS["narrow.bias"])


def test_one_name_for_two_values_is_refused() -> None:
    with pytest.raises(CheckpointError, match=DIFFERENT):
        weights_of(SMALL.replace(b"wide.change", b"near.change"))


def test_another_width_is_refused() -> None:
    with pytest.raises(CheckpointError, match=DIFFERENT):
        read_weights(read_file(SMALL)[0], 3, 3)


def other_nodes() -> list[Any]:
    """Every graph that differs in one operator, one attribute, one wire or one node."""
    found = [pytest.param((*NODES, Node("Identity", ("none",), "more")), id="one more")]
    for i, node in enumerate(NODES):
        others = [("operator", node._replace(operator="Pad"))]
        others += [
            (name, node._replace(attributes={**node.attributes, name: other_value(value)}))
            for name, value in node.attributes.items()
        ]
        others.append(("one attribute more", node._replace(attributes={**node.attributes, "zzz": 1})))
        others += [
            (f"input {k}", node._replace(inputs=(*node.inputs[:k], "near", *node.inputs[k + 1 :])))
            for k, name in enumerate(node.inputs)
            if name != "near"
        ]
        others.append(("one input more", node._replace(inputs=(*node.inputs, "mean"))))
        found += [
            pytest.param((*NODES[:i], other, *NODES[i + 1 :]), id=f"{node.output}: {what}") for what, other in others
        ]
        found.append(pytest.param((*NODES[:i], *NODES[i + 1 :]), id=f"without {node.output}"))
    return found


def other_value(value: onnx_graph.Attribute) -> onnx_graph.Attribute:
    if isinstance(value, tuple):
        return (*value[:-1], value[-1] + 2**40)
    return value + "x" if isinstance(value, str) else value + 1


@pytest.mark.parametrize("nodes", other_nodes())
def test_a_graph_that_differs_anywhere_is_refused(nodes: tuple[Node, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(onnx_graph, "NODES", nodes)
        data = write_file(WEIGHTS, {})
    with pytest.raises(CheckpointError, match=DIFFERENT):
        weights_of(data)


def tensor(name: str, sizes: list[int], kind: int, content: bytes) -> memoryview:
    return memoryview(
        b"".join(number(1, n) for n in sizes) + number(2, kind) + part(8, name.encode()) + part(9, content)
    )


PLAIN = bytes(tensor("narrow.bias", [2], 1, bytes(8)))


def replaced(name: str, *other: memoryview) -> Change:
    def change(_: Message, graph: Message) -> None:
        kept = [value for value in graph[5] if part(8, name.encode()) not in bytes(value)]
        assert len(kept) == len(graph[5]) - 1
        graph[5] = [*kept, *other]

    return change


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(replaced("narrow.bias"), id="missing"),
        pytest.param(replaced("narrow.bias", tensor("narrow.bias", [2], 1, bytes(4))), id="too short"),
        pytest.param(replaced("narrow.bias", tensor("narrow.bias", [2], 1, bytes(12))), id="too long"),
        pytest.param(replaced("narrow.bias", tensor("narrow.bias", [2**62, 2], 1, bytes(8))), id="huge"),
        pytest.param(replaced("narrow.bias", tensor("narrow.bias", [], 1, bytes(8))), id="scalar"),
        pytest.param(replaced("narrow.bias", tensor("narrow.bias", [2], 7, bytes(16))), id="integers"),
        pytest.param(replaced("narrow.bias", tensor("narrow.bias", [2], 6, bytes(8))), id="short integers"),
        pytest.param(replaced("narrow.bias", tensor("mean", [2], 1, bytes(8))), id="named twice"),
        pytest.param(replaced("narrow.bias", memoryview(PLAIN + part(4, bytes(8)))), id="given in two ways"),
        pytest.param(replaced("narrow.bias", memoryview(PLAIN + part(9, bytes(8)))), id="given twice"),
        pytest.param(replaced("qualities", tensor("qualities", [1], 7, b"\1" + bytes(7))), id="another axis"),
        pytest.param(lambda _, graph: graph[5].append(tensor("more", [1], 1, bytes(4))), id="one more"),
    ],
)
def test_a_tensor_that_differs_in_type_shape_or_number_is_refused(change: Change) -> None:
    with pytest.raises(CheckpointError, match=DIFFERENT):
        weights_of(changed(change))


def in_first_node(more: bytes) -> Change:
    def change(_: Message, graph: Message) -> None:
        graph[1][0] = memoryview(bytes(graph[1][0]) + more)

    return change


OTHER_INPUT = memoryview(part(1, b"evidence") + part(2, onnx_graph._type((100, FEATURES + 1))))
SUBGRAPH = memoryview(part(4, b"If") + part(5, part(1, b"then_branch") + part(6, b"") + number(20, 5)))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda model, _: model.update({25: [memoryview(b"")]}), id="functions"),
        pytest.param(lambda model, _: model.update({20: [memoryview(b"")]}), id="training information"),
        pytest.param(lambda model, _: model[7].append(memoryview(b"")), id="two graphs"),
        pytest.param(lambda model, _: model.pop(8), id="no set of operators"),
        pytest.param(lambda model, _: model[8].append(memoryview(part(1, b"com.microsoft"))), id="more operators"),
        pytest.param(lambda model, _: model.update({8: [memoryview(number(2, 17))]}), id="older operators"),
        pytest.param(
            lambda model, _: model.update({8: [memoryview(number(2, 20) + part(1, b"x"))]}), id="other operators"
        ),
        pytest.param(lambda model, _: model.update({2: [3]}), id="a number in place of a text"),
        pytest.param(lambda _, graph: graph.update({15: [memoryview(b"")]}), id="sparse tensor"),
        pytest.param(lambda _, graph: graph.update({14: [memoryview(b"")]}), id="quantization"),
        pytest.param(lambda _, graph: graph[1].append(SUBGRAPH), id="subgraph"),
        pytest.param(lambda _, graph: graph[11].append(graph[11][0]), id="two inputs"),
        pytest.param(lambda _, graph: graph.update({11: [OTHER_INPUT]}), id="an input of another type"),
        pytest.param(lambda _, graph: graph.update({12: graph[11]}), id="another output"),
        pytest.param(in_first_node(part(7, b"other.domain")), id="another domain"),
        pytest.param(in_first_node(part(8, b"")), id="an overload"),
    ],
)
def test_what_no_graph_of_ours_has_is_refused(change: Callable[[Any, Any], None]) -> None:
    with pytest.raises(CheckpointError, match=DIFFERENT):
        weights_of(changed(change))


@pytest.mark.parametrize("field", [13, 14])
def test_a_tensor_in_another_file_is_refused(field: int) -> None:
    other = memoryview(number(1, 2) + part(8, b"narrow.bias") + (part(13, b"x") if field == 13 else number(14, 1)))
    with pytest.raises(CheckpointError, match="refers to other files"):
        weights_of(changed(replaced("narrow.bias", other)))


def padding(rows: int) -> bytes:
    """A file whose input and output are ours, but whose graph pads one value with ``rows`` rows of 101 numbers."""
    nodes = [
        (b"MatMul", (b"evidence", b"matrix"), b"product"),
        (b"Squeeze", (b"product", b"axis"), b"one"),
        (b"Pad", (b"one", b"pads"), b"log_probability"),
    ]
    graph = (
        parts(1, (parts(1, inputs) + part(2, output) + part(4, kind) for kind, inputs, output in nodes)),
        part(5, tensor("matrix", [FEATURES, 1], 1, bytes(4 * FEATURES))),
        part(5, tensor("axis", [1], 7, np.array([2], "<i8").tobytes())),
        part(5, tensor("pads", [4], 7, np.array([0, 0, rows, 1], "<i8").tobytes())),
        *(part(field, value) for field in (11, 12) for value in GRAPH[field] if isinstance(value, memoryview)),
    )
    entry = part(1, METADATA_KEY.encode()) + part(2, TINY.encode())
    return number(1, 8) + part(7, *graph) + part(8, number(2, 17)) + part(14, entry)


def test_a_graph_that_would_make_gigabytes_is_refused_before_it_runs(tmp_path: Path) -> None:
    path = tmp_path / "pad.onnx"
    path.write_bytes(padding(2**24))
    assert DIFFERENT in refusal_in_little_memory(path)


@pytest.mark.parametrize("source", ["bundled", "small"])
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_damaged_file_is_loaded_or_refused_in_little_memory(
    tmp_path_factory: pytest.TempPathFactory, source: str, data: st.DataObject
) -> None:
    content = bytearray(ONNX.read_bytes() if source == "bundled" else write_file(WEIGHTS, {METADATA_KEY: TINY}))
    for _ in range(data.draw(st.integers(1, 6))):
        damage(content, data)
    path = tmp_path_factory.mktemp("damaged") / "model.onnx"
    path.write_bytes(content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        model = load_model(path, "cpu")
    except CheckpointError as error:
        assert len(str(error).splitlines()) == 1
    else:
        evidence = np.zeros((2, 100, FEATURES), np.float32)
        assert np.exp(model.log_probabilities(evidence)).sum(axis=1) == pytest.approx(1)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 256 * 2**10


def damage(content: bytearray, data: st.DataObject) -> None:
    """Flip a bit, or copy a piece over another or between two bytes; most often where the graph is, not a weight."""
    place = st.integers(0, len(content) - 1)
    place = (
        st.integers(0, min(3000, len(content) - 1)) | st.integers(max(0, len(content) - 3000), len(content) - 1) | place
    )
    at, start, length = data.draw(place), data.draw(place), data.draw(st.integers(1, 200))
    match data.draw(st.sampled_from(["flip", "overwrite", "insert", "delete"])):
        case "flip":
            content[at] ^= 1 << data.draw(st.integers(0, 7))
        case "overwrite":
            content[at : at + length] = content[start : start + length]
        case "insert":
            content[at:at] = content[start : start + length]
        case "delete" if len(content) > 1000:
            del content[at : at + length]


def test_axes_are_the_only_constants() -> None:
    given_names = {name for node in NODES for name in node.inputs}
    made = {node.output for node in NODES} | {onnx_graph.INPUT}
    assert given_names - made == {*shapes(1, 1), *AXES}

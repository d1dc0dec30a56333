"""The network as an ONNX file: written, and read back as weights if its graph is this one and no other.

A graph can cost any amount of memory and time (one ``Pad`` of two kilobytes is told to make gigabytes), so a stranger's
is never run: it is compared with ``NODES``, node by node, and what runs is ``NODES`` with the file's weights.
Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

import struct
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jpegqf.errors import CheckpointError
from jpegqf.features import FEATURES
from jpegqf.wire import Message, WireError, number, part, parts, read

F32 = NDArray[np.float32]
Attribute = int | float | str | tuple[int, ...]

OPSET, IR_VERSION = 20, 10
FLOAT, INT64 = 1, 7
MODEL_IR, MODEL_PRODUCER, MODEL_GRAPH, MODEL_OPSET, MODEL_METADATA = 1, 2, 7, 8, 14
GRAPH_NODE, GRAPH_NAME, GRAPH_TENSOR, GRAPH_INPUT, GRAPH_OUTPUT = 1, 2, 5, 11, 12
NODE_INPUT, NODE_OUTPUT, NODE_NAME, NODE_OPERATOR, NODE_ATTRIBUTE, NODE_NOTE, NODE_DOMAIN = 1, 2, 3, 4, 5, 6, 7
TENSOR_SIZE, TENSOR_TYPE, TENSOR_NAME, TENSOR_CONTENT = 1, 2, 8, 9
ELSEWHERE = {13, 14}
"""Fields of a tensor whose bytes are in another file."""
INERT_IN_MODEL = {3, 4, 6}
"""Texts that change no answer: the maker's version, names, notes."""
INERT_IN_GRAPH = {10, 13, 16}
"""The same: a note, shapes of the values in between, metadata."""
INPUT, OUTPUT = "evidence", "log_probability"


class Node(NamedTuple):
    """One operator: its type, what it takes, what it gives."""

    operator: str
    inputs: tuple[str, ...]
    output: str
    attributes: Mapping[str, Attribute] = {}


GELU: Mapping[str, Attribute] = {"approximate": "none"}
DENSE: Mapping[str, Attribute] = {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 1}


def _convolution(size: int) -> Mapping[str, Attribute]:
    """Attributes of a convolution along the qualities that keeps their number."""
    return {
        "auto_pad": "NOTSET",
        "dilations": (1,),
        "group": 1,
        "kernel_shape": (size,),
        "pads": (size // 2, size // 2),
        "strides": (1,),
    }


NODES = (
    Node("Sub", (INPUT, "mean"), "centred"),
    Node("Div", ("centred", "deviation"), "scaled"),
    Node("MatMul", ("scaled", "candidate.matrix"), "candidate.product"),
    Node("Add", ("candidate.product", "candidate.bias"), "candidate.sum"),
    Node("Gelu", ("candidate.sum",), "candidate", GELU),
    Node("MatMul", ("candidate", "narrow.matrix"), "narrow.product"),
    Node("Add", ("narrow.product", "narrow.bias"), "narrow.sum"),
    Node("Gelu", ("narrow.sum",), "narrow", GELU),
    Node("Transpose", ("narrow",), "row", {"perm": (0, 2, 1)}),
    Node("Conv", ("row", "near.weight", "near.bias"), "near.sum", _convolution(5)),
    Node("Gelu", ("near.sum",), "near.change", GELU),
    Node("Add", ("row", "near.change"), "near"),
    Node("Conv", ("near", "wide.weight", "wide.bias"), "wide.sum", _convolution(5)),
    Node("Gelu", ("wide.sum",), "wide.change", GELU),
    Node("Add", ("near", "wide.change"), "wide"),
    Node("ReduceMax", ("wide", "qualities"), "greatest", {"keepdims": 0}),
    Node("ReduceMean", ("wide", "qualities"), "average", {"keepdims": 0, "noop_with_empty_axes": 0}),
    Node("Concat", ("greatest", "average"), "together", {"axis": 1}),
    Node("Conv", ("wide", "score.weight", "score.bias"), "score.row", _convolution(1)),
    Node("Squeeze", ("score.row", "channels"), "score"),
    Node("Gemm", ("together", "none.0.weight", "none.0.bias"), "none.sum", DENSE),
    Node("Gelu", ("none.sum",), "none.hidden", GELU),
    Node("Gemm", ("none.hidden", "none.2.weight", "none.2.bias"), "none", DENSE),
    Node("Concat", ("score", "none"), "scores", {"axis": 1}),
    Node("LogSoftmax", ("scores",), OUTPUT, {"axis": 1}),
)
"""``jpegqf.network.CandidateScorer.forward`` as PyTorch 2.13 exports it; one cannot change without the other."""
AXES = {"qualities": 2, "channels": 1}
"""Constants of the graph: the axes that are reduced and squeezed."""


def shapes(hidden: int, score: int) -> dict[str, tuple[int, ...]]:
    """The weights that a network of this width has; a matrix (inputs, outputs) is its layer's weight transposed."""
    return {
        "mean": (FEATURES,),
        "deviation": (FEATURES,),
        "candidate.matrix": (FEATURES, hidden),
        "candidate.bias": (hidden,),
        "narrow.matrix": (hidden, score),
        "narrow.bias": (score,),
        "near.weight": (score, score, 5),
        "near.bias": (score,),
        "wide.weight": (score, score, 5),
        "wide.bias": (score,),
        "score.weight": (1, score, 1),
        "score.bias": (1,),
        "none.0.weight": (score, 2 * score),
        "none.0.bias": (score,),
        "none.2.weight": (1, score),
        "none.2.bias": (1,),
    }


def read_file(data: bytes) -> tuple[Message, dict[str, str]]:
    """An ONNX file -> its model, for ``read_weights``, and its metadata. Raises CheckpointError if damaged."""
    try:
        model = read(memoryview(data))
        return model, {_text(entry, 1): _text(entry, 2) for entry in _messages(model, MODEL_METADATA)}
    except ValueError:  # UnicodeDecodeError is one, WireError another
        raise CheckpointError("not a readable ONNX model: truncated or damaged") from None


def read_weights(model: Message, hidden: int, score: int) -> dict[str, F32]:
    """The weights of a model of ours, as views of the file.

    Raises CheckpointError if its graph differs from ``NODES`` in anything but names, or a tensor in type or shape.
    """
    try:
        texts = {MODEL_PRODUCER, MODEL_GRAPH, MODEL_OPSET, MODEL_METADATA}
        _only(model, numbers={MODEL_IR, 5}, texts=texts | INERT_IN_MODEL)
        (opset,), (graph,) = _messages(model, MODEL_OPSET), _messages(model, MODEL_GRAPH)
        texts = {GRAPH_NODE, GRAPH_NAME, GRAPH_TENSOR, GRAPH_INPUT, GRAPH_OUTPUT}
        _only(graph, texts=texts | INERT_IN_GRAPH)
        if _text(opset, 1) or opset.get(2) != [OPSET]:
            raise WireError("another set of operators")
        wanted = shapes(hidden, score)
        tensors = _tensors(graph, len(wanted) + len(AXES))
        names = _names(graph)
        for name, axis in AXES.items():
            if _content(tensors[names[name]], INT64, (1,)) != struct.pack("<q", axis):
                raise WireError("another axis")
        return {
            name: np.frombuffer(_content(tensors[names[name]], FLOAT, shape), "<f4").reshape(shape)
            for name, shape in wanted.items()
        }
    except (ValueError, KeyError):
        raise CheckpointError("its graph is not that of the architecture it names") from None


def _only(message: Message, numbers: Collection[int] = (), texts: Collection[int] = ()) -> None:
    """Raise WireError on a field not named here: a subgraph, a function, a sparse tensor, training information."""
    for field, values in message.items():
        kind = int if field in numbers else memoryview if field in texts else None
        if kind is None or not all(isinstance(value, kind) for value in values):
            raise WireError(f"field {field} is not used here")


def _messages(message: Message, field: int) -> Iterator[Message]:
    return (read(value) for value in message.get(field, []) if isinstance(value, memoryview))


def _contents(message: Message, field: int) -> list[bytes]:
    return [bytes(value) for value in message.get(field, []) if isinstance(value, memoryview)]


def _text(message: Message, field: int) -> str:
    """A text that occurs at most once; "" if it does not."""
    values = _contents(message, field)
    if len(values) > 1:
        raise WireError("a field given twice")
    return b"".join(values).decode()


def _tensors(graph: Message, count: int) -> dict[str, Message]:
    """The graph's tensors by name. Raises CheckpointError if one lies in another file, WireError if it is not plain."""
    tensors = {}
    for tensor in _messages(graph, GRAPH_TENSOR):
        if ELSEWHERE & tensor.keys():
            raise CheckpointError("refused: it refers to other files")
        _only(tensor, numbers={TENSOR_SIZE, TENSOR_TYPE}, texts={TENSOR_NAME, TENSOR_CONTENT})
        tensors[_text(tensor, TENSOR_NAME)] = tensor
    if not len(tensors) == len(graph[GRAPH_TENSOR]) == count:
        raise WireError("another number of tensors")
    return tensors


def _content(tensor: Message, kind: int, shape: tuple[int, ...]) -> memoryview:
    size = {FLOAT: 4, INT64: 8}[kind] * int(np.prod(shape))
    (content,) = tensor[TENSOR_CONTENT]
    if tensor[TENSOR_SIZE] != list(shape) or tensor[TENSOR_TYPE] != [kind]:
        raise WireError("another tensor")
    if not isinstance(content, memoryview) or len(content) != size:
        raise WireError("a tensor that is shorter or longer than its shape")
    return content


def _names(graph: Message) -> dict[str, str]:
    """Our names of all values -> the graph's, where both compute the same; WireError where not."""
    names = {INPUT: _interface(graph, GRAPH_INPUT, (100, FEATURES))}
    for found, wanted in zip(_messages(graph, GRAPH_NODE), NODES, strict=True):
        _only(found, texts=range(NODE_INPUT, NODE_DOMAIN + 1))
        if (_text(found, NODE_OPERATOR), _text(found, NODE_DOMAIN)) != (wanted.operator, ""):
            raise WireError("another operator")
        if sorted(_contents(found, NODE_ATTRIBUTE)) != _attributes(wanted):
            raise WireError("another attribute")
        inputs = (content.decode() for content in _contents(found, NODE_INPUT))
        pairs = [*zip(wanted.inputs, inputs, strict=True), (wanted.output, _text(found, NODE_OUTPUT))]
        if any(names.setdefault(ours, theirs) != theirs for ours, theirs in pairs):
            raise WireError("wired in another way")
    if len(set(names.values())) != len(names) or names[OUTPUT] != _interface(graph, GRAPH_OUTPUT, (101,)):
        raise WireError("a value with two meanings")
    return names


def _interface(graph: Message, field: int, shape: tuple[int, ...]) -> str:
    """Name of the graph's one input or output, which must be float32 (n, ``shape``)."""
    (value,) = _messages(graph, field)
    if _contents(value, 2) != [_type(shape)]:
        raise WireError("another input or output")
    return _text(value, 1)


def write_file(weights: Mapping[str, F32], metadata: Mapping[str, str]) -> bytes:
    """The ONNX file of a network: ``weights`` of any width as ``shapes`` names them."""
    tensors = [_tensor(name, FLOAT, np.asarray(weights[name], "<f4")) for name in shapes(1, 1)]
    tensors += [_tensor(name, INT64, np.array([axis], "<i8")) for name, axis in AXES.items()]
    graph = (
        parts(GRAPH_NODE, map(_node, NODES)),
        part(GRAPH_NAME, b"candidate-scorer"),
        parts(GRAPH_TENSOR, tensors),
        part(GRAPH_INPUT, part(1, INPUT.encode()), part(2, _type((100, FEATURES)))),
        part(GRAPH_OUTPUT, part(1, OUTPUT.encode()), part(2, _type((101,)))),
    )
    entries = (part(1, key.encode()) + part(2, value.encode()) for key, value in metadata.items())
    model = (
        number(MODEL_IR, IR_VERSION),
        part(MODEL_PRODUCER, b"jpegqf"),
        part(MODEL_GRAPH, *graph),
        part(MODEL_OPSET, number(2, OPSET)),
        parts(MODEL_METADATA, entries),
    )
    return b"".join(model)


def _node(node: Node) -> bytes:
    return b"".join(
        (
            parts(NODE_INPUT, (name.encode() for name in node.inputs)),
            part(NODE_OUTPUT, node.output.encode()),
            part(NODE_OPERATOR, node.operator.encode()),
            parts(NODE_ATTRIBUTE, _attributes(node)),
        )
    )


def _attributes(node: Node) -> list[bytes]:
    return sorted(part(1, name.encode()) + _attribute(value) for name, value in node.attributes.items())


def _attribute(value: Attribute) -> bytes:
    """Value and type of an attribute, in the order of field numbers in which protobuf's own writers put them."""
    if isinstance(value, tuple):
        return b"".join(number(8, item) for item in value) + number(20, 7)
    if isinstance(value, str):
        return part(4, value.encode()) + number(20, 3)
    if isinstance(value, float):
        return b"\x15" + struct.pack("<f", value) + number(20, 1)  # field 2, four bytes wide
    return number(3, value) + number(20, 2)


def _tensor(name: str, kind: int, values: NDArray[np.float32] | NDArray[np.int64]) -> bytes:
    sizes = b"".join(number(TENSOR_SIZE, size) for size in values.shape)
    return sizes + number(TENSOR_TYPE, kind) + part(TENSOR_NAME, name.encode()) + part(TENSOR_CONTENT, values.tobytes())


def _type(shape: tuple[int, ...]) -> bytes:
    """ONNX's type of float32 (n, ``shape``)."""
    dims = [part(2, b"n"), *(number(1, size) for size in shape)]
    return part(1, number(1, FLOAT), part(2, parts(1, dims)))

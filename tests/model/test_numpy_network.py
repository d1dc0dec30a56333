import math

import numpy as np
import pytest

from conftest import PTH
from jpegqf.arrays import F32
from jpegqf.evidence.settings import FEATURES
from jpegqf.model.checkpoint import load_model
from jpegqf.model.config import Width
from jpegqf.model.numpy_network import NumpyNetwork, gelu, shapes


def drawn(hidden: int, score: int) -> dict[str, F32]:
    rng = np.random.default_rng(1)
    drawn = {
        name: rng.normal(0, 1, shape) / np.sqrt(np.prod(shape[1:])) for name, shape in shapes(hidden, score).items()
    }
    return {
        name: np.asarray(value if name != "deviation" else np.abs(value) + 1, "f4") for name, value in drawn.items()
    }


def evidence(count: int, spread: float = 1.0) -> F32:
    return np.random.default_rng(2).normal(0, spread, (count, 100, FEATURES)).astype(np.float32)


def test_gelu_is_that_of_math_erf() -> None:
    x = np.concatenate([np.linspace(-12, 12, 48_001), [-1e18, 1e18]]).astype(np.float32)
    exact = np.array([value * (1 + math.erf(value / math.sqrt(2))) / 2 for value in x.tolist()])
    assert (np.abs(gelu(x.copy()) - exact) / np.maximum(np.abs(x), 1)).max() < 2e-7


def test_weights_are_those_of_the_network_that_is_trained() -> None:
    pytest.importorskip("torch", reason="to compare with PyTorch, it must be there")
    from jpegqf.model.network import CandidateScorer

    for hidden, score in ((3, 2), (256, 80)):
        state = CandidateScorer(Width(hidden, score)).state_dict()
        assert {name: tuple(value.shape) for name, value in state.items()} == shapes(hidden, score)


@pytest.mark.parametrize(("hidden", "score"), [(1, 1), (24, 12), (256, 80)])
def test_answers_are_those_of_pytorch(hidden: int, score: int) -> None:
    torch = pytest.importorskip("torch", reason="to compare with PyTorch, it must be there")
    from jpegqf.model.network import CandidateScorer

    network, weights = CandidateScorer(Width(hidden, score)).eval(), drawn(hidden, score)
    network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    asked = evidence(9)
    with torch.inference_mode():
        wanted = network(torch.from_numpy(asked)).numpy()
    assert np.abs(NumpyNetwork(weights)(asked) - wanted).max() < 1e-4


@pytest.mark.parametrize("spread", [0.3, 1.0, 3.0])
def test_the_bundled_weights_answer_as_by_pytorch(spread: float) -> None:
    torch = pytest.importorskip("torch", reason="to compare with PyTorch, it must be there")
    from jpegqf.model.network import CandidateScorer

    model, network = load_model(PTH, "cpu"), CandidateScorer(Width()).eval()
    network.load_state_dict(torch.load(PTH, weights_only=True)["weights"])
    asked = evidence(16, spread)
    with torch.inference_mode():
        wanted = network(torch.from_numpy(asked)).numpy()
    assert np.abs(model.run(asked) - wanted).max() < 1e-4


def test_an_answer_depends_on_nothing_else_in_the_batch() -> None:
    network, asked = NumpyNetwork(drawn(24, 12)), evidence(5)
    before = asked.copy()
    alone = np.concatenate([network(asked[i : i + 1]) for i in range(5)])
    assert np.array_equal(network(asked), alone)
    assert np.array_equal(asked, before)
    assert network(asked[:0]).shape == (0, 101)

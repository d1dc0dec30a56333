from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jpegqf.evidence.settings import FEATURES, EvidenceSettings, PatchRule
from jpegqf.jpeg.table_match import match_ijg
from jpegqf.model.checkpoint import load_model
from jpegqf.model.config import Calibrator, ModelConfig, Width
from jpegqf.pixels.grid import ALIGNED
from jpegqf.train import dataset, drawing, synthesis, views
from jpegqf.train.figures import figures_of, grid_figures, wilson
from jpegqf.train.other_tables import draw_tables


def test_samples_depend_on_the_seed_alone(photo: Image.Image) -> None:
    for seed in range(12):
        first, second = (
            synthesis.draw_sample(photo, np.random.default_rng(seed), synthesis.Shares()) for _ in range(2)
        )
        assert first.quality == second.quality
        assert np.array_equal(first.luma.plane, second.luma.plane)
        assert first.grid == second.grid


@pytest.fixture(scope="module")
def samples(cat: Image.Image) -> list[synthesis.Sample]:
    return [synthesis.draw_sample(cat, np.random.default_rng(seed), synthesis.Shares()) for seed in range(250)]


def test_drawn_qualities_cover_1_to_100(samples: list[synthesis.Sample]) -> None:
    drawn = [sample.quality for sample in samples]
    assert min(quality for quality in drawn if quality) <= 5
    assert max(drawn) >= 96
    assert 0.1 < np.mean([quality == synthesis.NEVER for quality in drawn]) < 0.3


def test_a_sample_has_a_grid_where_it_has_a_quality(samples: list[synthesis.Sample]) -> None:
    assert all((sample.grid is None) == (sample.quality == synthesis.NEVER) for sample in samples)
    assert {sample.grid == ALIGNED for sample in samples} == {True, False}
    assert any(sample.grid.turned for sample in samples if sample.grid)


def test_a_view_names_the_quality_only_on_the_right_grid(photo: Image.Image) -> None:
    rng = np.random.default_rng(3)
    shares = synthesis.Shares(
        never=0, resized=0, edited=0, cropped=1, turned=0, saved_before=0, other_tables=0, extreme=0
    )
    named = []
    for seed in range(40):
        sample = synthesis.draw_sample(photo, np.random.default_rng(seed), shares)
        view = views.draw_view(sample, PatchRule(), EvidenceSettings(), rng)
        assert view.quality in (synthesis.NEVER, sample.quality)
        named.append(view.quality != synthesis.NEVER)
    assert 0.2 < np.mean(named) < 0.8


def test_drawn_scenes_are_plain_or_busy_and_large_enough() -> None:
    scenes = [drawing.draw_scene(np.random.default_rng(seed)) for seed in range(30)]
    assert all(min(scene.size) >= synthesis.SMALLEST_SIDE and scene.mode == "RGB" for scene in scenes)
    spread = [np.asarray(scene).std() for scene in scenes]
    assert min(spread) < 20 < 50 < max(spread)


def test_softening_takes_detail_away(photo: Image.Image) -> None:
    def detail(image: Image.Image) -> float:
        return float(np.abs(np.diff(np.asarray(image.convert("L"), np.float64))).mean())

    assert all(detail(drawing.soften(photo, np.random.default_rng(seed))) < detail(photo) for seed in range(8))


def test_drawn_tables_have_an_equivalent_quality() -> None:
    rng = np.random.default_rng(0)
    kinds = set()
    for _ in range(60):
        (luma, chroma), quality = draw_tables(rng)
        assert luma.shape == chroma.shape == (64,)
        assert 1 <= luma.min() <= luma.max() <= 255
        found = match_ijg(luma)
        assert found.quality == quality
        kinds.add(found.kind)
    assert "equivalent" in kinds


def make_scenes(folder: Path, photo: Image.Image) -> None:
    folder.mkdir()
    for i in range(40):
        photo.crop((8 * i, 0, 8 * i + 160, 160)).save(folder / f"scene{i:02d}.png")
    (folder / "broken.txt").write_text("no image")


def test_scenes_of_one_group_stay_on_one_side(tmp_path: Path, photo: Image.Image) -> None:
    make_scenes(tmp_path / "d", photo)
    lines = [f"scene{i:02d}.png,group{i // 4}" for i in range(40)]
    (tmp_path / "d" / "manifest.csv").write_text("file,group\n" + "\n".join(lines) + "\n")
    scenes = dataset.find_scenes(tmp_path / "d", held_out_share=0.4)
    sides = [{int(path.stem[5:]) // 4 for path in part} for part in (scenes.fitted, scenes.held_out)]
    assert sides[0] | sides[1] == set(range(10))
    assert not sides[0] & sides[1]


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too few clean images"):
        dataset.find_scenes(tmp_path)


def test_shards_are_made_once_and_hold_evidence(
    tmp_path: Path, photo: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset, "SHARD", 5)
    make_scenes(tmp_path / "d", photo)
    scenes = dataset.find_scenes(tmp_path / "d", held_out_share=0.4)
    job = dataset.ShardJob(scenes.fitted, (0, 0, 0), dataset.PLAIN, PatchRule(), EvidenceSettings(), tmp_path / "a.npz")
    x, quality = dataset.load_shards([dataset.make_shard(job)])
    assert x.shape == (5, 100, FEATURES)
    assert np.isfinite(x).all()
    assert ((quality >= 0) & (quality <= 100)).all()
    again, _ = dataset.load_shards([dataset.make_shard(job)])
    assert np.array_equal(x, again)


def test_an_interrupted_fit_ends_like_one_that_was_not(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="training needs PyTorch")
    from jpegqf.train import fit as fitting

    rng = np.random.default_rng(0)
    quality = rng.integers(1, 101, 64)
    x = rng.normal(size=(64, 100, FEATURES)).astype(np.float16)
    x[np.arange(64), quality - 1] += 3  # the true candidate stands out: this must be learned
    recipe, losses = fitting.Recipe(epochs=6, batch=16), []

    def fit(state: Path, stop_after: int = 99) -> list[float]:
        seen: list[float] = []

        def report(epoch: int, loss: float, _: object) -> None:
            seen.append(loss)
            if epoch == stop_after:
                raise KeyboardInterrupt

        data = (x, quality)
        network = fitting.fit(data, data, Width(16, 8), recipe, state, "cpu", report)
        losses.append(fitting.log_probabilities(network, x))
        return seen

    whole = fit(tmp_path / "whole.pt")
    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path / "part.pt", stop_after=3)
    rest = fit(tmp_path / "part.pt")
    assert whole[3:] == pytest.approx(rest, rel=1e-4)
    assert np.allclose(losses[0], losses[1], atol=1e-3)
    assert whole[-1] < whole[0]
    assert torch.get_num_threads() >= 1


def test_calibrator_finds_the_temperature_that_was_applied() -> None:
    pytest.importorskip("torch", reason="training needs PyTorch")
    from jpegqf.train.fit import fit_calibrator

    rng = np.random.default_rng(0)
    true = Calibrator().apply(rng.normal(size=(4000, 101)) * 3)
    quality = (np.array([rng.choice(101, p=np.exp(row)) for row in true]) + 1) % 101
    assert fit_calibrator(true * 2.5, quality).temperature == pytest.approx(2.5, rel=0.1)


def test_an_exported_file_loads_and_answers_as_the_network_does(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="training needs PyTorch")
    from jpegqf.model.network import CandidateScorer
    from jpegqf.train.export import save_pth

    torch.manual_seed(0)
    width = Width(24, 12)
    network = CandidateScorer(width).eval()
    config = ModelConfig("tiny", width, PatchRule(), EvidenceSettings(), Calibrator(1.2), {"why": "a test"})
    save_pth(network, config, tmp_path / "m.pth")
    evidence = np.random.default_rng(0).normal(size=(5, 100, FEATURES)).astype(np.float32)
    with torch.inference_mode():
        wanted = network(torch.from_numpy(evidence)).numpy()
    loaded = load_model(tmp_path / "m.pth", "cpu")
    assert loaded.config == config
    assert np.abs(loaded.log_probabilities(evidence) - wanted).max() < 1e-4


def test_figures_count_what_they_say() -> None:
    found = figures_of(np.array([50.0, 51, 48, 70]), np.array([50, 50, 50, 50]))
    assert (found.count, found.mae, found.exact) == (4, 23 / 4, 0.25)
    assert (found.within_1, found.within_2, found.within_5) == (0.5, 0.75, 0.75)


def test_grid_figures_tell_false_alarms_from_misses() -> None:
    says_none = np.log(np.array([0.9, 0.1, 0.9, 0.1]))
    rows = np.full((4, 101), np.log(1e-3))
    rows[:, 100] = says_none
    found = grid_figures(rows, np.array([0, 0, 50, 99]))
    assert found == {"false_alarms": 0.5, "detected_1_95": 0.0, "detected_96_100": 1.0}


def test_wilson_interval_holds_the_share() -> None:
    low, high = wilson(0.99, 1000)
    assert low == pytest.approx(0.98175, abs=1e-4)
    assert high == pytest.approx(0.99455, abs=1e-4)

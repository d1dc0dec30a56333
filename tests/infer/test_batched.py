import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path
from subprocess import PIPE, Popen
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image

from conftest import MakeJpeg
from jpegqf.arrays import F32
from jpegqf.errors import DeviceError
from jpegqf.evidence.features import GatheredBlocks
from jpegqf.evidence.settings import EvidenceSettings
from jpegqf.infer import batched, command
from jpegqf.infer.batched import beside_model, predict_in_batches
from jpegqf.infer.predict import Issue
from jpegqf.infer.predict import predict_files as one_after_another
from jpegqf.limits import MAX_PIXELS
from jpegqf.model.loaded import Model
from jpegqf.model.prediction import Prediction
from jpegqf.model.predictor import Predictor, one_by_one


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, jpeg: MakeJpeg) -> Path:
    """Sound JPEGs and pixels that were JPEGs, a broken file, an empty one, a small one, a folder, a name not UTF-8."""
    place = tmp_path_factory.mktemp("images")
    for quality in (30, 60, 95):
        (place / f"{quality}.jpg").write_bytes(jpeg(quality))
    (place / "40-broken.jpg").write_bytes(jpeg(40)[:5000])
    (place / "50-empty.jpg").write_bytes(b"")
    (place / "55-folder.jpg").mkdir()
    (place / os.fsdecode(b"70-\xff.jpg")).write_bytes(jpeg(70))
    for quality in (35, 65):
        Image.open(place / "95.jpg").save(place / f"{quality}.png")  # too fine for few blocks
    Image.open(place / "30.jpg").crop((0, 0, 90, 300)).save(place / "36-small.png")
    return place


def paths_in(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.iterdir())


def counted(predictor: Predictor) -> tuple[Predictor, list[int]]:
    """The predictor, and how many images each call for evidence had."""
    sizes: list[int] = []

    def evidence(images: Sequence[GatheredBlocks], settings: EvidenceSettings) -> F32:
        sizes.append(len(images))
        return one_by_one(images, settings)

    return replace(predictor, evidence=evidence), sizes


def test_each_path_has_the_answer_it_has_alone_in_order(predictor: Predictor, folder: Path) -> None:
    paths = paths_in(folder)
    together, alone = (
        list(answers)
        for answers in (predict_in_batches(predictor, paths, MAX_PIXELS), one_after_another(predictor, paths))
    )
    assert [path for path, _ in together] == paths
    assert sum(isinstance(answer, Issue) for _, answer in alone) == 4
    for (_, batch), (_, one) in zip(together, alone, strict=True):
        if isinstance(one, Issue):
            assert batch == one
        else:
            assert isinstance(batch, Prediction)
            assert batch.rounded == one.rounded
            assert np.abs(batch.probability - one.probability).max() < 1e-3


def test_only_images_that_few_blocks_do_not_decide_are_asked_about(predictor: Predictor, folder: Path) -> None:
    counting, sizes = counted(predictor)
    list(predict_in_batches(counting, paths_in(folder), MAX_PIXELS))
    assert sum(sizes) == 2


def test_what_is_ready_is_asked_about_together(predictor: Predictor, folder: Path) -> None:
    counting, sizes = counted(predictor)
    paths = [str(folder / "35.png")] * 30
    assert len(list(predict_in_batches(counting, paths, MAX_PIXELS))) == 30
    assert sum(sizes) == 30
    assert max(sizes) >= 3


def test_a_batch_is_never_larger_than_promised_nor_waits_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batched, "MOST_ASKED", 4)
    issues = [Issue("error", str(i)) for i in range(10)]
    assert [len(batch) for batch in batched._batches(issues)] == [4, 4, 2]

    def slowly() -> Iterator[Issue]:
        for issue in issues[:3]:
            time.sleep(0.25)
            yield issue

    assert [len(batch) for batch in batched._batches(slowly())] == [1, 1, 1]


def test_closing_ends_the_processes(predictor: Predictor, folder: Path) -> None:
    answers = predict_in_batches(predictor, paths_in(folder) * 30, MAX_PIXELS)
    next(answers)
    assert active_children()
    started = time.monotonic()
    answers.close()
    assert not active_children()
    assert time.monotonic() - started < 2


def on_a_device(predictor: Predictor) -> Model:
    """The model as if it ran on a GPU."""
    return replace(predictor.model, device="cuda")


def infer(folder: Path, target: Path) -> tuple[int, bytes, bytes]:
    """Exit code, predictions and issues of ``infer.py`` on a folder."""
    files = ["--pred_csv", str(target / "p.csv"), "--issue_csv", str(target / "i.csv")]
    code = command.main(["--input", str(folder), "--exts", "jpg", "png", "--quiet", *files])
    return code, (target / "p.csv").read_bytes(), (target / "i.csv").read_bytes()


def test_infer_writes_the_same_rows_in_batches(
    predictor: Predictor, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cuda").mkdir()
    alone = infer(folder, tmp_path / "cpu")
    monkeypatch.setattr(command, "load_model", lambda *arguments: on_a_device(predictor))
    monkeypatch.setattr(batched, "beside_model", lambda predictor: counted(predictor)[0])
    batches = Mock(wraps=predict_in_batches)
    monkeypatch.setattr(batched, "predict_in_batches", batches)
    assert infer(folder, tmp_path / "cuda") == alone
    batches.assert_called_once()


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_ends_after_the_batch_in_work_with_valid_files(folder: Path, tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for i in range(2000):
        (many / f"{i:04}.png").symlink_to(folder / "35.png")
    script = (
        "import sys; from dataclasses import replace; from jpegqf.infer import batched, command\n"
        "load = command.load_model; command.load_model = lambda *given: replace(load(*given), device='cuda')\n"
        "batched.beside_model = lambda one: replace(one, evidence=lambda *given: batched.one_by_one(*given))\n"
        f"sys.exit(command.main(['--input', {str(many)!r}, '--exts', 'png', '--device', 'cpu']))"
    )
    target = tmp_path / "outputs" / "predictions.csv"
    with Popen([sys.executable, "-c", script], cwd=tmp_path, stdout=PIPE, start_new_session=True, text=True) as work:
        patience = time.monotonic() + 120
        while not (target.exists() and target.read_bytes().count(b"\n") > 5) and time.monotonic() < patience:
            time.sleep(0.05)
        os.killpg(work.pid, signal.SIGINT)  # as a terminal does: to every process of the group
        said = work.communicate(timeout=30)[0]
    rows = target.read_text(encoding="utf-8-sig").splitlines()
    assert work.returncode == 130
    assert "Interrupted" in said
    assert 5 < len(rows) < 2000
    assert all(row.endswith(f"{i:04}.png,95") for i, row in enumerate(rows[1:]))


def test_a_device_that_fails_ends_infer_with_one_line_and_the_rows_so_far(
    predictor: Predictor,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def run(evidence: F32) -> F32:
        raise DeviceError("the device failed (out of memory)")

    monkeypatch.setattr(batched, "beside_model", lambda predictor: counted(predictor)[0])
    failing = replace(on_a_device(predictor), run=run)
    monkeypatch.setattr(command, "load_model", lambda *arguments: failing)
    code, predictions, _ = infer(folder, tmp_path)
    assert code == command.BAD_CALL
    assert predictions.count(b"\n") >= 1
    assert capfd.readouterr().err == "错误 / Error: the device failed (out of memory)\n"
    assert not active_children()


def test_evidence_is_computed_beside_the_model(predictor: Predictor) -> None:
    pytest.importorskip("torch", reason="needs PyTorch: pip install '.[torch]'")
    from jpegqf.evidence.on_torch import TorchEvidence

    assert isinstance(beside_model(predictor).evidence, TorchEvidence)

"""Which distance between quantization tables names the best IJG quality for another encoder's table.

For each foreign table: the IJG quality of equal squared error and that of equal rate (bits of the quantized
coefficients) on five photographs, against the quality each metric calls nearest. Run:
``python bench/table_metric.py [FOLDER of JPEG files, whose own tables are added]``
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import skimage.data
from numpy.typing import NDArray

from jpegqf.errors import HeaderError
from jpegqf.jpeg.header import read_header
from jpegqf.jpeg.ijg import ijg_luma_all, scaled
from jpegqf.jpeg.jpegli import jpegli_table
from jpegqf.jpeg.known_tables import MOZJPEG_LUMA

F64 = NDArray[np.float64]
IJG: F64 = ijg_luma_all().astype(np.float64)
DIAGONAL = np.add.outer(np.arange(8), np.arange(8)).reshape(64)
WEIGHTS: F64 = (1 / (1 + DIAGONAL)) / (1 / (1 + DIAGONAL)).sum()

METRICS: dict[str, Callable[[F64], F64]] = {
    "mean |a - b|": lambda t: np.abs(IJG - t).mean(1),
    "rms a - b": lambda t: np.sqrt(((IJG - t) ** 2).mean(1)),
    "|sum a - sum b|": lambda t: np.abs(IJG.sum(1) - t.sum()),
    "mean |a - b| / (a + b)": lambda t: (np.abs(IJG - t) / (IJG + t)).mean(1),
    "mean |log|": lambda t: np.abs(np.log(IJG / t)).mean(1),
    "rms log": lambda t: np.sqrt((np.log(IJG / t) ** 2).mean(1)),
    "|mean log|": lambda t: np.abs(np.log(IJG / t).mean(1)),
    "weighted mean |log|": lambda t: np.abs(np.log(IJG / t)) @ WEIGHTS,
    "weighted rms log (used)": lambda t: np.sqrt(np.log(IJG / t) ** 2 @ WEIGHTS),
    "|weighted mean log|": lambda t: np.abs(np.log(IJG / t) @ WEIGHTS),
    "low 10 mean |log|": lambda t: np.abs(np.log(IJG / t))[:, DIAGONAL < 4].mean(1),
}


def foreign_tables(folder: str | None) -> dict[tuple[int, ...], bool]:
    """Tables that are not the IJG's -> whether a file of the folder has them."""
    tables: dict[tuple[int, ...], bool] = {}
    for number in range(1, 9):
        for quality in (20, 35, 50, 65, 75, 80, 85, 90, 95):
            tables[tuple(scaled(np.array(MOZJPEG_LUMA[number]), quality).tolist())] = False
    for distance in (0.5, 1.0, 1.5):
        tables[tuple(jpegli_table(distance).reshape(64).tolist())] = False
    known = {tuple(row) for row in ijg_luma_all().tolist()} | set(tables)
    for path in sorted(Path(folder).glob("*.jp*g")) if folder else []:
        try:
            luma = read_header(path.read_bytes()).luma
        except HeaderError:
            continue
        if luma and luma.bits == 8 and 0 not in luma.values and luma.values not in known:
            tables[luma.values] = True
    return tables


def coefficients() -> list[F64]:
    """Orthonormal DCT coefficients of five photographs' top left 256x256 pixels, float (blocks, 64)."""
    k = np.arange(8)
    basis = np.cos((2 * k[None] + 1) * k[:, None] * np.pi / 16) * np.where(k[:, None], 0.5, np.sqrt(0.125))
    colour = [skimage.data.astronaut(), skimage.data.chelsea(), skimage.data.coffee()]
    planes = [image[..., 1] for image in colour] + [skimage.data.camera(), skimage.data.coins()]
    found = []
    for plane in planes:
        height, width = (min(256, side // 8 * 8) for side in plane.shape)
        blocks = plane[:height, :width].astype(float).reshape(height // 8, 8, width // 8, 8).swapaxes(1, 2) - 128
        found.append((basis @ blocks @ basis.T).reshape(-1, 64))
    return found


def loss(planes: F64, table: F64) -> float:
    """Mean squared error of quantization."""
    return float(((np.round(planes / table) * table - planes) ** 2).mean())


def rate(planes: F64, table: F64) -> float:
    """Sum of log2(1 + |quantized coefficient|)."""
    return float(np.log2(1 + np.abs(np.round(planes / table))).sum())


def equivalent(measure: Callable[[F64, F64], float], images: list[F64], tables: list[F64]) -> F64:
    """IJG quality of equal measure for each table, mean over images."""
    answers = np.zeros((len(images), len(tables)))
    for row, planes in enumerate(images):
        scale = np.log([measure(planes, table) + 1e-9 for table in IJG])
        for column, table in enumerate(tables):
            answers[row, column] = 1 + np.abs(scale - np.log(measure(planes, table) + 1e-9)).argmin()
    result: F64 = answers.mean(axis=0)
    return result


def main() -> None:
    """Print one line a metric, then the metric in use by its error."""
    found = foreign_tables(sys.argv[1] if len(sys.argv) > 1 else None)
    tables, images = [np.array(table, float) for table in found], coefficients()
    of_loss, of_rate = (equivalent(measure, images, tables) for measure in (loss, rate))
    print(
        f"{len(tables)} tables, {sum(found.values())} of files; mean deviation in quality from equal loss, equal rate"
    )
    for name, metric in METRICS.items():
        named = np.array([1 + metric(table).argmin() for table in tables])
        print(f"{name:26} {np.abs(named - of_loss).mean():6.2f} {np.abs(named - of_rate).mean():6.2f}")
    used = METRICS["weighted rms log (used)"]
    errors = np.array([used(table).min() for table in tables])
    named = np.array([1 + used(table).argmin() for table in tables])
    print("error        tables, mean deviation, largest deviation")
    for low, high in ((0, 0.1), (0.1, 0.2), (0.2, 0.3), (0.3, 0.4), (0.4, 0.5), (0.5, 0.7), (0.7, 9)):
        chosen = (errors >= low) & (errors < high)
        if chosen.any():
            deviations = np.abs(named - np.stack([of_loss, of_rate]))[:, chosen]
            print(f"{low:.1f} to {high:.1f} {chosen.sum():10} {deviations.mean():8.2f} {deviations.max():8.1f}")


if __name__ == "__main__":
    main()

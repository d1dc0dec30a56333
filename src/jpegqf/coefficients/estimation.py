"""Values that depend linearly on whole numbers, some of them known -> the likeliest whole numbers.

Numbers have a normal prior each, known values normal errors: together a quadratic form, which the numbers looked for
make small. They are decided one after the other, the surest first, the likeliest beginnings kept ("K-best sphere
decoding": Guo and Nilsson, "Algorithm and implementation of the K-best sphere decoding for MIMO detection", 2006).
"""

from functools import lru_cache

import numpy as np

from jpegqf.arrays import F32, F64, I16, I32, I64
from jpegqf.evidence.dct import FORWARD

ERROR = np.float32(1 / 12)
"""Variance of a known value: it was rounded."""
DRAWN_BY = np.float32(0.5)
"""Precision with which a value is drawn to a bound that it should reach."""
DRAWN = 3
"""How often values are drawn to the bounds that they miss."""
LEAST, OF_DC = np.float32(0.01), np.float32(1e6)
"""No coefficient is impossible; DC may be anything."""


def prior_of(like: I16, livelier: float) -> F32:
    """Variance of the quantized coefficients of a block that is ``livelier`` than others, int16 (blocks, 64); (64,)."""
    out: F32 = (like.astype(np.float32) ** 2).mean(axis=0) * np.float32(livelier) + LEAST
    out[0] = OF_DC
    return out


def padding_prior(steps: I32, rows: int, columns: int) -> F64:
    """Inverse covariance of the quantized coefficients of a block of which so many rows and columns are in the image.

    Encoders repeat the last ones in the others (``jcprepct.c``), and then round coefficients to multiples of ``steps``,
    int32 (64,): their errors have a variance of 1/12 step, whatever the pixels inside were. float64 (64, 64).
    """
    padded = np.zeros((rows, columns, 8, 8))
    row, column = np.minimum(np.arange(8), rows - 1), np.minimum(np.arange(8), columns - 1)
    padded[row[:, None], column, np.arange(8)[:, None], np.arange(8)] = 1
    inside = padded.reshape(rows * columns, 64) @ FORWARD.astype(np.float64) / steps
    projection = inside.T @ np.linalg.solve(inside @ inside.T, inside)
    out: F64 = 12 * (np.eye(64) - projection)
    return out


def likeliest(basis: F32, values: F32, precision: F32, lowest: F32, highest: F32, prior: F64, kept: int) -> I16:
    """The ``kept`` likeliest sets of numbers, the best first, int16 (problems, kept, numbers).

    ``basis``: what one step of each number adds to each value, float32 (numbers, values). ``values``: known ones where
    ``precision``, the inverse of their errors' variance, is not 0; all float32 (problems, values), as are the bounds
    of the others. ``prior``: what is expected of the numbers, whose mean is 0: the inverse of their covariance, float64
    (numbers, numbers).
    """
    drawn, wanted, basis = precision, values, basis.astype(np.float64)
    for _ in range(DRAWN + 1):
        weighted = basis[None] * drawn[:, None]
        form = weighted @ basis.T + prior
        right = np.einsum("pnv,pv->pn", weighted, wanted)
        mean = np.linalg.solve(form, right[..., None])[..., 0]
        estimate = mean @ basis
        missed = (precision == 0) & ((estimate < lowest) | (estimate > highest) | (drawn > 0))
        if not missed.any():
            break
        drawn = np.where(missed, DRAWN_BY, precision)
        wanted = np.where(missed, np.clip(estimate, lowest, highest), values)
    return _best_of_form(form, mean, np.einsum("pnn->pn", np.linalg.inv(form)), kept).astype(np.int16)


def likeliest_of_part(steps: I32, basis: F32, values: F32, prior: F64, kept: int) -> I16:
    """The ``kept`` likeliest quantized coefficients of blocks of which a part is known, int16 (blocks, kept, 64).

    ``steps``: int32 (64,). ``basis``: what each coefficient adds to each known value, float32 (64, values), before it
    is quantized; ``values``: float32 (blocks, values), less those without any coefficient. ``prior``: as
    :func:`likeliest` has it. The coefficients are changed to combinations of them that are nearly independent in these
    values: so the likeliest are among the few that are kept.
    """
    change = _change_of_part(steps.tobytes(), basis.tobytes())
    quantized = (steps[:, None] * basis).astype(np.float64)
    form = quantized @ quantized.T / ERROR + prior
    mean = np.linalg.solve(form, quantized @ values.T / ERROR).T
    changed = change @ form @ change.T
    variance = np.broadcast_to(np.diag(np.linalg.inv(changed)), mean.shape)
    forms = np.broadcast_to(changed, (len(mean), *form.shape))
    best = _best_of_form(forms, np.linalg.solve(change.T.astype(np.float64), mean.T).T, variance, kept)
    out: I16 = np.clip(best @ change, -(2**15), 2**15 - 1).astype(np.int16)
    return out


@lru_cache(maxsize=128)
def _change_of_part(steps: bytes, basis: bytes) -> I64:
    """The combinations for a table and a basis, of blocks whose coefficients fall with their frequency; read-only."""
    step = np.frombuffer(steps, np.int32)
    frequency = np.add.outer(np.arange(8), np.arange(8)).reshape(64)
    quantized = (step[:, None] * np.frombuffer(basis, np.float32).reshape(64, -1)).astype(np.float64)
    usual = USUAL_AC / (1 + frequency) ** 1.5 / step
    change = reduction(quantized @ quantized.T / ERROR + np.diag(1 / (usual**2 + LEAST)))
    change.flags.writeable = False
    return change


USUAL_AC = 200.0
"""Standard deviation of a coefficient of frequency 0, from which others fall off, before quantization."""


def reduction(form: F64) -> I64:
    """Combinations of a lattice's basis that are short and nearly at right angles, int64 (numbers, numbers).

    ``form``: products of the basis with itself, float64 (numbers, numbers). By the algorithm of Lenstra, Lenstra and
    Lovász, "Factoring polynomials with rational coefficients" (1982).
    """
    change, place = np.eye(len(form), dtype=np.int64), 1
    root: F64 = np.linalg.cholesky(form).astype(np.float64)
    while place < len(form):
        for before in range(place - 1, -1, -1):
            times = np.rint(root[place, before] / root[before, before])
            if times:
                root[place, : before + 1] -= times * root[before, : before + 1]
                change[place] -= int(times) * change[before]
        if np.hypot(root[place, place], root[place, place - 1]) >= SHORTER * root[place - 1, place - 1]:
            place += 1
            continue
        change[[place - 1, place]] = change[[place, place - 1]]
        _exchange(root, place)
        place = max(place - 1, 1)
    return change


SHORTER = 0.995
"""Length to which exchanging two vectors of a basis must bring the first of them to be done."""


def _exchange(root: F64, place: int) -> None:
    """Exchange a row of a triangular root with the one before, and make it triangular again by a rotation."""
    root[[place - 1, place]] = root[[place, place - 1]]
    along = np.array(root[place - 1, place - 1 : place + 1])
    cosine, sine = along / np.hypot(*along)
    turned = root[place - 1 :, place - 1 : place + 1] @ np.array([[cosine, -sine], [sine, cosine]])
    turned[1:, 1] *= np.sign(turned[1, 1])
    root[place - 1 :, place - 1 : place + 1] = turned


def _best_of_form(form: F64, mean: F64, variance: F64, kept: int) -> I64:
    """Whole numbers that make a quadratic form about ``mean`` small, int64 (problems, kept, numbers).

    ``form``: float64 (problems, numbers, numbers); ``mean`` and ``variance``: float64 (problems, numbers).
    """
    problems, count = mean.shape
    order = np.argsort(-variance, axis=1, kind="stable")  # the last one is decided first
    row = np.arange(problems)[:, None]
    root = np.linalg.cholesky(form[row[:, :, None], order[:, :, None], order[:, None]])
    centre = mean[row, order]
    off = np.zeros((problems, 1, count))  # what was decided, less its mean
    cost = np.zeros((problems, 1))
    for number in range(count - 1, -1, -1):
        scale = root[:, number, number, None]
        drift = np.einsum("pkj,pj->pk", off[:, :, number + 1 :], root[:, number + 1 :, number]) / scale
        wanted = centre[:, number, None] - drift
        nearest = np.rint(wanted)
        second = nearest + np.where(wanted >= nearest, 1, -1)
        both = np.concatenate([nearest, second], axis=1)
        costs = np.tile(cost, 2) + (scale * (both - np.tile(wanted, 2))) ** 2
        some = min(kept, costs.shape[1])
        best = np.argpartition(costs, some - 1, axis=1)[:, :some] if some < costs.shape[1] else None
        if best is None:
            best = np.broadcast_to(np.arange(costs.shape[1]), costs.shape)
        off = off[row, best % off.shape[1]]
        off[:, :, number] = both[row, best] - centre[:, number, None]
        cost = costs[row, best]
    ranked = np.argsort(cost, axis=1)
    numbers = np.empty((problems, off.shape[1], count))
    numbers[row[:, :, None], np.arange(off.shape[1])[None, :, None], order[:, None]] = (
        off[row, ranked] + centre[:, None]
    )
    return np.rint(numbers).astype(np.int64)

"""Values that depend linearly on whole numbers, some of them known -> the likeliest whole numbers.

Numbers have a normal prior each, known values normal errors: together a quadratic form, which the numbers looked for
make small. They are decided one after the other, the surest first, the likeliest beginnings kept ("K-best sphere
decoding": Guo and Nilsson, "Algorithm and implementation of the K-best sphere decoding for MIMO detection", 2006).
Where few values are known that goes astray, unless whole combinations of the numbers are decided instead: a reduced
basis of their lattice (Wübben et al., "Lattice reduction: a survey with applications in wireless communications",
2011).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from jpegqf.arrays import F32, F64, I16, I32, I64
from jpegqf.evidence.dct import FORWARD

ERROR = np.float32(1 / 12)
"""Variance of a known value: it was rounded."""
DEVIATION = float(np.sqrt(ERROR))
"""The square root of that."""
DRAWN_BY = np.float32(0.5)
"""Precision with which a value is drawn to a bound that it should reach."""
DRAWN = 3
"""How often values are drawn to the bounds that they miss."""
LEAST, OF_DC = np.float32(0.01), np.float32(1e6)
"""No coefficient is impossible; DC may be anything."""

INT16 = -32768, 32767
LARGEST_MULTIPLE = 1e5
"""Larger combinations are of a form that is all but singular, and lost in rounding: numbers are decided instead."""
MOST_LIKE = 4096
"""About how many blocks tell what is expected of others."""


def prior_of(like: I16, livelier: float) -> F32:
    """Variance of the quantized coefficients of a block that is ``livelier`` than others, int16 (blocks, 64); (64,)."""
    some = like[:: max(1, len(like) // MOST_LIKE)]
    out: F32 = (some.astype(np.float32) ** 2).mean(axis=0) * np.float32(livelier) + LEAST
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


def spread_prior(steps: I32, spread: float) -> F64:
    """Inverse covariance of the quantized coefficients of a block of which anything may be expected, float64 (64, 64).

    ``spread``: standard deviation of each coefficient before it is quantized, whatever its frequency.
    """
    out = np.diag((steps.astype(np.float64) / spread) ** 2)
    out[0, 0] = 1 / OF_DC
    return out


@dataclass(frozen=True)
class Encoded:
    """What is known of the samples that an encoder made quantized coefficients of: equations that they fulfil about.

    ``rise``: what each sample adds to each coefficient before it is rounded, (samples, numbers). ``weights``: of the
    samples in each equation, (equations, samples), whose sum is about ``wanted``, with a standard ``deviation``, both
    (equations,). All float64.
    """

    rise: F64
    weights: F64
    wanted: F64
    deviation: F64


def encoded_prior(encoded: Encoded) -> tuple[F64, F64]:
    """Inverse covariance of the quantized coefficients, float64 (numbers, numbers), and that times their mean.

    The samples are unknown but for the equations, and each coefficient is off by the rounding to whole steps alone,
    whose variance is 1/12. Samples that were white or black before are such equations: of a clipped pixel the decoder
    tells but a bound, and yet its coefficients are nearly those of a block that is 255 or 0 there.
    """
    rise, weights = encoded.rise, encoded.weights / encoded.deviation[:, None]
    of_samples = rise @ rise.T / ERROR_OF_ROUNDING + weights.T @ weights + np.diag(np.full(len(rise), LEAST_KNOWN))
    shares = np.linalg.solve(of_samples, rise / ERROR_OF_ROUNDING)
    inverse = (np.eye(rise.shape[1]) - rise.T @ shares) / ERROR_OF_ROUNDING
    pull = shares.T @ (weights.T @ (encoded.wanted / encoded.deviation))
    return (inverse + inverse.T) / 2, pull


ERROR_OF_ROUNDING = 1 / 12
"""Variance of what is lost where a number is rounded to a whole one."""
LEAST_KNOWN = 1e-5
"""Inverse variance of a sample before any equation: it may be anything from 0 to 255."""


@dataclass(frozen=True)
class Known:
    """Values that are known, or bounded, of several problems with one basis.

    ``basis``: what one step of each number adds to each value, float32 (numbers, values). ``values``: known ones where
    ``precision``, the inverse of their errors' variance, is not 0; ``lowest`` and ``highest``: bounds of the others.
    All float32 (problems, values).
    """

    basis: F32
    values: F32
    precision: F32
    lowest: F32
    highest: F32


def likeliest(known: Known, prior: F64, kept: int) -> I16:
    """The ``kept`` likeliest sets of numbers, the best first, int16 (problems, kept, numbers).

    ``prior``: what is expected of the numbers, whose mean is 0: the inverse of their covariance, float64 (numbers,
    numbers).
    """
    return _best_of_form(*_posterior(known, prior), kept)


def likeliest_of_reduced(known: Known, prior: F64, kept: int, pull: F64 | None = None) -> I16:
    """As :func:`likeliest`, decided in a reduced basis: far more often right where few values are known.

    ``pull``: ``prior`` times the mean of the numbers, float64 (numbers,), if that is not 0. Slower: each problem of 64
    numbers takes 10 ms more, and one of 300 numbers 60 ms.
    """
    ranked = []
    for form, mean in zip(*_posterior(known, prior, pull), strict=True):
        basis, root = reduced_basis(form)
        if np.abs(basis).max() > LARGEST_MULTIPLE:
            ranked.append(_best_of_form(form[None], mean[None], kept)[0])
            continue
        sets = _decided(root[None], np.linalg.solve(basis, mean)[None], kept)[0]
        ranked.append(np.clip(np.rint(sets @ basis.T), *INT16).astype(np.int16))
    return np.stack(ranked)


def likeliest_of_part(steps: I32, basis: F32, values: F32, prior: F64, kept: int, spread: float = 0) -> I16:
    """The ``kept`` likeliest quantized coefficients of blocks of which a part is known, int16 (blocks, kept, 64).

    ``steps``: int32 (64,). ``basis``: what each coefficient adds to each known value, float32 (64, values), before it
    is quantized; ``values``: float32 (blocks, values), less those without any coefficient. ``prior``: as
    :func:`likeliest` has it; ``spread``: see ``spread_prior`` if it is one of those. Many blocks of a crop are cut
    through alike: one reduced basis serves all of them.
    """
    change = _basis_of_part(steps.tobytes(), basis.tobytes(), spread)
    whole = _root_of_part(steps, basis, prior) @ change
    inverse = np.linalg.pinv(whole)
    order = np.argsort(-(inverse**2).sum(axis=1), kind="stable")
    root = np.asarray(np.linalg.qr(whole[:, order], mode="r"))
    centre = (values / DEVIATION) @ inverse[order, : basis.shape[1]].T
    sets = _decided(np.broadcast_to(root, (len(values), *root.shape)), centre, kept)
    numbers = np.empty_like(sets)
    numbers[:, :, order] = sets
    out: I16 = np.clip(numbers @ change.T, *INT16).astype(np.int16)
    return out


def _root_of_part(steps: I32, basis: F32, prior: F64) -> F64:
    """What the coefficients add to each known value and each expectation, over their deviations: the inverse covariance
    is the product of this, float64 (values + 64, 64), with itself. ``prior``: diagonal.
    """
    told = (steps[:, None] * basis).T / DEVIATION
    return np.concatenate([told, np.diag(np.sqrt(np.diag(prior)))])


@lru_cache(maxsize=128)
def _basis_of_part(steps: bytes, basis: bytes, spread: float) -> F64:
    """The combinations for a table and a basis; of blocks whose coefficients fall with their frequency, or have the
    same ``spread`` if it is not 0. Read-only.
    """
    step = np.frombuffer(steps, np.int32)
    frequency = np.add.outer(np.arange(8), np.arange(8)).reshape(64)
    usual = USUAL_AC / (1 + frequency) ** 1.5 / step
    expected = spread_prior(step, spread) if spread else np.diag(1 / (usual**2 + LEAST))
    whole = _root_of_part(step, np.frombuffer(basis, np.float32).reshape(64, -1), expected)
    order, _ = _sorted_root(whole.T @ whole)
    change, _ = _reduced(order, np.asarray(np.linalg.qr(whole[:, order], mode="r")), shortened=True)
    change.flags.writeable = False
    return change


USUAL_AC = 200.0
"""Standard deviation of a coefficient of frequency 0, from which others fall off, before quantization."""


def _posterior(known: Known, prior: F64, pull: F64 | None = None) -> tuple[F64, F64]:
    """Inverse covariance (problems, numbers, numbers) and mean (problems, numbers) of numbers, float64."""
    drawn, wanted, basis = known.precision, known.values, known.basis.astype(np.float64)
    for _ in range(DRAWN + 1):
        weighted = basis[None] * drawn[:, None]
        form = weighted @ basis.T + prior
        right = np.einsum("pnv,pv->pn", weighted, wanted) + (0 if pull is None else pull)
        mean = np.linalg.solve(form, right[..., None])[..., 0]
        estimate = mean @ basis
        missed = (known.precision == 0) & ((estimate < known.lowest) | (estimate > known.highest) | (drawn > 0))
        if not missed.any():
            break
        drawn = np.where(missed, DRAWN_BY, known.precision)
        wanted = np.where(missed, np.clip(estimate, known.lowest, known.highest), known.values)
    return form, mean


MOST_EXCHANGES = 200
"""Exchanges for each number: some 10 are usual; rounding errors must not keep it going."""
MANY_TIMES = 2
"""Times one combination holds another from which on it is reduced by all before, or numbers would grow without end."""
SHORTER = 0.75
"""Two combinations are exchanged where that makes the square of the first one's length shorter by this factor."""


def reduced_basis(form: F64) -> tuple[F64, F64]:
    """Whole combinations of numbers that a quadratic form keeps apart best, the first to be orthogonalized first.

    ``form``: positive definite, float64 (numbers, numbers). Returns the combinations, whole, as columns, and the upper
    triangular factor of the form in them, both float64 (numbers, numbers). The algorithm of Lenstra, Lenstra and
    Lovász ("Factoring polynomials with rational coefficients", 1982), but for the size reduction that changes no
    length, from the numbers in sorted order on, which makes it 3 to 8 times faster (Wübben et al., "MMSE extension of
    V-BLAST based on sorted QR decomposition", 2003). FLINT's takes longer: the numbers must be made Python's.
    """
    return _reduced(*_sorted_root(form))


def _reduced(order: I64, root: F64, shortened: bool = False) -> tuple[F64, F64]:
    """As :func:`reduced_basis` of a form whose factor for the numbers in this order is ``root``, which is changed.

    ``shortened``: each combination that holds any before it many times is reduced by all of them, and not only one that
    holds the last before it many times: where few values are known, multiples would outgrow float64.
    """
    count = len(root)
    basis = np.eye(count)[order].T.copy()
    place, left = 1, MOST_EXCHANGES * count
    while place < count and left:
        before = place - 1
        length = root[before, before]
        times = round(root[before, place] / length)
        if abs(times) >= MANY_TIMES or (shortened and _is_long(root, place)):
            _shorten(basis, root, place)
        elif times:
            root[:place, place] -= times * root[:place, before]
            basis[:, place] -= times * basis[:, before]
        low, high = root[before, place], root[place, place]
        exchanged = low * low + high * high
        if exchanged >= SHORTER * length * length:
            place += 1
            continue
        root[:, [before, place]], basis[:, [before, place]] = root[:, [place, before]], basis[:, [place, before]]
        turn = np.array([[low, high], [high, -low]]) / np.sqrt(exchanged)
        root[before : place + 1, before:] = turn @ root[before : place + 1, before:]
        place, left = max(1, before), left - 1
    return basis, root


def _is_long(root: F64, place: int) -> bool:
    """Whether a combination holds MANY_TIMES any of those before it."""
    return bool((np.abs(root[:place, place]) > MANY_TIMES * np.abs(root.diagonal()[:place])).any())


def _shorten(basis: F64, root: F64, place: int) -> None:
    """Take whole multiples of all combinations before one from it, so that as little as possible is left."""
    for other in range(place - 1, -1, -1):
        times = round(root[other, place] / root[other, other])
        if times:
            root[: other + 1, place] -= times * root[: other + 1, other]
            basis[:, place] -= times * basis[:, other]


LEAST_LEFT = 1e-12
"""Part of a number's square that is left over at least: less is lost in float64's rounding."""


def _sorted_root(form: F64) -> tuple[I64, F64]:
    """The upper triangular factor of a form whose numbers are sorted: each time the one with the least left over."""
    count = len(form)
    order, root, left = np.arange(count), np.zeros((count, count)), np.diag(form).copy()
    for place in range(count):
        least = place + int(np.argmin(left[place:]))
        pair = [place, least]
        order[pair], left[pair], root[:, pair] = order[pair[::-1]], left[pair[::-1]], root[:, pair[::-1]]
        row = form[order[place], order[place:]] - root[:place, place] @ root[:place, place:]
        row[0] = max(row[0], LEAST_LEFT * form[order[place], order[place]])
        root[place, place:] = row / np.sqrt(row[0])
        left[place:] -= root[place, place:] ** 2
    return order, root


def _best_of_form(form: F64, mean: F64, kept: int) -> I16:
    """Whole numbers that make a quadratic form about ``mean`` small, int16 (problems, kept, numbers).

    ``form``: float64 (problems, numbers, numbers); ``mean``: float64 (problems, numbers). The surest are decided first.
    """
    variance, row = np.einsum("pnn->pn", np.linalg.inv(form)), np.arange(len(mean))[:, None]
    order = np.argsort(-variance, axis=1, kind="stable")
    root = np.linalg.cholesky(form[row[:, :, None], order[:, :, None], order[:, None]]).astype(np.float64)
    sets = _decided(root.swapaxes(1, 2), mean[row, order], kept)
    numbers = np.empty_like(sets)
    numbers[row[:, :, None], np.arange(sets.shape[1])[None, :, None], order[:, None]] = sets
    return numbers.astype(np.int16)


def _decided(root: F64, centre: F64, kept: int) -> F64:
    """Whole numbers of which ``root`` makes vectors that are short, less their ``centre``: (problems, kept, numbers).

    ``root``: upper triangular, float64 (problems, numbers, numbers); ``centre``: float64 (problems, numbers). The last
    number is decided first.
    """
    problems, count = centre.shape
    row = np.arange(problems)[:, None]
    off = np.zeros((problems, 1, count))  # what was decided, less its centre
    cost = np.zeros((problems, 1))
    for number in range(count - 1, -1, -1):
        scale = root[:, number, number, None]
        drift = (off[:, :, number + 1 :] @ root[:, number, number + 1 :, None])[..., 0] / scale
        wanted = centre[:, number, None] - drift
        nearest = np.rint(wanted)
        second = nearest + np.where(wanted >= nearest, 1, -1)
        both = np.concatenate([nearest, second], axis=1)
        costs = np.concatenate([cost, cost], axis=1) + (scale * (both - np.concatenate([wanted, wanted], axis=1))) ** 2
        if costs.shape[1] > kept:
            best = np.argpartition(costs, kept - 1, axis=1)[:, :kept]
            off, both, cost = off[row, best % off.shape[1]], both[row, best], costs[row, best]
        else:
            off, cost = np.concatenate([off, off], axis=1), costs
        off[:, :, number] = both - centre[:, number, None]
    ranked = np.argsort(cost, axis=1)
    return np.rint(off[row, ranked] + centre[:, None])

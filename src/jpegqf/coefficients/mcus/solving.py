"""One MCU -> coefficients of all its blocks that give its pixels back.

Chroma first: sound pixels alone mostly tell it. Where too few are sound all blocks are estimated as one, and chroma is
searched from there on. With the right chroma, luma is found block by block.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from jpegqf.arrays import F32, F64, I16, Bool
from jpegqf.coefficients.estimation import Known, encoded_prior, likeliest, likeliest_of_reduced
from jpegqf.coefficients.idct import unclamped_samples
from jpegqf.coefficients.mcus.equations import (
    all_coefficients,
    chroma_of_sound_pixels,
    encoded_of,
    luma_inside,
    prior_of_all,
)
from jpegqf.coefficients.mcus.window import Window

NEVER = 0.014
"""Variance of a quantized coefficient below which it is taken to be 0, LEAST of ``estimation`` counted."""
OF_SOUND, OF_CUT_OFF, FEWEST_SOUND = 512, 4096, 8
"""Sets of coefficients of a chroma component that sound pixels are asked about, and in the end those of an MCU that is
partly beyond the image; if there are so many of them."""
RIGHT_EACH = 12
"""Right sets of each component that are combined."""
DECODED, TRIED = 32, 4
"""Estimates that are decoded, and sets of chroma coefficients for which luma is searched."""
CUT_TURNS = 3
"""How often it is told anew where luma is cut to 0 or 255."""


@dataclass(frozen=True)
class Depth:
    """How much is tried on one MCU.

    ``kept``: sets of coefficients that are estimated; ``livelier``: how lively its blocks are assumed. ``starts``: sets
    of chroma coefficients from which a search goes on at once, and ``changes``: how many steps.
    """

    kept: int
    livelier: float
    starts: int
    changes: int


Coefficients = tuple[I16, I16]
"""Of the luma blocks, int16 (blocks, 64), and of both chroma blocks, (2, 64)."""
Ranking = Callable[[Known, F64, int], I16]
"""What ranks sets of coefficients, one of ``estimation``'s."""


def solved(window: Window, depth: Depth, variance: F32, but: frozenset[bytes] = frozenset()) -> Coefficients | None:
    """Coefficients that give back all trusted pixels, or None if none are found.

    ``variance``: of the coefficients of luma, Cb and Cr, float32 (3, 64). ``but``: chroma coefficients that are not to
    be found, as bytes.
    """
    wide = np.concatenate([np.tile(variance[0], len(window.luma_numbers)), variance[1], variance[2]])
    tried = set(but)
    for sets in _simple(window, wide):
        for chroma in _new(sets, tried):
            luma = window.luma_for(chroma)
            if luma is not None:
                return luma, chroma
    used = wide > NEVER
    used[:-128] &= np.repeat(luma_inside(window), 64)
    starts = []
    for sets in _estimated(window, used, wide, depth):
        luma_sets, chroma_sets = _split(sets[:DECODED], used)
        for number in np.flatnonzero(window.are_right(luma_sets, chroma_sets)).tolist():
            if chroma_sets[number].tobytes() not in but:
                return luma_sets[number], chroma_sets[number]
        starts.append(chroma_sets)
    own = window.draft.chroma[:, window.number][None]
    free = used.reshape(-1, 64)[-2:]
    for chroma in _new(_descended(window, np.concatenate([own, *starts]), free, depth), tried):
        luma = window.luma_for(chroma)
        if luma is not None:
            return luma, chroma
    return None


def _simple(window: Window, variance: F32) -> Iterator[I16]:
    """Chroma, int16 (sets, 2, 64), that is found alone: none, where hardly any pixel is sound; that of sound pixels."""
    if np.count_nonzero(window.sound & window.trusted) < FEWEST_SOUND:
        none = np.zeros((1, 2, 64), np.int16)
        yield none[window.chroma_cost(none) == 0]
    if not window.is_cut_off:
        yield _of_sound_pixels(window, variance, likeliest)
    yield _of_sound_pixels(window, variance, likeliest_of_reduced)
    if window.is_cut_off:
        yield _of_sound_pixels(window, variance, likeliest_of_reduced, OF_CUT_OFF)


def _new(every: I16, tried: set[bytes]) -> Iterator[I16]:
    """At most TRIED of the sets, (sets, 2, 64), that were not tried, which they are then."""
    new = [chroma for chroma in every if chroma.tobytes() not in tried]
    for chroma in new[:TRIED]:
        tried.add(chroma.tobytes())
        yield chroma


def _of_sound_pixels(window: Window, variance: F32, ranking: Ranking, kept: int = OF_SOUND) -> I16:
    """Chroma, int16 (sets, 2, 64), that gives back chroma at all sound pixels and leaves luma at the others.

    Sets whose samples are those that the pixels around prove come first: neighbours then find theirs.
    """
    sound, found = window.sound & window.trusted, []
    if np.count_nonzero(sound) < FEWEST_SOUND:
        return np.empty((0, 2, 64), np.int16)
    prior = prior_of_all(window, variance)[-128:, -128:]
    samples, proven = window.known_samples
    for component in range(2):
        part = slice(64 * component, 64 * component + 64)
        equations = chroma_of_sound_pixels(window, component)
        sets = ranking(equations.known, prior[part, part], kept)[0]
        both = np.zeros((len(sets), 2, 64), np.int16)
        both[:, component] = sets
        planes = window.chroma_pixels(both)[:, component]
        right = (planes == window.known[1 + component])[:, sound].all(axis=1)
        sets = sets[right]
        own = np.clip(unclamped_samples(sets, window.chroma_steps), 0, 255)
        unlike = ((own != samples[component]) & proven[component]).sum(axis=1)
        found.append(sets[np.argsort(unlike, kind="stable")[:RIGHT_EACH]])
    ranks = np.add.outer(np.arange(len(found[0])), np.arange(len(found[1]))).reshape(-1)
    pairs = np.stack([np.repeat(found[0], len(found[1]), axis=0), np.tile(found[1], (len(found[0]), 1))], axis=1)
    pairs = pairs[np.argsort(ranks, kind="stable")]
    return pairs[window.chroma_cost(pairs) == 0] if len(pairs) else pairs


def _estimated(window: Window, used: Bool, variance: F32, depth: Depth) -> Iterator[I16]:
    """The likeliest sets of the ``used`` coefficients, those that miss the least first, int16 (sets, numbers).

    Given several times: clipped channels were at their bounds before they were encoded, or are bounded alone; and where
    luma is cut to 0 or 255 is told from the draft, and then from the best set before.
    """
    prior = prior_of_all(window, variance)
    of_encoded, pull = encoded_prior(encoded_of(window))
    for clipped in (True, False):
        luma, seen = window.luma_around, set()
        for _ in range(CUT_TURNS):
            cut = window.own & ~window.sound & ((luma == 0) | (luma == 255))
            if cut.tobytes() in seen:
                break
            seen.add(cut.tobytes())
            equations = all_coefficients(window, used, cut)
            if clipped:
                form = (prior + of_encoded)[np.ix_(used, used)]
                sets = likeliest_of_reduced(equations.sure().known, form, depth.kept, pull[used])[0]
            else:
                sets = likeliest_of_reduced(equations.known, prior[np.ix_(used, used)], depth.kept)[0]
            sets = sets[np.argsort(equations.cost(sets), kind="stable")]
            yield sets
            luma = window.luma_pixels(_split(sets[:1], used)[0][0])
    if cut.any() and np.zeros_like(cut).tobytes() not in seen:
        equations = all_coefficients(window, used, np.zeros_like(cut))
        sets = likeliest_of_reduced(equations.known, prior[np.ix_(used, used)], depth.kept)[0]
        yield sets[np.argsort(equations.cost(sets), kind="stable")]


def _descended(window: Window, starts: I16, free: Bool, depth: Depth) -> I16:
    """Chroma coefficients (sets, 2, 64) that bring chroma back exactly, some steps in the ``free`` ones away from the
    starts; perhaps none. Several ways are followed at once.
    """
    places = np.flatnonzero(free.reshape(-1))
    moves = np.zeros((2 * len(places), 128), np.int16)
    moves[np.arange(len(places)), places], moves[np.arange(len(places), 2 * len(places)), places] = 1, -1
    states = np.unique(starts.reshape(-1, 128), axis=0)
    cost = window.chroma_cost(states.reshape(-1, 2, 64))
    seen = {state.tobytes() for state in states}
    for _ in range(depth.changes):
        best = np.argsort(cost, kind="stable")
        if cost[best[0]] == 0:
            break
        states = states[best[: depth.starts]]
        near = (states[:, None] + moves).reshape(-1, 128)
        states = near[[number for number, state in enumerate(near) if state.tobytes() not in seen]]
        if not len(states):
            return states.reshape(-1, 2, 64)
        cost = window.chroma_cost(states.reshape(-1, 2, 64))
        kept = np.argsort(cost, kind="stable")[: 4 * depth.starts]
        states, cost = states[kept], cost[kept]
        seen.update(state.tobytes() for state in states)
    out: I16 = states[cost == 0].reshape(-1, 2, 64)
    return out


def _split(sets: I16, used: Bool) -> tuple[I16, I16]:
    """Sets of the used coefficients as blocks of luma (sets, blocks, 64) and of chroma (sets, 2, 64)."""
    every = np.zeros((len(sets), len(used)), np.int16)
    every[:, used] = sets
    blocks = every.reshape(len(sets), -1, 64)
    return blocks[:, :-2], blocks[:, -2:]

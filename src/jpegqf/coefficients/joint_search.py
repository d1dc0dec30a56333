"""The MCUs of a draft that do not come back -> searched one after the other, each with what its neighbours tell.

Pixels between two MCUs depend on both. A pixel inside of an MCU that differs shows that this one is wrong; one between
two shows that one of them is. So MCUs are searched against all neighbours that are not wrong inside, and if that fails,
against those alone that show no wrong pixel. At an end of the image MCUs may have no pixel inside: these are trusted as
long as they show no wrong pixel at all, and then tried with trust as well.
"""

import time

import numpy as np

from jpegqf.arrays import F32, U8, Bool
from jpegqf.coefficients.draft import Draft
from jpegqf.coefficients.estimation import prior_of
from jpegqf.coefficients.mcus.solving import Depth, solved
from jpegqf.coefficients.mcus.window import Window, inner_pixels
from jpegqf.pixels.chroma import chroma_of

DEPTHS = (Depth(32, 4, 4, 6), Depth(128, 1, 12, 12), Depth(128, 30, 12, 12))
"""What is tried one after the other."""
MOST_CLEAN, MOST_CLEAN_SHARE = 12, 0.5
"""MCUs among known pixels alone that may be wrong in any image, and the share of them that may be."""
MOST_FAILED = 100
"""How many more searches may fail than find something."""
MOST_FOUND = 6
"""How many coefficients are found for an MCU whose neighbours stay the same."""
MOST_PASSES = 8
"""Most passes over the MCUs that are wrong, with one depth."""


class JointSearch:
    """Searches the MCUs of one draft whose pixels differ from those of the image."""

    def __init__(self, draft: Draft, pixels: U8, until: float = float("inf")) -> None:
        """``until``: when it ends whatever is found, on the monotonic clock."""
        self._draft, self._pixels, self._until = draft, pixels, until
        self._wrong = draft.wrong(pixels)
        self._shown = draft.layout.mcus_of(self._wrong)
        """MCUs that have wrong pixels, bool (rows, columns)."""
        inner = inner_pixels(draft.layout)
        self._without_inner = ~draft.layout.mcus_of(inner & draft.layout.given)
        """MCUs, at an end of the image, all of whose pixels depend on neighbours too, bool (rows, columns)."""
        self._inside = draft.layout.mcus_of(self._wrong & inner) | (self._shown & self._without_inner)
        """MCUs that are wrong whatever their neighbours are, or may be as well as these, bool (rows, columns)."""
        self._variances: dict[float, F32] = {}
        self._failed: set[tuple[object, ...]] = set()
        """What was asked, and is not to be asked again."""
        self._found: dict[tuple[object, ...], set[bytes]] = {}
        self._left = MOST_FAILED

    @property
    def is_hopeless(self) -> bool:
        """Whether so many MCUs are wrong though no pixel of them and around them is unknown that it is no JPEG's."""
        layout = self._draft.layout
        unknown = ~(chroma_of(self._pixels)[1] & layout.given)
        clean = ~and_next(layout.mcus_of(unknown))
        wrong = int(np.count_nonzero(self._shown & clean))
        return wrong > max(MOST_CLEAN, int(MOST_CLEAN_SHARE * np.count_nonzero(clean)))

    def run(self) -> int:
        """Search until nothing more is found; returns how many MCUs are still wrong."""
        for depth in DEPTHS:
            for number in range(MOST_PASSES):
                if not self._wrong.any() or self._left <= 0 or not self._pass(depth, backwards=number % 2 == 1):
                    break
        return int(np.count_nonzero(self._shown))

    def _pass(self, depth: Depth, backwards: bool) -> bool:
        """Try all MCUs that may be wrong, those with the fewest unknown pixels first; whether any is changed."""
        changed = False
        for row, column in self._suspects(backwards):
            if self._left <= 0 or time.monotonic() > self._until:
                self._left = 0
                break
            if not self._reaches_wrong_pixels(row, column):
                continue
            if self._solve_luma((row, column)):
                changed = True
                continue
            for distrusted in (self._inside, self._inside & ~self._without_inner, self._shown):
                if self._solve((row, column), distrusted, depth):
                    changed = True
                    break
        return changed

    def _suspects(self, backwards: bool) -> list[tuple[int, int]]:
        """Places of MCUs whose chroma reaches wrong pixels: first those that have them inside, then those that have
        any; of these first those of the fewest unknown pixels.
        """
        layout = self._draft.layout
        reached = layout.mcus_of(and_next(self._wrong))
        places = np.argwhere(reached)
        down, across = 8 * layout.sampling.down, 8 * layout.sampling.across
        unknown = np.array(
            [
                np.count_nonzero(
                    ~chroma_of(self._pixels[row * down : (row + 1) * down, column * across : (column + 1) * across])[1]
                )
                for row, column in places
            ]
        )
        order = np.lexsort((-unknown if backwards else unknown, ~self._shown[reached], ~self._inside[reached]))
        return [(int(row), int(column)) for row, column in places[order]]

    def _reaches_wrong_pixels(self, row: int, column: int) -> bool:
        """Whether pixels of an MCU, or next to it, are still wrong."""
        sampling = self._draft.layout.sampling
        top, left = 8 * sampling.down * row, 8 * sampling.across * column
        rows = slice(max(0, top - 1), top + 8 * sampling.down + 1)
        return bool(self._wrong[rows, max(0, left - 1) : left + 8 * sampling.across + 1].any())

    def _solve(self, place: tuple[int, int], distrusted: Bool, depth: Depth) -> bool:
        """Search one MCU, unless that failed before with the same neighbours; returns whether it was changed.

        What was found before with the same neighbours did not suit them: it is not found again.
        """
        window = Window(self._draft, self._pixels, place, distrusted, self._shown)
        asked = (place, window.trusted.tobytes(), window.samples_around.tobytes())
        if (depth, asked) in self._failed:
            return False
        before = self._found.setdefault(asked, set())
        found = solved(window, depth, self._variance(depth.livelier), frozenset(before))
        if found is None or len(before) >= MOST_FOUND:
            self._failed.add((depth, asked))
        if found is None:
            self._left -= 1
            return False
        before.add(found[1].tobytes())
        window.take(*found, self._wrong)
        self._look_around(*place)
        self._left += len(before) == 1
        return True

    def _solve_luma(self, place: tuple[int, int]) -> bool:
        """Search luma of an MCU whose chroma suits its own pixels, with that of all around; whether it was changed.

        It was found while chroma of MCUs around was wrong, so that luma between them was unknown.
        """
        window = Window(self._draft, self._pixels, place, np.zeros_like(self._shown))
        chroma = self._draft.chroma[:, window.number].copy()
        asked = (place, chroma.tobytes(), window.samples_around.tobytes())
        if not self._shown[place] or asked in self._failed or not window.suits_own_pixels(chroma):
            return False
        self._failed.add(asked)
        luma = window.luma_for(chroma)
        if luma is None:
            return False
        window.take(luma, chroma, self._wrong)
        self._look_around(*place)
        return True

    def _look_around(self, row: int, column: int) -> None:
        """Bring what is wrong up to date for an MCU that was changed and those around it."""
        layout = self._draft.layout
        down, across = 8 * layout.sampling.down, 8 * layout.sampling.across
        for i in range(max(0, row - 1), min(layout.mcus[0], row + 2)):
            for j in range(max(0, column - 1), min(layout.mcus[1], column + 2)):
                area = np.s_[i * down : (i + 1) * down, j * across : (j + 1) * across]
                wrong = self._wrong[area]
                self._shown[i, j] = wrong.any()
                inside = self._without_inner[i, j] or (wrong & inner_pixels(layout, area)).any()
                self._inside[i, j] = self._shown[i, j] and inside

    def _variance(self, livelier: float) -> F32:
        """Variance of the coefficients of luma, Cb and Cr, float32 (3, 64); of the draft as it was at first."""
        if livelier not in self._variances:
            every = (self._draft.luma, *self._draft.chroma)
            self._variances[livelier] = np.stack([prior_of(blocks, livelier) for blocks in every])
        return self._variances[livelier]


def and_next(pixels: Bool) -> Bool:
    """Given pixels, or MCUs, bool (rows, columns), and the eight around each."""
    out = pixels.copy()
    out[1:] |= pixels[:-1]
    out[:-1] |= pixels[1:]
    tall = out.copy()
    out[:, 1:] |= tall[:, :-1]
    out[:, :-1] |= tall[:, 1:]
    return out

"""A plane -> the regions of an image that were saved as JPEG, each with its box, grid and quality.

Windows all over the image vote for a grid (``jpegqf.evidence.grid_votes``). Where the votes for one grid gather, the
blocks there name a table, and the blocks of the whole image that come back under it show how far that save reaches
(``jpegqf.inspection.reach``). What is left is asked again. The evidence of one region never adds to another's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from jpegqf.arrays import Bool
from jpegqf.errors import ImageSkippedError
from jpegqf.evidence.grid_votes import GridVotes, grid_votes
from jpegqf.inspection.pixel_table import PixelTable, with_table
from jpegqf.inspection.reach import (
    CLEAR_CONTRADICTION,
    CONTRADICTION,
    FINEST_DECISIVE,
    Box,
    Reach,
    Table,
    largest_sum,
    reach_by_table,
    reach_by_votes,
    table_of,
    table_read,
)
from jpegqf.jpeg.ijg import STEPS
from jpegqf.model.prediction import SURE, Prediction
from jpegqf.model.predictor import Predictor
from jpegqf.pixels.grid import ALIGNED, GRIDS, Grid
from jpegqf.pixels.luma import Luma
from jpegqf.tables.reading import read_table

MOST_REGIONS = 12
"""Most regions looked for in one image."""
LIKELIEST_GRIDS = 4
"""Grids with the most votes that are looked at each time."""
FEWEST_VOTES = 6
"""Fewest votes of a region."""
VOTES_BY_CHANCE = 1 / 40
"""Share of the votes that one grid gets where there is no JPEG: 1/64, and somewhat more in drawings."""
SURPRISE = 25.0
"""Natural logarithm of the odds against chance from which votes for one grid are a hint at a save."""
OTHER_VOTE, NO_VOTE, TAKEN = -0.15, -0.02, -0.1
"""What a window adds to a box of votes for one grid, where a vote for it adds 1: one for another grid, none, and one
whose region is known. A fifth of the votes for one grid are enough: at quality 98 there are no more."""
GREEN_LEAD = 1.3
"""How many times the votes of luma the green channel must give for a grid to be searched instead."""
GLANCE = 1024
"""Blocks by which a quality that few blocks decided is checked all over the image."""
MANY_VOTES = 40
"""Votes in a rectangle from which those for a grid would have gathered if it had one."""


@dataclass(frozen=True)
class FoundRegion:
    """A region that was saved as JPEG.

    ``share``: of the informative places of the image, 0-1. ``save``: number of the save; regions of one grid whose
    qualities may be the same have the same one. ``table``: as the blocks of a mixture's region show it.
    """

    box: Box
    prediction: Prediction
    share: float
    save: int = 0
    table: PixelTable | None = None

    def cut(self, luma: Luma) -> Luma:
        """The plane that the prediction comes from, luma or green, from the first whole block in the box on."""
        box, grid = self.box, self.prediction.grid
        x, y = box.x + (grid.x - box.x) % 8, box.y + (grid.y - box.y) % 8
        part = luma.crop(y, x, box.y + box.height - y, box.x + box.width - x)
        return replace(self.prediction, grid=replace(grid, x=0, y=0)).place(part)


@dataclass(frozen=True)
class FoundRegions:
    """The regions of an image, the largest first; of a single save one, the whole image.

    ``share``: of the informative places of the image, those that show a JPEG grid, 0-1. ``rest``: there are informative
    places that show none, beside regions that do.
    """

    regions: tuple[FoundRegion, ...]
    share: float
    rest: bool = False

    @property
    def saves(self) -> int:
        """Number of different saves."""
        return len({region.save for region in self.regions})

    @property
    def is_mixture(self) -> bool:
        """Whether the image is not one save all over: several saves, or one beside a rest without a grid."""
        return self.rest or self.saves > 1


def whole_image(size: tuple[int, int], prediction: Prediction) -> FoundRegions:
    """A prediction that holds for a whole image of this width and height: one region, or none if it has no grid."""
    if not prediction.has_grid:
        return FoundRegions((), 0.0)
    return FoundRegions((FoundRegion(Box(0, 0, *size), prediction, 1.0),), 1.0)


def same_save(one: Prediction, other: Prediction) -> bool:
    """Whether two regions may come from one save: the same grid, and a quality that both may have."""
    (low, high), (other_low, other_high) = one.interval(), other.interval()
    return (one.grid.x, one.grid.y) == (other.grid.x, other.grid.y) and low <= other_high and other_low <= high


def find_regions(luma: Luma, predictor: Predictor) -> tuple[Prediction, FoundRegions]:
    """The prediction of the largest region, or of the whole image, and all regions.

    ``luma`` is of no JPEG file, whose pixels have one grid all over. Raises ImageSkippedError for an image that is too
    small or flat to be judged.
    """
    height, width = luma.shape
    decided = predictor.decided(luma, own_luma=False)
    if decided and _holds_all_over(decided.plane_of(luma), decided, predictor):
        return decided, whole_image((width, height), decided)
    search = _searched(luma, predictor, by_green=decided is not None and decided.by_green)
    if search.is_mixture and not _is_one_save(search.luma, search.found[0].prediction.grid, predictor):
        regions = search.regions()
        return regions.regions[0].prediction, regions
    likely = search.found[0].prediction.grid if search.found else None
    prediction = decided or predictor.examine(luma, likely=likely)
    return prediction, whole_image((width, height), prediction)


def _holds_all_over(plane: Luma, decided: Prediction, predictor: Predictor) -> bool:
    """Whether nowhere in the image blocks contradict a quality that a few of them decided."""
    table = Table(STEPS[decided.rounded - 1])
    return (
        reach_by_table(plane, ALIGNED, table, predictor.model.config.evidence, GLANCE).contradicted()[0] < CONTRADICTION
    )


def _is_one_save(plane: Luma, grid: Grid, predictor: Predictor) -> bool:
    """Whether all of an image shows one table on this grid, and no place contradicts it.

    Regions of a save with another encoder's table can look like saves at different IJG qualities.
    """
    table = table_read(read_table(grid.place(plane)))
    if table is None:
        return False
    if grid.turned:
        table = replace(table, steps=table.steps.reshape(8, 8).T.reshape(64))
    reach = reach_by_table(plane, grid, table, predictor.model.config.evidence, GLANCE)
    return reach.contradicted()[0] < CONTRADICTION


def _searched(luma: Luma, predictor: Predictor, by_green: bool) -> "_Search":
    """All saves in an image; in its green channel where that votes for a grid more clearly than luma does."""
    green = luma.of_green()
    search = _Search(green if by_green and green else luma, predictor, by_green)
    search.run()
    if by_green or green is None or not (search.green_is_surer or search.is_mixture):
        return search
    of_green = _Search(green, predictor, by_green=True)
    if not search.green_is_surer:
        grid = search.found[0].prediction.grid
        if of_green.votes_for(grid) < GREEN_LEAD * search.votes_for(grid):
            return search
    of_green.run()
    return of_green if of_green.found else search


@dataclass
class _Search:
    """What is known so far: the saves found with their reach, and the windows that none of them explains."""

    luma: Luma
    """The plane that is searched: luma, or the green channel."""
    predictor: Predictor
    by_green: bool
    votes: GridVotes = field(init=False)
    left: Bool = field(init=False)
    found: list["_Save"] = field(default_factory=list)
    rest: bool = False
    green_is_surer: bool = False
    """Whether the green channel of blocks of a save was surer than their luma: they may code red, green and blue."""

    def __post_init__(self) -> None:
        self.votes = grid_votes(self.luma)
        self.left = self.votes.asked.copy()

    def run(self) -> None:
        """Look for all saves."""
        self.by_votes()
        if self.found:
            self.by_rests()

    def votes_for(self, grid: Grid) -> int:
        """Number of windows that vote for a grid."""
        return int(np.count_nonzero(self.votes.for_grid(grid)))

    def by_votes(self) -> None:
        """Look for saves where votes gather, as long as some do that no save explains.

        What could not be judged is asked again once the regions are known that lie in it.
        """
        doubtful = []
        for _ in range(2 * MOST_REGIONS):
            hint = max(self._hints(), key=lambda hint: hint.surprise, default=None)
            if hint is None or len(self.found) == MOST_REGIONS:
                break
            if not self._follow(hint):
                doubtful.append((hint, len(self.found)))
            self.left &= ~hint.windows
        for hint, known in doubtful:
            if known < len(self.found) < MOST_REGIONS:
                self._follow(hint)

    def _follow(self, hint: "_Hint") -> bool:
        """Whether the votes of a hint lead to a save that can be judged, which is noted."""
        reach = self._reach(hint).around([save.reach for save in self.found])
        judged = self._judged(reach.own_blocks(self.luma), reach.grid)
        if judged is None or judged.prediction.jpeg_probability < SURE or not judged.prediction.names_a_quality:
            return False
        self._accept(self._by_its_table(reach, judged.prediction), judged)
        return True

    def _hints(self) -> Iterator["_Hint"]:
        votes, voting = self.votes, self.left & (self.votes.grid >= 0)
        counts = np.bincount(votes.grid[voting], minlength=GRIDS)
        for number in np.argsort(-counts, kind="stable")[:LIKELIEST_GRIDS]:
            if counts[number] < FEWEST_VOTES:
                return
            windows = voting & (votes.grid == number)
            weights = 1.0 * windows + OTHER_VOTE * (voting & ~windows) + NO_VOTE + TAKEN * (votes.asked & ~self.left)
            _, rows, columns = largest_sum(weights)
            inside = np.zeros_like(voting)
            inside[rows, columns] = True
            windows &= inside
            surprise = _surprise(int(np.count_nonzero(windows)), int(np.count_nonzero(voting & inside)))
            if surprise >= SURPRISE:
                y, x = divmod(int(number), 8)
                yield _Hint(surprise, Grid(x, y), (rows, columns), windows)

    def _reach(self, hint: "_Hint") -> Reach:
        settings = self.predictor.model.config.evidence
        table = table_of(self.luma, self.votes, hint.grid, hint.windows, settings)
        if table is None:
            return reach_by_votes(self.votes, hint.grid, hint.box, VOTES_BY_CHANCE)
        return reach_by_table(self.luma, hint.grid, table, settings)

    def _judged(self, blocks: Luma | None, grid: Grid) -> "_Judged | None":
        """What blocks of one grid, laid out as an image, say by themselves; None if they are too few."""
        if blocks is None:
            return None
        try:
            prediction = self.predictor.examine(blocks, search=False)
            if prediction.jpeg_probability < SURE:
                turned = self.predictor.examine(blocks.transposed(), search=False)
                if turned.jpeg_probability > prediction.jpeg_probability:
                    prediction, grid = turned, replace(grid, turned=True)
        except ImageSkippedError:
            return None
        self.green_is_surer |= prediction.by_green and prediction.jpeg_probability >= SURE
        upright = blocks.transposed() if grid.turned else blocks
        told, table = with_table(replace(prediction, grid=ALIGNED, by_green=False), upright)
        return _Judged(replace(told, grid=grid, by_green=self.by_green), table)

    def _accept(self, reach: Reach, judged: "_Judged", different: bool = False) -> None:
        """Note a save, unless it is one that is known and reaches the same place; its windows are explained.

        ``different``: it is none that is known, whatever its quality may be.
        """
        same = [] if different else [known for known in self.found if same_save(judged.prediction, known.prediction)]
        if not any(reach.box.overlaps(known.reach.box) for known in same):
            number = same[0].number if same else len(self.found)
            self.found.append(_Save(reach, judged.prediction, number, judged.table))
        self.left &= ~self._explained(reach)

    def _explained(self, reach: Reach) -> Bool:
        """Windows in the box of a save that do not contradict it."""
        tops, lefts = self.votes.tops, self.votes.lefts
        return reach.box.holds(tops, lefts) & ~reach.doubted(tops, lefts)

    def by_rests(self) -> None:
        """Judge what contradicts a save that was found: another save without clear votes, or none."""
        for save in list(self.found):
            reach = save.reach
            others = [other.reach.box.grown(8) for other in self.found if other is not save]
            total, box = reach.contradicted(others)
            if total >= CONTRADICTION and not self._another_in(box, reach, others):
                self.rest |= reach.fails(others)

    def _another_in(self, box: Box, reach: Reach, others: list[Box]) -> bool:
        """Whether what contradicts a save has a grid: then it is noted as another save, or it is the same.

        So is what is too little to be judged.
        """
        judged = self._judged(reach.other_blocks(self.luma, box), reach.grid)
        if judged is None:
            return True
        on_its_grid = judged.prediction
        voting, for_it = self._votes_against(reach, others)
        if on_its_grid.jpeg_probability >= SURE:
            if on_its_grid.names_a_quality:
                self._accept(self._reach_of(on_its_grid, box), judged)
                return True
            if reach.contradicted(others)[0] < CLEAR_CONTRADICTION or not reach.fails(others):
                return True
            if voting >= MANY_VOTES and for_it <= 2 * VOTES_BY_CHANCE * voting:
                return False  # such as text, whose few different blocks may look like anything
            self._accept(self._reach_of(on_its_grid, box), judged, different=True)
            return True
        if voting >= MANY_VOTES:
            return False
        try:
            prediction = self.predictor.examine(self.luma.crop(box.y, box.x, box.height, box.width))
        except ImageSkippedError:
            return False
        grid = prediction.grid
        grid = replace(grid, x=(grid.x + box.x) % 8, y=(grid.y + box.y) % 8)
        prediction = replace(prediction, grid=grid, by_green=self.by_green)
        if not prediction.sure or any(same_save(prediction, known.prediction) for known in self.found):
            return False  # a rectangle around a save that was found shows that one
        self._accept(self._reach_of(prediction, box), _Judged(prediction, None))
        return True

    def _votes_against(self, reach: Reach, others: list[Box]) -> tuple[int, int]:
        """Votes where a save is doubted, outside of ``others``: all of them, and those for its grid."""
        tops, lefts = self.votes.tops, self.votes.lefts
        doubted = reach.doubted(tops, lefts) & (self.votes.grid >= 0)
        for other in others:
            doubted &= ~other.holds(tops, lefts)
        for_it = doubted & self.votes.for_grid(reach.grid)
        return int(np.count_nonzero(doubted)), int(np.count_nonzero(for_it))

    def _reach_of(self, prediction: Prediction, box: Box) -> Reach:
        """The reach of a save that was found in a box without votes."""
        reach = reach_by_votes(self.votes, prediction.grid, _windows_in(self.votes, box), VOTES_BY_CHANCE)
        return self._by_its_table(replace(reach, box=box), prediction)

    def _by_its_table(self, reach: Reach, prediction: Prediction) -> Reach:
        """The reach of a save by the table of its quality, where that decides and is not what told the reach."""
        if reach.side == 8 or not prediction.sure or prediction.rounded > FINEST_DECISIVE:
            return reach
        settings = self.predictor.model.config.evidence
        by_table = reach_by_table(self.luma, reach.grid, Table(STEPS[prediction.rounded - 1]), settings)
        return by_table if by_table.box.overlaps(reach.box) else reach

    @property
    def is_mixture(self) -> bool:
        """Whether there is more than one save, or one beside a rest that was never saved."""
        return bool(self.found) and (self.rest or len({save.number for save in self.found}) > 1)

    def regions(self) -> FoundRegions:
        """The saves as regions."""
        asked = max(1, int(np.count_nonzero(self.votes.asked)))
        masks = [self._explained(save.reach) & self.votes.asked for save in self.found]
        shares = [float(np.count_nonzero(mask)) / asked for mask in masks]
        found = [
            FoundRegion(self._box(save), save.prediction, share, save.number, save.table)
            for save, share in zip(self.found, shares, strict=True)
        ]
        together = float(np.count_nonzero(np.any(masks, axis=0))) / asked
        return FoundRegions(tuple(sorted(found, key=lambda region: -region.share)), together, self.rest)

    def _box(self, save: "_Save") -> Box:
        """The box of a save, around regions that lie in it."""
        return save.reach.around([other.reach for other in self.found if other is not save]).box


@dataclass(frozen=True)
class _Judged:
    """What blocks of one grid say: the prediction, and the table that they show."""

    prediction: Prediction
    table: PixelTable | None


@dataclass(frozen=True)
class _Save:
    """A save that was found: how far it reaches, what its blocks say, and its number among different saves."""

    reach: Reach
    prediction: Prediction
    number: int
    table: PixelTable | None


@dataclass(frozen=True)
class _Hint:
    """Votes that gather for one grid: a box on the lattice of windows, and the windows in it that vote for the grid."""

    surprise: float
    grid: Grid
    box: tuple[slice, slice]
    windows: Bool


def _surprise(votes: int, of: int) -> float:
    """Lower bound on -log of the probability that chance gives so many votes (Chernoff's bound on a binomial tail)."""
    share = votes / max(of, 1)
    if share <= VOTES_BY_CHANCE:
        return 0.0
    rest = (1 - share) * np.log((1 - share) / (1 - VOTES_BY_CHANCE)) if share < 1 else 0.0
    return float(of * (share * np.log(share / VOTES_BY_CHANCE) + rest))


def _windows_in(votes: GridVotes, box: Box) -> tuple[slice, slice]:
    """Rows and columns of the windows that start in a box."""
    rows, columns = (
        slice(*np.searchsorted(starts, (first, first + length)).tolist())
        for starts, first, length in ((votes.tops, box.y, box.height), (votes.lefts, box.x, box.width))
    )
    return rows, columns

"""Counts of a collection -> the sentences of its report; strangers' texts -> texts that can be looked at."""

from collections import Counter

from jpegqf.names import visible
from jpegqf.record import Status, Verdict
from jpegqf.report.aggregate import Aggregate
from jpegqf.report.association import SIGNIFICANT, Association

MEANINGS = {
    Verdict.RESAVED: "saved before at a lower quality than the header says",
    Verdict.MISMATCH: "header and pixels tell different qualities",
    Verdict.COMPOSITE: "no JPEG header; put together from different JPEG saves",
    Verdict.PARTIAL: "no JPEG header; a part was a JPEG, the rest shows no JPEG grid",
    Verdict.CONSISTENT: "header and pixels agree",
    Verdict.PIXELS_ONLY: "no JPEG header, but the pixels were a JPEG",
    Verdict.OTHER_CODEC: "no JPEG header; pixels of a lossy WebP, an AVIF or a video",
    Verdict.NO_TRACE: "never compressed, or resized or reworked since",
    Verdict.HEADER_ONLY: "the pixels tell nothing, or were not looked at",
    Verdict.UNKNOWN: "nothing can be told",
}
"""What each verdict means; those to worry about first."""
MEDIAN = 0.5
"""The quantile that half of all values do not exceed."""
WORTH_TELLING = 0.005
"""Share of re-saved images from which they are the story."""
MOST_GUESSED = 50
"""Groups above which the share of right guesses says nothing to people."""
LONGEST_SHOWN = 300
"""Characters of a name or message in the page; longer ones lose their middle."""


def shown(text: str, longest: int = LONGEST_SHOWN) -> str:
    r"""A stranger's text as one that can be looked at: what is invisible or turns the writing is told as \uNNNN."""
    return _clipped(visible(_clipped(text, 4 * longest)), longest)


def _clipped(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest // 2]}…{text[longest // 2 + 1 - longest :]}"


def share(part: float, whole: float) -> str:
    """A part in per cent that rounds neither something to nothing nor most to all."""
    percent = 100 * part / whole if whole else 0.0
    if 0 < percent < 0.1:
        return "under 0.1\u00a0%"
    if 99 < percent < 100:
        return "over 99\u00a0%"
    return f"{percent:.{0 if percent >= 9.95 or percent == 0 else 1}f}\u00a0%"


def images(number: int) -> str:
    """A number of images."""
    return f"{number:,} image{'' if number == 1 else 's'}"


def headline(found: Aggregate) -> str:
    """The one sentence that tells the story."""
    rows = found.rows
    resaved = resaved_headers(found)
    if resaved.total() > WORTH_TELLING * rows:
        header, number = resaved.most_common(1)[0]
        if header is not None and number > resaved.total() / 2:
            return f"{images(rows)}; {share(number, rows)} say {header} in the header but were saved lower before"
        return f"{images(rows)}; {share(resaved.total(), rows)} were saved before, lower than their header says"
    stories = {
        Verdict.CONSISTENT: "show one save, at the quality their header says",
        Verdict.PIXELS_ONLY: "are no JPEG files, but their pixels were JPEGs",
        Verdict.COMPOSITE: "are put together from different JPEGs",
        Verdict.PARTIAL: "were JPEGs in part, beside a rest that shows no JPEG grid",
        Verdict.OTHER_CODEC: "come from another lossy codec",
        Verdict.NO_TRACE: "show no trace of a JPEG save",
        Verdict.HEADER_ONLY: "are judged by their header alone",
        Verdict.UNKNOWN: "tell nothing about their compression",
    }
    commonest = max(stories, key=lambda verdict: found.verdicts[verdict.value])
    return f"{images(rows)}; {share(found.verdicts[commonest.value], rows)} {stories[commonest]}"


def resaved_headers(found: Aggregate) -> Counter[int | None]:
    """Re-saved images by the quality that their header says."""
    headers: Counter[int | None] = Counter()
    for (header, _, resaved), number in found.pairs.items():
        if resaved:
            headers[header] += number
    return headers


def lead(found: Aggregate) -> list[str]:
    """What comes after the headline: re-saved ones and what they lost, and what could not be judged."""
    sentences = []
    resaved = resaved_headers(found)
    if resaved:
        if resaved.total() > resaved.most_common(1)[0][1] > resaved.total() / 2:
            sentences.append(f"{share(resaved.total(), found.rows)} in all were saved before at a lower quality.")
        if found.firsts:
            lost: Counter[int] = Counter()
            for (last, first), number in found.firsts.items():
                lost[last - first] += number
            sentences.append(
                f"Where it can be read, the earlier quality is lower by {quantile(lost, MEDIAN)} in the median."
            )
    failed = {kind: found.statuses[kind.value] for kind in (Status.ERROR, Status.SKIPPED)}
    if sum(failed.values()):
        parts = {Status.ERROR: "cannot be read", Status.SKIPPED: "cannot be judged"}
        parts_in_words = [f"{images(failed[kind])} {words}" for kind, words in parts.items() if failed[kind]]
        sentences.append(" and ".join(parts_in_words) + ".")
    return sentences


def quantile(counts: Counter[int], at: float) -> int | None:
    """The smallest value that ``at`` of the counted ones do not exceed, None if there are none."""
    left = at * counts.total()
    for value in sorted(counts):
        left -= counts[value]
        if left <= 0:
            return value
    return None


def association_words(found: Association, by: str) -> tuple[str, list[str]]:
    """Heading and sentences that say how much groups differ in compression, and what follows from it."""
    p = f"p < {SIGNIFICANT}" if found.p < SIGNIFICANT else f"p = {found.p:.2f}"
    rough = " Many cells are thin, so that χ² is rough." if found.rough else ""
    figures = (
        f"Measured as association of {found.groups:,} groups with bands of quality, over {images(found.images)}: "
        f"Cramér's V {found.v:.2f} with Bergsma's correction, Cohen's w {found.w:.2f}, a {found.effect} effect; "
        f"χ² = {found.chi2:,.0f} with {found.df:,} degrees of freedom, {p}.{rough}"
    )
    guess = (
        f"Who sees nothing but the band of quality names the right group for {share(found.guess, 1)} of the images; by "
        f"chance it would be {share(found.chance, 1)}, groups weighted alike."
    )
    guesses = [guess] if found.groups <= MOST_GUESSED else []
    if found.effect == "negligible":
        return f"Compression hardly differs by {by}", [figures, *guesses]
    how = {"large": "strongly", "medium": "clearly", "small": "somewhat"}[found.effect]
    warning = (
        "If these groups are classes or sources of a training set, a model can learn the compression instead of the "
        "content, and fail on files saved in another way. Give all groups the same distribution of qualities first."
    )
    return f"Compression differs {how} by {by}", [*guesses, warning, figures]

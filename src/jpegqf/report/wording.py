"""Counts of a collection -> the sentences of its report."""

from collections import Counter

from jpegqf.record import Status, Verdict
from jpegqf.report.aggregate import Aggregate
from jpegqf.report.association import SIGNIFICANT, Association
from jpegqf.report.texts import Places, Text

WORST_FIRST = (
    Verdict.RESAVED,
    Verdict.MISMATCH,
    Verdict.COMPOSITE,
    Verdict.PARTIAL,
    Verdict.CONSISTENT,
    Verdict.PIXELS_ONLY,
    Verdict.OTHER_CODEC,
    Verdict.NO_TRACE,
    Verdict.HEADER_ONLY,
    Verdict.UNKNOWN,
)
"""The verdicts; those to worry about first."""
STORIES = (
    Verdict.CONSISTENT,
    Verdict.PIXELS_ONLY,
    Verdict.COMPOSITE,
    Verdict.PARTIAL,
    Verdict.OTHER_CODEC,
    Verdict.NO_TRACE,
    Verdict.HEADER_ONLY,
    Verdict.UNKNOWN,
)
"""Verdicts of which the commonest is the story where few images were re-saved; of equally common ones the first."""
MEDIAN = 0.5
"""The quantile that half of all values do not exceed."""
WORTH_TELLING = 0.005
"""Share of re-saved images from which they are the story."""
MOST_GUESSED = 50
"""Groups above which the share of right guesses says nothing to people."""


def share(part: float, whole: float) -> str:
    """A part in per cent that rounds neither something to nothing nor most to all."""
    percent = 100 * part / whole if whole else 0.0
    if 0 < percent < 0.1:
        return "<\u00a00.1\u00a0%"
    if 99 < percent < 100:
        return ">\u00a099\u00a0%"
    return f"{percent:.{0 if percent >= 9.95 or percent == 0 else 1}f}\u00a0%"


def images(number: int) -> Text:
    """A number of images."""
    return Text("images.one" if number == 1 else "images", {"n": f"{number:,}"})


def headline(found: Aggregate) -> Text:
    """The one sentence that tells the story."""
    rows = found.rows
    resaved = resaved_headers(found)
    if resaved.total() > WORTH_TELLING * rows:
        header, number = resaved.most_common(1)[0]
        if header is not None and number > resaved.total() / 2:
            told: Places = {"images": images(rows), "share": share(number, rows), "q": str(header)}
            return Text("headline.resaved_from", told)
        return Text("headline.resaved", {"images": images(rows), "share": share(resaved.total(), rows)})
    commonest = max(STORIES, key=lambda verdict: found.verdicts[verdict.value])
    told = {"images": images(rows), "share": share(found.verdicts[commonest.value], rows)}
    return Text(f"headline.{commonest.value}", told)


def resaved_headers(found: Aggregate) -> Counter[int | None]:
    """Re-saved images by the quality that their header says."""
    headers: Counter[int | None] = Counter()
    for (header, _, resaved), number in found.pairs.items():
        if resaved:
            headers[header] += number
    return headers


def lead(found: Aggregate) -> list[Text]:
    """What comes after the headline: re-saved ones and what they lost, and what could not be judged."""
    sentences = []
    resaved = resaved_headers(found)
    if resaved:
        if resaved.total() > resaved.most_common(1)[0][1] > resaved.total() / 2:
            sentences.append(Text("lead.resaved", {"share": share(resaved.total(), found.rows)}))
        if found.firsts:
            lost: Counter[int] = Counter()
            for (last, first), number in found.firsts.items():
                lost[last - first] += number
            sentences.append(Text("lead.lost", {"n": str(quantile(lost, MEDIAN))}))
    failed = {kind: found.statuses[kind.value] for kind in (Status.ERROR, Status.SKIPPED)}
    told = [kind for kind in failed if failed[kind]]
    places = {kind.value: images(failed[kind]) for kind in told}
    if told:
        sentences.append(Text("lead." + "_".join(kind.value for kind in told), places))
    return sentences


def quantile(counts: Counter[int], at: float) -> int | None:
    """The smallest value that ``at`` of the counted ones do not exceed, None if there are none."""
    left = at * counts.total()
    for value in sorted(counts):
        left -= counts[value]
        if left <= 0:
            return value
    return None


def association_words(found: Association, by: Text) -> tuple[Text, list[Text]]:
    """Heading and sentences that say how much groups differ in compression, and what follows from it."""
    figures: Places = {
        "groups": f"{found.groups:,}",
        "images": images(found.images),
        "v": f"{found.v:.2f}",
        "w": f"{found.w:.2f}",
        "effect": Text(f"effect.{found.effect}"),
        "chi2": f"{found.chi2:,.0f}",
        "df": f"{found.df:,}",
        "p": f"p < {SIGNIFICANT}" if found.p < SIGNIFICANT else f"p = {found.p:.2f}",
    }
    measured = Text("association.rough" if found.rough else "association.measured", figures)
    guess = Text("association.guess", {"guess": share(found.guess, 1), "chance": share(found.chance, 1)})
    guesses = [guess] if found.groups <= MOST_GUESSED else []
    heading = Text(f"association.{found.effect}", {"by": by})
    if found.effect == "negligible":
        return heading, [measured, *guesses]
    return heading, [*guesses, Text("association.warning"), measured]

"""What each condition is to reach, whether it does, and all tables together."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.conditions import tables
from bench.conditions.making import CONDITIONS
from bench.conditions.tables import CALIBRATED, Rows, Value, of, table

Figure = Callable[[Rows], Value | None]
SLICED = ("single", "png", "cropped")


@dataclass(frozen=True)
class Goal:
    """A bound on a figure of one condition's rows; ``at_least``, else at most. ``of``: the rows, if not all."""

    condition: str
    name: str
    figure: Figure
    bound: float
    at_least: bool = True
    only: Callable[[int], bool] = lambda _: True

    def measured(self, rows: Rows) -> Value | None:
        """The figure, None if there is nothing to measure."""
        return self.figure([row for row in of(rows, self.condition) if self.only(row.true_qf or 0)])

    def met(self, value: Value | None) -> bool:
        """Whether the figure itself, not its interval, keeps the bound; a figure of no answers does not."""
        if value is None:
            return False
        return value.value >= self.bound if self.at_least else value.value <= self.bound

    def asked(self) -> str:
        """The bound as a table shows it."""
        factor, unit = (1, "") if self.name.endswith("MAE") else (100, " %")
        return f"{'≥' if self.at_least else '≤'} {factor * self.bound:g}{unit}"

    def cells(self, value: Value | None) -> list[object]:
        """Name, bound, figure, and whether it is met."""
        return [self.name, self.asked(), value, "yes" if self.met(value) else "**no**"]


def _within_1(rows: Rows) -> Value | None:
    return tables.within(rows, 1)


GOALS = (
    Goal("single", "exact", tables.exact, 0.995),
    Goal("single", "Acc@1", _within_1, 0.998),
    Goal("single", "MAE", tables.mae, 0.03, at_least=False),
    Goal("png", "exact", tables.exact, 0.99),
    Goal("png", "MAE", tables.mae, 0.1, at_least=False),
    Goal("cropped", "exact", tables.exact, 0.985),
    Goal("cropped", "grid right", tables.grid_right, 0.99),
    Goal("never", "false alarms", tables.grid_found, 0.005, at_least=False),
    Goal("png", "grid seen, QF 1–95", tables.grid_found, 0.99, only=lambda quality: quality <= 95),
    Goal("png", "grid seen, QF 96–100", tables.grid_found, 0.97, only=lambda quality: quality > 95),
    Goal("small", "exact", tables.exact, 0.93),
    Goal("patch", "exact", tables.exact, 0.97),
    Goal("turned", "exact (png less a point)", tables.exact, 0.98),
    Goal("decoders", "exact", tables.exact, 0.97),
    Goal("encoders", "MAE", tables.mae, 1.5, at_least=False),
    Goal("last", "exact", tables.exact, 0.97),
    Goal("rgb", "exact", tables.exact, 0.97),
    Goal("rgb", "grid seen", tables.grid_found, 0.95),
    Goal("once", "false alarms of an earlier save", tables.twice_found, 0.005, at_least=False),
    Goal("first", "earlier save seen", tables.twice_found, 0.97),
    Goal("first", "first QF exact", tables.first_exact, 0.95),
    Goal("first", "first QF MAE", tables.first_mae, 0.5, at_least=False),
    Goal("first_shifted", "earlier save seen", tables.twice_found, 0.8),
    Goal("first_shifted", "first QF MAE", tables.first_mae, 3, at_least=False),
    Goal("resized", "given a quality", tables.answered, 0.02, at_least=False),
)
"""``turned`` is to come within one point of ``png``; :func:`_goals` puts in what that is."""
CALIBRATION = (
    Goal("", "judged", tables.judged_share, 0.99),
    Goal("", "ECE", tables.ece, 0.03, at_least=False),
    Goal("", "in the 95 % interval", tables.coverage, 0.935),
)
"""Asked of every condition with a quality to name; an ECE of all of them together of 0.01."""


def _goals(rows: Rows) -> list[Goal]:
    upright = tables.exact(of(rows, "png"))
    bound = upright.value - 0.01 if upright else 0.98
    return [
        Goal("turned", goal.name, goal.figure, round(bound, 4)) if goal.condition == "turned" else goal
        for goal in GOALS
    ]


def short_table(rows: Rows) -> str:
    """Every goal with what was measured."""
    there = {row.condition for row in rows}
    lines = []
    for goal in _goals(rows):
        if goal.condition in there:
            lines.append([goal.condition, *goal.cells(goal.measured(rows))])
    together = [row for row in rows if row.condition in CALIBRATED]
    if together:
        goal = Goal("", "calibration error", tables.ece, 0.01, at_least=False)
        lines.append(["together", *goal.cells(goal.figure(together))])
    return table("condition | figure | reach | measured | met", lines)


def brief_table(rows: Rows) -> str:
    """One line per condition with goals, no intervals; what is missed is bold."""
    lines = []
    for name, condition in CONDITIONS.items():
        part = of(rows, name)
        found = [(goal, goal.measured(rows)) for goal in _goals(rows) if goal.condition == name]
        if part and found:
            asked = "; ".join(f"{goal.name} {goal.asked()}" for goal, _ in found)
            told = [(goal.met(value), value.plain() if value else "no answers") for goal, value in found]
            measured = "; ".join(text if met else f"**{text}**" for met, text in told)
            judged = tables.judged_share(part) if name in CALIBRATED else None
            lines.append([condition.meaning, len(part), judged.plain() if judged else None, asked, measured])
    return table("files | n | judged | to reach, of judged files | measured", lines)


def calibration_table(rows: Rows) -> str:
    """The goals that every condition with a quality has."""
    lines = []
    for name in CALIBRATED:
        part = of(rows, name)
        lines += [[name, *goal.cells(goal.figure(part))] for goal in CALIBRATION if part]
    return table("condition | figure | reach | measured | met", lines)


def meanings_table(rows: Rows) -> str:
    """Each condition in words, with how many files were asked about and how many gave no answer by an error."""
    lines = []
    for name, condition in CONDITIONS.items():
        part = of(rows, name)
        if part:
            lines.append([name, condition.meaning, len(part), sum(bool(row.issue) for row in part)])
    return table("condition | what the file is | files | failed", lines)


def slices(rows: Rows) -> str:
    """The slices of those conditions that have them."""
    there = {row.condition for row in rows}
    return "\n\n".join(tables.slices_table(rows, name) for name in SLICED if name in there)


def full_tables(rows: Rows) -> dict[str, str]:
    """Every table by its title, empty ones left out."""
    made = {
        "Conditions": meanings_table(rows),
        "Goals": short_table(rows),
        "Answers": tables.answers_table(rows),
        "Judged share, calibration, intervals": calibration_table(rows),
        "Is there a grid": tables.grid_table(rows),
        "Earlier saves": tables.history_table(rows),
        "Mild edits": tables.edits_table(rows),
        "Turns, decoders, encoders": tables.variants_table(rows),
        "Readers of headers": tables.peers_table(rows),
        "Slices": slices(rows),
    }
    return {title: text for title, text in made.items() if text.count("\n") > 1}


def all_tables(rows: Rows) -> str:
    """Everything, with titles."""
    return "\n\n".join(f"## {title}\n\n{text}" for title, text in full_tables(rows).items())

"""The evaluation's pages as tables and drawings, from the figures of services/evaluation."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from services.domain.figures import Calibration
from services.domain.people import Person
from services.figures import caught as exercise_figures
from services.figures import drift, reviewers, shadow
from services.figures.proportions import wilson
from services.figures.reviewers import Kappa, Tally
from services.reading.agreement import Curve
from services.store import calibrations, exercises, reviewer_figures
from services.store import shadow as shadow_readings
from services.store.charts import Span
from services.web.views.charting import EDGE, PLOT, ROW, WIDTH, Chart, Mark, bars, grid, scale, up

MOST_ROWS = 300
MOST_BARS = 20
NONE = "–"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page is of. `by`: groups of services.figures.reviewers; `other`: the shadow engine looked at."""

    person: Person
    span: Span
    by: tuple[str, ...] = ("finding",)
    other: str = ""


def percent(share: float | None) -> str:
    """A share as people read it."""
    return NONE if share is None else f"{share * 100:.0f} %"


def interval(hits: int, count: int) -> str:
    """The 95 % interval of a share (Wilson)."""
    low, high = wilson(hits, count)
    return f"{low * 100:.0f}–{high * 100:.0f} %" if count else NONE


def number(value: float | None, digits: int = 0) -> str:
    """A figure, or a dash where there is none."""
    return NONE if value is None else f"{value:.{digits}f}"


def decisions(connection: Connection, asked: Asked) -> Chart:
    """What became of suggestions, by the groups asked for."""
    tallies = reviewers.decided(connection, asked.span, asked.by)
    groups = [name for name in reviewers.GROUPS if name in asked.by]
    rows = [_decision_row(key, tally, groups) for key, tally in tallies.items()][:MOST_ROWS]
    frequent = sorted(tallies.items(), key=lambda each: -(each[1].decided + each[1].added))[:MOST_BARS]
    values = [(tally.approved, tally.overridden, tally.added) for _, tally in frequent]
    labels = tuple(_label(key, tally, groups) for key, tally in frequent)
    return Chart(
        "decisions",
        "Decisions",
        "Suggestions approved as they were, overridden (edited or rejected), and findings put in by hand.",
        "findings",
        " and ".join(groups) or "all",
        (*groups, "decided", "approved", "acceptance", "95 % interval", "overridden", "by hand", "s per finding"),
        rows,
        ("approved", "overridden", "by hand"),
        bars(values) if values else [],
        ROW * len(values),
        labels,
        tuple(str(sum(each)) for each in values),
        texts=len(groups),
    )


def _label(key: Sequence[str], tally: Tally, groups: Sequence[str]) -> str:
    shown = [tally.name if name == "finding" else value or NONE for name, value in zip(groups, key, strict=True)]
    return " · ".join(shown) or "all"


def _decision_row(key: Sequence[str], tally: Tally, groups: Sequence[str]) -> tuple[str, ...]:
    shown = [tally.name if name == "finding" else value or NONE for name, value in zip(groups, key, strict=True)]
    figures = (str(tally.decided), str(tally.approved), percent(tally.acceptance))
    ends = interval(tally.approved, tally.decided)
    return (*shown, *figures, ends, str(tally.overridden), str(tally.added), number(tally.typical_seconds, 1))


def directions(connection: Connection, asked: Asked) -> Chart:
    """Which way suggestions were overridden."""
    tallies = reviewers.decided(connection, asked.span, ("finding",))
    counted = Counter({(t.name, *way): n for t in tallies.values() for way, n in t.directions.items()})
    rows = [(name, before, after, str(n)) for (name, before, after), n in counted.most_common(MOST_ROWS)]
    columns = ("finding", "suggested", "became", "count")
    text = "From what was suggested to what was signed, or why it was rejected; the most frequent first."
    return Chart("directions", "Overrides by direction", text, "", "", columns, rows, texts=3)


def times(connection: Connection, asked: Asked) -> Chart:
    """How long reviewers take."""
    rows = [
        (str(row.week), row.engine or NONE, row.model or NONE, number(row.first), number(row.median),
         number(row.p90), str(row.reasoning), str(row.count))
        for row in reviewer_figures.times(connection, asked.span)
    ]  # fmt: skip
    columns = ("week", "engine", "model", "s to first action", "s to Sign", "p90 s to Sign", "reasoning opened", "n")
    text = "Seconds from opening a report, medians; by the Monday of the week of signature."
    return Chart("times", "Time", text, "", "", columns, rows, texts=3)


def quest(connection: Connection, asked: Asked) -> Chart:
    """QUEST by dimension."""
    rows = [
        (row.item, str(row.week), row.engine or NONE, row.model or NONE, number(float(row.mean), 2),
         str(row.count))
        for row in reviewer_figures.ratings(connection, asked.span)
    ]  # fmt: skip
    columns = ("dimension", "week", "engine", "model", "mean of 1 to 5", "n")
    text = "What reviewers of a sample of reports think of the reading."
    return Chart("quest", "QUEST", text, "", "", columns, rows, texts=4)


def kappas(connection: Connection, asked: Asked) -> Chart:
    """How readers agree."""
    rows = [_kappa_row(each) for each in reviewers.agreement(connection, asked.span) if each.pairs][:MOST_ROWS]
    columns = ("finding", "pairs", "agreed", "Cohen's kappa", "95 % interval", "Fleiss' kappa")
    text = (
        "The signed word against that of a second reader who saw neither it nor the suggestion. The first reader saw"
        " the suggestion. Reports read twice only."
    )
    return Chart("kappa", "Agreement between readers", text, "", "", columns, rows)


def _kappa_row(each: Kappa) -> tuple[str, ...]:
    ends = f"{each.interval[0]:.2f} to {each.interval[1]:.2f}" if each.interval else NONE
    agreed = f"{each.agreed} ({percent(each.agreed / each.pairs)})"
    return each.name, str(each.pairs), agreed, number(each.cohen, 2), ends, number(each.fleiss, 2)


def drifting(connection: Connection, asked: Asked) -> Chart:
    """Rates now and before."""
    rates = drift.measure(connection, asked.span.site)
    rows = [
        ("▲ alarm" if each.alarm else "no", each.place.rate, each.place.engine, each.place.model or NONE, each.name,
         f"{percent(each.now.share)} of {each.now.count}", f"{percent(each.before.share)} of {each.before.count}",
         f"{each.q:.3f}")
        for each in rates[:MOST_ROWS]
    ]  # fmt: skip
    columns = ("alarm", "rate", "engine", "model", "finding", "last 7 days", "28 days before", "q")
    text = (
        "Override, disagreement with the rules, unsupported quotes, uncertain, and unusable answers (parse failures)."
        f" An alarm needs q under {drift.FALSE_DISCOVERIES} (Fisher's exact test, Benjamini and Hochberg over all"
        f" rows), at least {drift.FEWEST} cases, and a change of 5 points or to twice or half."
    )
    return Chart("drift", "Drift", text, "", "", columns, rows, texts=5)


def reliability(connection: Connection, asked: Asked) -> list[Chart]:
    """A plot for each curve in use."""
    rows = [row for row in calibrations.all_of_them(connection, asked.span.site) if row.retired_at is None]
    chosen = [row for row in rows if asked.span.finding in ("", row.finding_id)]
    return [_reliability(row) for row in chosen if asked.span.engine in ("", row.engine)]


def _reliability(row: Calibration) -> Chart:
    finding = row.finding_id or "all other findings"
    curve = Curve.model_validate({"id": row.id, "points": row.points})
    table, marks = [], [*grid(), Mark("diagonal", EDGE, up(0), WIDTH - 2 * EDGE, up(1) - up(0))]
    marks += _line([(_x(share), up(curve.at(share))) for share in (step / 20 for step in range(21))])
    for each in row.bins:
        share, agreed, count = each["share"], int(each["agreed"]), int(each["count"])
        low, high = wilson(agreed, count)
        marks += [
            Mark("interval", _x(share), up(high), 0, up(low) - up(high)),
            Mark("dot", _x(share), up(agreed / count)),
        ]
        table.append(
            (percent(share), percent(agreed / count), interval(agreed, count), percent(curve.at(share)), str(count))
        )
    return Chart(
        f"agreement-{row.id}",
        f"{row.engine}: {finding}",
        f"Version {row.version}, {row.method}, {row.pairs} blind second readings. Dots: how often the second"
        " reader agreed; line: what new suggestions show; dashes: the vote share itself.",
        "vote share",
        "second reader agreed",
        ("vote share", "agreed", "95 % interval", "shown as", "n"),
        table,
        (),
        marks,
        PLOT,
        scale(100, "%"),
        ends=("0 %", "100 %"),
    )


def _x(share: float) -> float:
    return EDGE + share * (WIDTH - 2 * EDGE)


def _line(points: Sequence[tuple[float, float]]) -> list[Mark]:
    return [Mark("line", x, y, x2 - x, y2 - y) for (x, y), (x2, y2) in itertools.pairwise(points)]


def versions(connection: Connection, asked: Asked) -> Chart:
    """All fits there were."""
    rows = [
        (str(row.version), row.engine, row.model or NONE, row.finding_id or "all others", row.method,
         str(row.pairs), number(row.brier.get(row.method), 4), number(row.brier.get("vote share"), 4),
         "no" if row.retired_at else "yes")
        for row in calibrations.all_of_them(connection, asked.span.site)
    ]  # fmt: skip
    columns = ("version", "engine", "model", "finding", "method", "pairs", "Brier", "Brier of vote share", "in use")
    text = "A curve applies to suggestions made after it; what was suggested or decided before keeps its figure."
    return Chart("versions", "Versions", text, "", "", columns, rows[:MOST_ROWS], texts=5)


def shadowed(connection: Connection, asked: Asked) -> list[Chart]:
    """The shadow engine beside the one reviewers saw."""
    if not asked.other:
        return []
    found = shadow.compare(connection, asked.span.site, asked.other, asked.span.days)
    return [_compared(found, asked.other), _cost(found, asked.other)]


def _compared(found: shadow.Evidence, engine: str) -> Chart:
    shown = ", ".join(sorted(found.shown)) or "the engine shown"
    kept = [each for each in found.findings.values() if each.decisions or each.missed]
    rows = [
        (each.name, str(each.decisions), percent(each.shown.right / each.decisions if each.decisions else None),
         percent(each.other.right / each.decisions if each.decisions else None), str(each.shown.flips),
         str(each.other.flips), str(each.only_shown), str(each.only_shadow), f"{each.p:.3f}",
         f"{each.found} of {each.missed}")
        for each in kept[:MOST_ROWS]
    ]  # fmt: skip
    columns = (
        "finding", "decisions", f"{shown} right", f"{engine} right", f"{shown} flips", f"{engine} flips",
        f"only {shown}", f"only {engine}", "p", "added by hand, found in the shadow",
    )  # fmt: skip
    text = (
        f"{found.reports} signed reports read by both. Reviewers saw {shown}, so these figures lean towards it:"
        f" {found.findings[''].unreviewed} findings that only {engine} asserts were put to nobody."
        " p: McNemar's exact test."
    )
    return Chart("shadow", f"{engine} in the shadow", text, "", "", columns, rows)


def _cost(found: shadow.Evidence, engine: str) -> Chart:
    whole = found.findings[""]
    sides = ((", ".join(sorted(found.shown)) or NONE, whole.shown, NONE), (engine, whole.other, str(found.failed)))
    rows = [(name, number(s.typical()[0], 2), number(s.typical()[1]), failed) for name, s, failed in sides]
    columns = ("engine", "median s a report", "median tokens a report", "unusable answers")
    return Chart("cost", "What a reading takes", "Over the same reports.", "", "", columns, rows)


def caught(connection: Connection, asked: Asked) -> list[Chart]:
    """Exercises: what was planted and who caught it. Others' results only for those who look after people."""
    rows = exercises.results(connection, asked.span.site)
    if not asked.person.may("auditor", "administrator"):
        rows = [row for row in rows if row.reader == asked.person.name]
    text = "Right: a wrong suggestion rejected or set right, an omitted finding added, a correct one approved."
    charts = []
    for key, title, by in (("kinds", "By kind", ()), ("readers", "By reader", ("reader",)),
                           ("findings", "By finding", ("finding_id",))):  # fmt: skip
        table = [
            (each.kind.replace("_", " "), *([each.reader or each.finding_id] if by else []), str(each.count),
             str(each.right), percent(each.right / each.count), interval(each.right, each.count))
            for each in exercise_figures.caught(rows, *by)
        ]  # fmt: skip
        columns = ("kind", *(name.removesuffix("_id") for name in by), "signed", "right", "share", "95 % interval")
        charts.append(Chart(key, title, text, "", "", columns, table[:MOST_ROWS], texts=1 + len(by)))
    return charts


Build = Callable[[Connection, Asked], list[Chart]]


def other_engines(connection: Connection, site: str) -> list[str]:
    """Engines that have read in the shadow."""
    return shadow_readings.engines(connection, site)


PAGES: dict[str, tuple[str, Build]] = {
    "reviewers": (
        "Reviewers",
        lambda c, asked: [make(c, asked) for make in (decisions, directions, kappas, quest, times)],
    ),
    "drift": ("Drift", lambda c, asked: [drifting(c, asked)]),
    "agreement": ("Agreement", lambda c, asked: [*reliability(c, asked), versions(c, asked)]),
    "shadow": ("Shadow", shadowed),
}
TRAINING: dict[str, tuple[str, Build]] = {"training": ("Exercises", caught)}

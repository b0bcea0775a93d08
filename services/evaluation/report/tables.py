"""The tables of a result: words and figures as they are shown, the same in every form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import fmean

from services.evaluation.compare import Comparison, Moved
from services.evaluation.costs import PERCENTILES
from services.evaluation.figures import Estimate, Figures
from services.evaluation.labels import STATUSES
from services.evaluation.pairs import Difference, Paired
from services.evaluation.result import EngineResult, Group, Result

NOTHING = "–"
KINDS = ("catalogues", "findings", "tags")


@dataclass(frozen=True)
class Table:
    """A titled table. The first column names the row; the others are figures unless `words`."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    words: bool = False
    key: str = ""


def turned(own: Table) -> Table:
    """Rows as columns: engines side by side, for a narrow terminal."""
    columns = (own.columns[0], *(row[0] for row in own.rows))
    rows = tuple((name, *(row[place] for row in own.rows)) for place, name in enumerate(own.columns) if place)
    return Table(own.title, columns, rows, own.note, own.words, own.key)


def scores(result: Result) -> Table:
    """One row an engine: what it got right, and how it was wrong."""
    return Table(
        "Scores",
        ("Engine", "Macro-F1 (95 % CI)", "Micro-F1", "Accuracy (95 % CI)", *MISTAKES.values(), "Failed reports"),
        tuple(
            (
                each.name,
                estimate(each.figures.macro_f1),
                f"{each.figures.micro_f1.value:.3f}",
                estimate(each.figures.accuracy),
                *(str(getattr(each.figures, name)) for name in MISTAKES),
                _failures(each),
            )
            for each in result.engines
        ),
        "F1 over present, absent and uncertain. Flips: present said for absent or the reverse. Invented: something "
        "said of a finding the report does not mention; missed: the reverse. Unsupported: said without a passage that "
        "carries it. A failed report counts as wrong in each of its labels.",
        key="scores",
    )


MISTAKES = {
    "polarity_flips": "Flips",
    "invented": "Invented",
    "missed": "Missed",
    "unsupported": "Unsupported",
}


def statuses(result: Result) -> Table:
    """Precision, recall and F1 of each status."""
    rows = [
        (each.name, status.value, str(own.labels), str(own.said), *map(_score, (own.precision, own.recall, own.f1)))
        for each in result.engines
        for status, own in each.figures.statuses.items()
    ]
    columns = ("Engine", "Status", "Labels", "Said", "Precision", "Recall", "F1")
    return Table("By status", columns, tuple(rows), key="statuses")


def confusion(engine: EngineResult) -> Table:
    """Labels by gold (rows) and answer (columns)."""
    names = [status.value.replace("_", " ") for status in STATUSES]
    rows = [(name, *map(str, row)) for name, row in zip(names, engine.figures.confusion, strict=True)]
    return Table(f"{engine.name}: label against answer", ("Label", *names, "failed"), tuple(rows), key="confusion")


def differences(result: Result) -> Table | None:
    """Every pair of engines; None with one engine."""
    if not result.pairs:
        return None
    return Table(
        "Differences between engines",
        (
            "Engines",
            "Δ macro-F1 (95 % CI)",
            "p",
            "q",
            "Δ accuracy (95 % CI)",
            "p",
            "q",
            "Only first / second right",
            "p",
        ),
        tuple((f"{each.a} → {each.b}", *_paired(each)) for each in result.pairs),
        "Second minus first on the same reports: paired bootstrap over reports, q adjusted for the number of pairs "
        "(Benjamini-Hochberg). Last: exact McNemar test over labels, which takes labels of one report as independent.",
        key="differences",
    )


def costs(result: Result) -> Table:
    """Tokens, time and money of a report."""
    return Table(
        "Cost of a report",
        (
            "Engine",
            "Calls",
            "Input",
            "of it cached",
            "Reasoning",
            "Answer",
            *(f"p{p} (s)" for p in PERCENTILES),
            "1,000 reports",
        ),
        tuple(
            (
                each.name,
                f"{each.costs.calls:.2f}",
                *tokens(each),
                *(seconds(each.costs.latency[p]) for p in PERCENTILES),
                money(each),
            )
            for each in result.engines
        ),
        "Mean tokens a report as the server counts them, repetitions included. Latency of a whole reading, with "
        f"{_workers(result)}. Money from the prices in engines.yaml.",
        key="costs",
    )


def verbosity(result: Result) -> Table:
    """How much there is to read, and how much was thought for it."""
    return Table(
        "Words",
        ("Engine", "Visible words", "p95", "Words of reasoning", "Reasoning / answer tokens"),
        tuple(
            (
                each.name,
                f"{each.costs.verbosity.visible:.0f}",
                f"{each.costs.verbosity.visible_p95:.0f}",
                f"{each.costs.verbosity.reasoning:.0f}",
                NOTHING if each.costs.verbosity.ratio is None else f"{each.costs.verbosity.ratio:.2f}",
            )
            for each in result.engines
        ),
        "Visible: the line a reviewer reads under each finding, and the advisories. Reasoning stays behind a key.",
        key="verbosity",
    )


def engines(result: Result) -> Table:
    """Who took part, in which versions, under which terms."""
    return Table(
        "Engines",
        (
            "Engine",
            "Model",
            "Prompt",
            "Code",
            "Catalogues",
            "Parameters",
            "Context",
            "Licence",
            "Openness",
            "Price of 1M in / cached / out",
            "Source",
        ),
        tuple(_about(each) for each in result.engines),
        words=True,
        key="engines",
    )


def repeats(result: Result) -> Table | None:
    """How far the scores moved when the same was asked again; None where it was asked once."""
    rows = tuple(_repeated(each) for each in result.engines if each.repeats)
    if not rows:
        return None
    columns = ("Engine", "Times", "Accuracy: least, mean, most", "Macro-F1: least, mean, most", "Labels changed")
    note = (
        "The same reports asked again, nothing else changed. Labels changed: mean share that was answered otherwise "
        "than the first time. The scores above are of the first time."
    )
    return Table("Repeats", columns, rows, note, key="repeats")


def _repeated(engine: EngineResult) -> tuple[str, ...]:
    own = engine.repeats
    ranges = [[each.accuracy for each in own], [each.macro_f1 for each in own]]
    shown = (f"{min(values):.3f}, {fmean(values):.3f}, {max(values):.3f}" for values in ranges)
    return (engine.name, str(len(own)), *shown, f"{fmean(each.changed for each in own[1:]):.1%}")


def failures(result: Result) -> Table | None:
    """Reports without an answer, by kind; None when there is none."""
    rows = [(each.name, kind, str(n)) for each in result.engines for kind, n in each.costs.failures.items()]
    return Table("Failures", ("Engine", "Kind", "Reports"), tuple(rows), FAILURES, key="failures") if rows else None


FAILURES = (
    "parse: the answer was not of the form asked. cut: the tokens ran out. timeout: no whole answer in time. refused: "
    "the server will not answer this. server: it broke. unread: a language the reader does not know. away: nobody "
    "answered; run the command again to ask these."
)


def groups(result: Result, kind: str) -> Table | None:
    """Micro-F1 of each group by engine; None without any.

    Micro, since one label of a status that is rare in a small group would move a macro-F1 by a third.
    """
    first = [each for each in getattr(result.engines[0], kind) if each.name]
    if not first:
        return None
    by_engine = [{each.name: each.figures for each in getattr(engine, kind)} for engine in result.engines]
    columns = [
        f"{engine.name} {what}" for engine in result.engines for what in ("micro-F1 (95 % CI)", "wrong", "flips")
    ]
    rows = tuple(
        (group.name.replace("_", " "), str(group.figures.labels), *_cells([own[group.name] for own in by_engine]))
        for group in first
    )
    return Table(
        f"By {kind.removesuffix('s')}", (kind.removesuffix("s").capitalize(), "Labels", *columns), rows, key=kind
    )


def brief(result: Result, kind: str) -> Table | None:
    """Micro-F1 of each group and its wrong labels, one column an engine; None without any group."""
    whole = groups(result, kind)
    if whole is None:
        return None
    rows = [(name, labels, *_brief(cells)) for name, labels, *cells in whole.rows]
    columns = (*whole.columns[:2], *(engine.name for engine in result.engines))
    return Table(f"{whole.title}: micro-F1, wrong labels", columns, tuple(rows))


def members(engine: EngineResult, kind: str) -> dict[str, Group]:
    """An engine's groups of a kind by name."""
    return {each.name: each for each in getattr(engine, kind)}


def compared(comparison: Comparison) -> list[Table]:
    """What changed between two results."""
    before, after = comparison.figures_before, comparison.figures_after
    rows = [
        ("macro-F1", estimate(before.macro_f1), estimate(after.macro_f1), *_difference(comparison.difference.macro_f1)),
        ("accuracy", estimate(before.accuracy), estimate(after.accuracy), *_difference(comparison.difference.accuracy)),
        ("micro-F1", _score(before.micro_f1.value), _score(after.micro_f1.value), NOTHING, NOTHING),
        *(_counted(name, title, before, after) for name, title in {**MISTAKES, "failed": "Failed labels"}.items()),
    ]
    mcnemar = comparison.difference.mcnemar
    note = (
        f"{comparison.reports} reports, {after.labels} labels in both; {comparison.left_out} labels left out. "
        f"Fixed {mcnemar.only_b}, broken {mcnemar.only_a} (McNemar p {_p(mcnemar.p)})."
    )
    title = f"{comparison.before} → {comparison.after}"
    tables = [Table(title, ("", "Before", "After", "Change (95 % CI)", "p"), tuple(rows), note)]
    for name, moved in (("Worse", comparison.worse), ("Better", comparison.better)):
        if moved:
            tables.append(
                Table(name, ("Kind", "Name", "Labels", "Fixed", "Broken", "New flips"), tuple(map(_moved, moved)))
            )
    return tables


def estimate(value: Estimate) -> str:
    """`0.972 (0.955–0.985)`."""
    return f"{value.value:.3f} ({value.low:.3f}–{value.high:.3f})"


def seconds(value: float) -> str:
    """Three significant digits."""
    return f"{value:.3g}"


def money(engine: EngineResult) -> str:
    """The cost of 1,000 reports with its currency."""
    own = engine.costs
    return NOTHING if own.per_1000 is None else f"{own.per_1000:.2f} {own.currency}"


def _score(value: float) -> str:
    return f"{value:.3f}"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _failures(engine: EngineResult) -> str:
    return str(sum(engine.costs.failures.values()))


def _difference(own: Difference) -> tuple[str, str]:
    change = own.change
    return f"{change.value:+.3f} ({change.low:+.3f} to {change.high:+.3f})", _p(own.p)


def _paired(pair: Paired) -> tuple[str, ...]:
    (f1, p_f1), (accuracy, p_accuracy) = _difference(pair.macro_f1), _difference(pair.accuracy)
    only = f"{pair.mcnemar.only_a} / {pair.mcnemar.only_b}"
    return (f1, p_f1, _p(pair.macro_f1.q), accuracy, p_accuracy, _p(pair.accuracy.q), only, _p(pair.mcnemar.p))


def tokens(engine: EngineResult) -> Iterator[str]:
    """Input, cached, reasoning, answer; "about" where the server does not say which were reasoning."""
    own = engine.costs.tokens
    about = "about " if own.estimated else ""
    counted = (f"{value:,.0f}" for value in (own.input, own.cached))
    return chain(counted, (f"{about}{value:,.0f}" for value in (own.reasoning, own.answer)))


def _workers(result: Result) -> str:
    asked = {each.costs.workers for each in result.engines}
    return "one report at a time" if asked == {1} else f"up to {max(asked)} reports asked at once (rules: one)"


def _about(engine: EngineResult) -> tuple[str, ...]:
    about, versions = engine.about, engine.versions
    price = about.price
    cached = price and (price.input if price.cached is None else price.cached)
    return (
        engine.name,
        versions.model or NOTHING,
        versions.prompt or NOTHING,
        f"{versions.package} {versions.code}",
        versions.catalogues or NOTHING,
        ", ".join(f"{name} {value}" for name, value in versions.parameters.items() if name != "model") or NOTHING,
        f"{about.context_window:,}" if about.context_window else NOTHING,
        about.licence or NOTHING,
        about.openness or NOTHING,
        f"{price.input:g} / {cached:g} / {price.output:g} {price.currency}" if price else NOTHING,
        about.source or NOTHING,
    )


def _brief(cells: Sequence[str]) -> Iterator[str]:
    for place in range(0, len(cells), 3):
        yield f"{cells[place].split()[0]}, {cells[place + 1]}"


def _cells(figures: Sequence[Figures]) -> Iterator[str]:
    for own in figures:
        wrong = own.labels - sum(own.confusion[place][place] for place in range(len(STATUSES)))
        yield from (estimate(own.micro_f1), str(wrong), str(own.polarity_flips))


def _counted(name: str, title: str, before: Figures, after: Figures) -> tuple[str, ...]:
    was, now = getattr(before, name), getattr(after, name)
    return (title.lower(), str(was), str(now), f"{now - was:+d}", NOTHING)


def _moved(moved: Moved) -> tuple[str, ...]:
    name = moved.name.replace("_", " ") or NOTHING
    return (moved.kind, name, str(moved.labels), str(moved.fixed), str(moved.broken), str(moved.new_flips))

"""A result in Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from services.evaluation.deciding import decisions
from services.evaluation.report import tables
from services.evaluation.report.model_table import models
from services.evaluation.report.tables import Table
from services.evaluation.result import Result


def markdown(result: Result) -> str:
    """The whole result, every table."""
    return "\n\n".join([_heading(result), *_decided(result), *map(table, all_tables(result))]) + "\n"


def all_tables(result: Result) -> Iterator[Table]:
    """Every table there is something for, in reading order."""
    found = [
        tables.scores(result),
        tables.failures(result),
        tables.differences(result),
        tables.repeats(result),
        tables.statuses(result),
        *map(tables.confusion, result.engines),
        tables.costs(result),
        tables.verbosity(result),
        *(tables.groups(result, kind) for kind in tables.KINDS),
        models(result),
        tables.engines(result),
    ]
    return (each for each in found if each is not None)


def table(own: Table) -> str:
    """A heading, the table, its note."""
    head = _row(own.columns)
    rule = _row(["---" if own.words or place == 0 else "---:" for place in range(len(own.columns))])
    body = "\n".join([head, rule, *map(_row, own.rows)])
    return f"## {own.title}\n\n{body}" + (f"\n\n{own.note}" if own.note else "")


def _decided(result: Result) -> Iterator[str]:
    if said := decisions(result):
        yield "\n".join(["## Decision", "", *(f"- {each}" for each in said)])


def _row(cells: tuple[str, ...] | list[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def _heading(result: Result) -> str:
    data = result.data
    origins = ", ".join(f"{count} {origin.value}" for origin, count in data.origins.items())
    return (
        f"# Evaluation on {data.name}\n\n{data.reports} reports ({origins}), {data.labels:,} labels; content "
        f"{data.digest}. Intervals: {result.resamples:,} bootstrap resamples of reports, seed {result.seed}."
    )

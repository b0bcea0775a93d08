"""A result in the terminal: the tables that fit there."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from services.evaluation.compare import Comparison
from services.evaluation.deciding import decisions
from services.evaluation.report import tables
from services.evaluation.report.tables import Table, turned
from services.evaluation.result import Result
from services.evaluation.whole_scores import Mistake


def show(result: Result, console: Console) -> None:
    """Scores, failures, differences, costs and catalogues."""
    data = result.data
    console.print(f"\n[bold]{data.name}[/bold]: {data.reports} reports, {data.labels:,} labels, content {data.digest}")
    pairs = tables.differences(result)
    found = [
        turned(tables.scores(result)),
        tables.failures(result),
        turned(pairs) if pairs else None,
        tables.repeats(result),
        turned(tables.costs(result)),
        turned(tables.verbosity(result)),
        tables.brief(result, "catalogues"),
    ]
    show_tables([each for each in found if each], console)
    for each in decisions(result):
        console.print(each, markup=False, highlight=False)


def show_comparison(comparison: Comparison, console: Console) -> None:
    """What differs between two results, and what got worse and better."""
    for name, (old, new) in comparison.versions.items():
        console.print(f"{name}: {old or '–'} → {new or '–'}", markup=False, highlight=False)
    show_tables(tables.compared(comparison), console)
    if not comparison.worse:
        console.print("Nothing got worse.")


def show_tables(found: Sequence[Table], console: Console) -> None:
    """Each table under its title."""
    for own in found:
        console.print(_rich(own))


def show_mistakes(found: Sequence[tuple[str, Mistake]], console: Console) -> None:
    """A line for each mistake: report, kind, what it is about, said, wanted, and the words it rests on."""
    for report, each in found:
        line = (
            f"{report}: {each.kind} {each.about}: said {each.said or '–'}, wanted {each.wanted or '–'} | {each.quote}"
        )
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _rich(own: Table) -> RichTable:
    """Cells are text: a name with brackets in it is no markup."""
    made = RichTable(title=own.title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for place, column in enumerate(own.columns):
        made.add_column(column, justify="left" if place == 0 else "right", overflow="fold")
    for row in own.rows:
        made.add_row(*map(Text, row))
    return made

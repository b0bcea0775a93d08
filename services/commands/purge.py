"""`countersign purge`: what is old enough leaves; findings, reviews, reports and the audit trail stay."""

from __future__ import annotations

from typing import Annotated

import typer

from services.actions import retention as actions
from services.commands.common import Data, database
from services.commands.progress import doing
from services.store import retention

Days = Annotated[int, typer.Option(min=0, help="Days it is kept; 0: nothing is kept.")]


def purge(
    data: Data = None,
    messages: Days = 365,
    reasoning: Days = 90,
    jobs: Days = 30,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be purged.")] = False,
) -> None:
    """Empty old raw messages and reasoning, delete finished jobs. What waits or is quarantined is never touched."""
    days = {"messages": messages, "reasoning": reasoning, "jobs": jobs}
    done = _count(data, days) if dry_run else {one.name: _purge(data, one, days[one.name]) for one in retention.PURGES}
    for one in retention.PURGES:
        typer.echo(f"{done[one.name]:>8} {one.what}, older than {days[one.name]} days")
    if dry_run:
        typer.echo("dry run: nothing was changed")


def _count(data: Data, days: dict[str, int]) -> dict[str, int]:
    with database(data) as connection:
        return retention.count(connection, days)


def _purge(data: Data, one: retention.Purge, days: int) -> int:
    """Batch by batch, each in a transaction of its own, so that nobody waits for long."""
    total = 0
    while True:
        with database(data) as connection:
            gone = actions.purge(connection, one, days)
        total += gone
        doing(f"{total} {one.name} purged so far")
        if not gone:
            return total

"""What is purged once it is old enough. Findings, reviews, reports and the audit trail are never among it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Purge:
    """One kind of thing: what it is, which rows are old enough, and what is done to them."""

    name: str
    what: str
    where: str
    action: str


# A raw message is emptied and not deleted: that it came, when, its hash and our answer stay provable. One that
# waits, or that a person has yet to look at, keeps its bytes; so does one whose report still has open work.
PURGES = (
    Purge(
        "messages",
        "raw messages emptied (row, hash and answer stay)",
        """
        FROM message WHERE body IS NOT NULL AND state IN ('done', 'ignored', 'rejected')
            AND received_at < now() - make_interval(days => :days)
            AND NOT EXISTS (SELECT FROM job WHERE job.message_id = message.id
                AND state IN ('ready', 'waiting', 'leased', 'dead'))
            AND NOT EXISTS (SELECT FROM report_source JOIN job ON job.version_id = report_source.version_id
                WHERE report_source.message_id = message.id AND job.state IN ('ready', 'waiting', 'leased', 'dead'))
        """,
        "UPDATE message SET body = NULL, truncated = true WHERE id IN (SELECT id {where} ORDER BY id LIMIT :batch)",
    ),
    Purge(
        "reasoning",
        "models' reasoning emptied (verdicts and quotes stay)",
        "FROM analysis WHERE reasoning <> '' AND created_at < now() - make_interval(days => :days)",
        "UPDATE analysis SET reasoning = '' WHERE id IN (SELECT id {where} ORDER BY id LIMIT :batch)",
    ),
    Purge(
        "jobs",
        "finished jobs deleted (dead letters stay)",
        """
        FROM job WHERE state IN ('done', 'cancelled') AND finished_at < now() - make_interval(days => :days)
            AND NOT EXISTS (SELECT FROM analysis WHERE analysis.job_id = job.id)
        """,
        "DELETE FROM job WHERE id IN (SELECT id {where} ORDER BY id LIMIT :batch)",
    ),
)
BATCH = 5000


def count(connection: Connection, days: Mapping[str, int]) -> dict[str, int]:
    """How many rows of each kind are older than its days and would be purged."""
    return {
        purge.name: connection.scalar(text(f"SELECT count(*) {purge.where}"), {"days": days[purge.name]}) or 0
        for purge in PURGES
        if purge.name in days
    }


def purge_some(connection: Connection, purge: Purge, days: int, batch: int = BATCH) -> int:
    """Purges at most a batch of one kind; how many. Call again, in a new transaction, until it is 0."""
    _forget_job_of_readings(connection, purge, days)
    return connection.execute(text(purge.action.format(where=purge.where)), {"days": days, "batch": batch}).rowcount


def _forget_job_of_readings(connection: Connection, purge: Purge, days: int) -> None:
    """A reading outlives the job that made it."""
    if purge.name == "jobs":
        connection.execute(
            text(
                "UPDATE analysis SET job_id = NULL FROM job WHERE job.id = analysis.job_id "
                "AND job.state IN ('done', 'cancelled') AND job.finished_at < now() - make_interval(days => :days)"
            ),
            {"days": days},
        )

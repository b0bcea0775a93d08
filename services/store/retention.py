"""What is purged once it is old enough. Findings, reviews, reports and the audit trail are never among it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Purge:
    """One kind of thing: what it is, which rows of which table are old enough, and what is done to them."""

    name: str
    what: str
    table: str
    where: str
    action: str


# A raw message is emptied and not deleted: that it came, when, its hash and our answer stay provable. One that
# waits, or that a person has yet to look at, keeps its bytes; so does one whose report still has open work.
PURGES = (
    Purge(
        "messages",
        "raw messages emptied (row, hash and answer stay)",
        "message",
        """
        FROM message WHERE body IS NOT NULL AND state IN ('done', 'ignored', 'rejected')
            AND received_at < now() - make_interval(days => :days)
            AND NOT EXISTS (SELECT FROM job WHERE job.message_id = message.id
                AND state IN ('ready', 'waiting', 'leased', 'dead'))
            AND NOT EXISTS (SELECT FROM report_source JOIN job ON job.version_id = report_source.version_id
                WHERE report_source.message_id = message.id AND job.state IN ('ready', 'waiting', 'leased', 'dead'))
        """,
        r"""
        WITH old AS (SELECT id {where} ORDER BY id LIMIT :batch), unnamed AS (
            UPDATE message_search SET text = '', words = array_to_string(ARRAY(
                SELECT line FROM unnest(string_to_array(words, E'\n')) line WHERE line = '' OR line ~ E'^[csptro]\x1f'
            ), E'\n') FROM old WHERE message_id = old.id
        )
        UPDATE message SET body = NULL, truncated = true FROM old WHERE message.id = old.id
        """,
    ),
    Purge(
        "reasoning",
        "models' reasoning emptied (verdicts and quotes stay)",
        "analysis",
        "FROM analysis WHERE reasoning <> '' AND created_at < now() - make_interval(days => :days)",
        "UPDATE analysis SET reasoning = '' WHERE id IN (SELECT id {where} ORDER BY id LIMIT :batch)",
    ),
    Purge(
        "jobs",
        "finished jobs deleted (dead letters and what was read stay)",
        "job",
        "FROM job WHERE state IN ('done', 'cancelled') AND finished_at < now() - make_interval(days => :days)",
        """
        WITH old AS (SELECT id {where} ORDER BY id LIMIT :batch), outlived AS (
            UPDATE analysis SET job_id = NULL FROM old WHERE analysis.job_id = old.id
        )
        DELETE FROM job USING old WHERE job.id = old.id
        """,
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


def purge_some(connection: Connection, purge: Purge, days: int, batch: int = BATCH) -> Counter[str]:
    """Purges at most a batch of one kind; how many of each site. Again, in a new transaction, until it is none."""
    action = text(f"{purge.action.format(where=purge.where)} RETURNING {purge.table}.site_id")
    return Counter(connection.execute(action, {"days": days, "batch": batch}).scalars())

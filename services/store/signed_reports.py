"""Signed reports with what their signers decided, for a data set of a site's own."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, and_, select

from services.domain.figures import SignedText
from services.domain.people import Account
from services.domain.reports import Suggestion
from services.store.clock import ahead
from services.store.rows import every, record
from services.store.tables import account, analysis, report_version, review, suggestion

DAY = 86400
SETTLED = ("approved", "edited", "rejected")


def signed(connection: Connection, site: str, days: int) -> Iterator[tuple[SignedText, list[Suggestion]]]:
    """Each report signed within `days` whose signed version still counts, with its settled suggestions."""
    newest = (
        select(analysis.c.engine)
        .where(analysis.c.version_id == review.c.version_id, analysis.c.shadow.is_(False))
        .order_by(analysis.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(review.c.version_id, report_version.c.text, report_version.c.record, newest.label("engine"))
        .join(report_version, report_version.c.id == review.c.version_id)
        .where(
            review.c.site_id == site,
            review.c.state == "signed",
            review.c.signed_at >= ahead(-days * DAY),
            report_version.c.state == "current",
        )
        .order_by(review.c.id)
    )
    for row in connection.execute(query.execution_options(yield_per=200)).mappings():
        found = record(SignedText, row)
        yield found, _settled(connection, found.version_id)


def _settled(connection: Connection, version_id: int) -> list[Suggestion]:
    where = and_(suggestion.c.version_id == version_id, suggestion.c.state.in_(SETTLED))
    return every(Suggestion, connection.execute(select(suggestion).where(where).order_by(suggestion.c.position)))


def named(connection: Connection, site: str, name: str) -> list[Account]:
    """Active accounts of a site whose name, or whose subject at their login, is this."""
    same = (account.c.name == name) | (account.c.subject == name)
    query = select(account).where(account.c.site_id == site, account.c.active, same)
    return every(Account, connection.execute(query))

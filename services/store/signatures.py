"""Queries on signatures: pending until the undo window ends, then released."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import (
    Connection,
    Interval,
    bindparam,
    func,
    select,
    update,
)

from services.domain.reviews import PendingSignature
from services.store.clock import NOW
from services.store.reviews import ADVANCE, advance
from services.store.rows import every
from services.store.tables import report, review

_NO_SIGNATURE = {"signature_at": None, "signature_by": None}


_SIGN = ADVANCE.values(
    opened_at=func.coalesce(review.c.opened_at, NOW),
    signature_at=NOW,
    signature_by=bindparam("account"),
    releases_at=NOW + bindparam("window", type_=Interval),
)


def sign(connection: Connection, review_id: int, account_id: int, window: float) -> None:
    """Puts a person's signature under a review, to be released after `window` seconds; older revisions are stale."""
    values = {"review": review_id, "account": account_id, "window": timedelta(seconds=window)}
    connection.execute(_SIGN, values)


_RELEASE = (
    update(review)
    .where(review.c.id == bindparam("review"))
    .values(
        state="signed",
        signed_at=review.c.signature_at,
        signed_by=review.c.signature_by,
        releases_at=NOW,
        claimed_by=None,
        claimed_until=None,
        **_NO_SIGNATURE,
    )
)


def release_signature(connection: Connection, review_id: int) -> None:
    """Makes a pending signature stand."""
    connection.execute(_RELEASE, {"review": review_id})


def drop_signature(connection: Connection, review_id: int) -> None:
    """Takes a pending signature back; older revisions are stale."""
    advance(connection, review_id, releases_at=None, **_NO_SIGNATURE)


_DUE = (
    select(review.c.id)
    .where(review.c.signature_at.is_not(None), review.c.releases_at <= NOW)
    .order_by(review.c.releases_at)
    .limit(bindparam("most"))
)


def due_signatures(connection: Connection, most: int) -> Sequence[int]:
    """Reviews whose signature cannot be taken back any more."""
    return list(connection.execute(_DUE, {"most": most}).scalars())


PENDING = (
    select(
        review.c.id.label("review_id"),
        review.c.report_id,
        report.c.patient_name,
        func.extract("epoch", review.c.releases_at - NOW).label("seconds"),
    )
    .join(report, report.c.id == review.c.report_id)
    .where(review.c.signature_at.is_not(None), review.c.signature_by == bindparam("account"))
    .where(review.c.releases_at > NOW)
    .order_by(review.c.signature_at.desc())
)


def pending_signatures(connection: Connection, account_id: int) -> list[PendingSignature]:
    """What a person can still take back, the newest first."""
    return every(PendingSignature, connection.execute(PENDING, {"account": account_id}))

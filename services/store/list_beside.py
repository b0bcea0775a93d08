"""What a page of the worklist shows beside its rows: what is suggested, counts, filters, saved views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, Connection, RowMapping, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from services.domain.reviews import PendingSignature
from services.store import people, pipelined_queries, signatures
from services.store.clock import NOW
from services.store.list_filter import SIGNED, TO_DO
from services.store.list_search import SITE
from services.store.rows import records
from services.store.tables import advisory, draft, report, review, suggestion
from services.store.tables.advisory import UNTOLD

_REVIEWS = bindparam("reviews", type_=ARRAY(BigInteger))
_CHIPS = (
    select(
        review.c.id.label("review_id"),
        suggestion.c.finding["name"].astext.label("name"),
        suggestion.c.status,
        suggestion.c.side,
        suggestion.c.critical,
        suggestion.c.conflict,
        suggestion.c.unsupported,
    )
    .join(review, review.c.version_id == suggestion.c.version_id)
    .where(review.c.id == func.any(_REVIEWS), suggestion.c.state.in_(("proposed", "approved", "edited")))
    .order_by(review.c.id, suggestion.c.critical.desc(), suggestion.c.position)
)


_DRAFTED = select(draft.c.review_id, func.count().label("count")).where(draft.c.review_id == func.any(_REVIEWS))
_DRAFTED = _DRAFTED.group_by(draft.c.review_id)
# Seconds since Sign of those with a critical result nobody is said to have been told of.
_UNTOLD = (
    select(review.c.id.label("review_id"), func.extract("epoch", NOW - func.min(advisory.c.signed_at)).label("seconds"))
    .join(advisory, advisory.c.report_id == review.c.report_id)
    .where(review.c.id == func.any(_REVIEWS), text(UNTOLD))
    .group_by(review.c.id)
)
_WAITING = (
    select(review.c.priority, func.count().label("count"))
    .where(review.c.site_id == SITE, TO_DO)
    .group_by(review.c.priority)
)
_SIGNED_TODAY = select(func.count().label("count")).where(
    review.c.site_id == SITE, SIGNED, review.c.signed_at >= func.date_trunc("day", NOW)
)


def counts(connection: Connection, site: str) -> dict[str, int]:
    """What the header shows: stat, urgent, routine (to do), and signed today."""
    waiting, signed = pipelined_queries.read(connection, (_WAITING, {"site": site}), (_SIGNED_TODAY, {"site": site}))
    return _counts({row["priority"]: row["count"] for row in waiting}, signed[0]["count"])


def _counts(by_priority: dict[int, int], signed: int) -> dict[str, int]:
    names = ("stat", "urgent", "routine")
    return {**{name: by_priority.get(index, 0) for index, name in enumerate(names)}, "signed": signed}


# One step of the index for each modality: a DISTINCT would read every report.
_MODALITIES = text("""
    WITH RECURSIVE found AS (
        (SELECT modality FROM report WHERE site_id = :site ORDER BY modality LIMIT 1)
        UNION ALL
        SELECT (SELECT modality FROM report WHERE site_id = :site AND report.modality > found.modality
            ORDER BY modality LIMIT 1) FROM found WHERE found.modality IS NOT NULL
    )
    SELECT modality FROM found WHERE modality <> ''
""").columns(report.c.modality)


def modalities(connection: Connection, site: str) -> list[str]:
    """The modalities a site's list can be filtered by."""
    return list(connection.execute(_MODALITIES, {"site": site}).scalars())


@dataclass(frozen=True, slots=True)
class Around:
    """What a page of the list shows beside its rows.

    `chips`: what is suggested in each review (name, status, side, flags; in catalogue order); `drafted`: how many
    decisions wait for a signature in each; `untold`: seconds since Sign of those with a critical result of which nobody
    was told; `counts`: what the header shows; `views`: the person's, by name;
    `pending`: signatures they can still take back.
    """

    chips: dict[int, list[RowMapping]]
    drafted: dict[int, int]
    untold: dict[int, float]
    counts: dict[str, int]
    modalities: list[str]
    views: Sequence[RowMapping]
    pending: Sequence[PendingSignature]


def around(
    connection: Connection, site: str, account_id: int, review_ids: Sequence[int], counted: dict[str, int] | None = None
) -> Around:
    """All of it in one round trip. `counted`: the counts where they are known, for they cost more than all else."""
    values = {"site": site, "account": account_id, "reviews": list(review_ids)}
    asked: list[pipelined_queries.Statement] = [
        _CHIPS,
        _DRAFTED,
        _UNTOLD,
        _MODALITIES,
        people.VIEWS,
        signatures.PENDING,
        *([] if counted else [_WAITING, _SIGNED_TODAY]),
    ]
    chips, drafted, untold, modalities, views, pending, *numbers = pipelined_queries.read(
        connection, *[(statement, values) for statement in asked]
    )
    by_review: dict[int, list[RowMapping]] = {}
    for row in chips:
        by_review.setdefault(row["review_id"], []).append(row)
    return Around(
        chips=by_review,
        drafted={row["review_id"]: row["count"] for row in drafted},
        untold={row["review_id"]: float(row["seconds"]) for row in untold},
        counts=counted or _counts({row["priority"]: row["count"] for row in numbers[0]}, numbers[1][0]["count"]),
        modalities=[row["modality"] for row in modalities],
        views=views,
        pending=records(PendingSignature, pending),
    )

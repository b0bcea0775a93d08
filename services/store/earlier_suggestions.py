"""What was suggested of a report before the version under review."""

from __future__ import annotations

from sqlalchemy import BigInteger, BindParameter, Connection, ScalarSelect, Select, bindparam, or_, select

from services.domain.reports import Suggestion
from services.domain.words import Origin
from services.store.rows import every
from services.store.tables import draft, report_version, suggestion

Number = BindParameter[int] | ScalarSelect[int]
_earlier = report_version.alias("earlier")
_DRAFTED = select(draft.c.id).where(draft.c.suggestion_id == suggestion.c.id).exists()


def before(report_id: Number, version_id: Number) -> Select[tuple[object, ...]]:
    """The statement of it by two expressions: of the version before all, of older ones what somebody has a draft on."""
    said = select(suggestion.c.id).where(suggestion.c.version_id == _earlier.c.id).correlate(_earlier).exists()
    previous = (
        select(_earlier.c.id)
        .where(_earlier.c.report_id == report_id, _earlier.c.id != version_id, said)
        .order_by(_earlier.c.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(suggestion)
        .where(suggestion.c.report_id == report_id, suggestion.c.version_id != version_id)
        .where(suggestion.c.origin == Origin.AI, or_(suggestion.c.version_id == previous, _DRAFTED))
        .order_by(suggestion.c.version_id.desc(), suggestion.c.position, suggestion.c.id)
    )


_BEFORE = before(bindparam("report", type_=BigInteger), bindparam("version", type_=BigInteger))


def suggested_before(connection: Connection, report_id: int, version_id: int) -> list[Suggestion]:
    """What the version before a version suggested, and what else of earlier ones somebody has a draft on."""
    return every(Suggestion, connection.execute(_BEFORE, {"report": report_id, "version": version_id}))

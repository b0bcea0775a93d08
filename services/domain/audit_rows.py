"""One row of the audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.domain.reports import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """Who did what to which entity when. `sequence` to `sealed_at` are its place in the chain, None until it is sealed.

    `name`: of the account behind `actor`, or the actor itself; "" where it was not asked for.
    """

    id: int
    site_id: str
    at: datetime
    actor: str
    action: str
    entity: str
    report_id: int | None
    detail: Json
    sequence: int | None
    previous_hash: str | None
    hash: str | None
    sealed_at: datetime | None
    name: str = ""

"""How many reports a filter of the list finds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection, Select, func, literal, select

from services.store.list_filter import Asked, Filter, conditions
from services.store.review_list import REVIEWS, Page

# Of more nobody needs the number, and counting them would cost more than the list does.
COUNTED = 1000


@dataclass(frozen=True, slots=True)
class Total:
    """How many reports there are, or where there are `more`, how many at the least."""

    count: int
    more: bool = False


def total(connection: Connection, wanted: Asked, shown: Page) -> Total:
    """Reports under the filter of which `shown` is a page."""
    if wanted.is_of_many or not (shown.earlier or shown.later):
        return Total(len(shown.rows), more=shown.earlier or shown.later)
    found = connection.scalar(_counting(wanted.shape), wanted.values) or 0
    return Total(min(found, COUNTED), more=found > COUNTED)


@lru_cache(maxsize=256)
def _counting(shape: Filter) -> Select[int]:
    found = select(literal(1)).select_from(REVIEWS).where(*conditions(shape)).limit(COUNTED + 1)
    return select(func.count()).select_from(found.subquery())

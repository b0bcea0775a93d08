"""How many reports a filter of the list finds."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import Connection, Select, func, literal, select

from services.store.review_list import REVIEWS, Filter, Page, asked, conditions

# Of more nobody needs the number, and counting them would cost more than the list does.
COUNTED = 1000


def total(connection: Connection, wanted: Filter, shown: Page) -> int:
    """Reports under the filter of which `shown` is a page; COUNTED + 1 stands for any number above."""
    if not (shown.earlier or shown.later):
        return len(shown.rows)
    shape, values = asked(connection, wanted)
    return connection.scalar(_counting(shape), values) or 0


@lru_cache(maxsize=256)
def _counting(shape: Filter) -> Select[int]:
    found = select(literal(1)).select_from(REVIEWS).where(*conditions(shape)).limit(COUNTED + 1)
    return select(func.count()).select_from(found.subquery())

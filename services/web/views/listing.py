"""The list as it is shown: rows of a page and what stands beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query
from sqlalchemy import Connection

from services.actions.looks import listed
from services.domain.people import Person
from services.store import list_beside, list_filter, list_total, review_list
from services.store.review_list import ListedReport
from services.web.views.filters import Chosen

# The review a page follows or ends before.
Place = Annotated[int | None, Query(ge=1, le=2**63 - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """A page of the list, whether there are rows before and after it, how many in all, and what stands beside it."""

    rows: Sequence[ListedReport]
    total: list_total.Total
    earlier: bool
    later: bool
    around: list_beside.Around


def load(
    connection: Connection,
    person: Person,
    chosen: Chosen,
    after: int | None,
    before: int | None,
    counted: dict[str, int] | None = None,
) -> ListPage:
    """Rows of a page, what they suggest, counts and saved views."""
    wanted = list_filter.ask(connection, chosen.filter(person))
    found = review_list.page(connection, wanted, after, before)
    total = list_total.total(connection, wanted, found)
    ids = [row.id for row in found.rows]
    around = list_beside.around(connection, person.site, person.id, ids, counted)
    return ListPage(rows=found.rows, total=total, earlier=found.earlier, later=found.later, around=around)


def looked_at(
    connection: Connection,
    person: Person,
    chosen: Chosen,
    after: int | None,
    before: int | None,
    counted: dict[str, int] | None = None,
) -> ListPage:
    """The same, with its row in the audit trail."""
    values = load(connection, person, chosen, after, before, counted)
    choices = chosen.model_dump(exclude_defaults=True, exclude={"q"})
    listed(connection, person, "worklist", len(values.rows), searched=bool(chosen.q), **choices)
    return values

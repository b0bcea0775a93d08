"""The columns of the list, in one place: heading, sorting and cell on the page; what leaves as CSV and over the API.

A new one is a field of ListedReport with its column in the query; what shows it nowhere is named here.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from services.store.list_filter import Sort
from services.store.review_list import ListedReport


@dataclass(frozen=True, slots=True)
class Column:
    """`cell` is a macro of `_cells.html`; `sorts`: the orders its heading goes through, none where it sorts nothing."""

    cell: str
    heading: str
    sorts: tuple[Sort, ...] = ()

    def next_sort(self, now: Sort) -> Sort:
        """What the heading sorts by when it is pressed."""
        return self.sorts[(self.sorts.index(now) + 1) % len(self.sorts)] if now in self.sorts else self.sorts[0]

    def order(self, now: Sort) -> str:
        """`aria-sort` of the heading."""
        if now not in self.sorts:
            return "none"
        return "descending" if now == "newest" else "ascending"


COLUMNS = (
    Column("priority", "Priority", ("urgent",)),
    Column("waiting", "Waiting", ("oldest", "newest")),
    Column("patient", "Patient", ("patient",)),
    Column("exam", "Exam"),
    Column("suggested", "Suggested", ("disagreement",)),
    Column("state", "State"),
)

ON_SCREEN_ONLY = frozenset({"signature_at", "processing", "body_site", "version_state", "report_status", "claimed_by"})
"""Fields of a row that neither leave as CSV nor over the API."""
NOT_IN_CSV = ON_SCREEN_ONLY | {"id", "revision", "held", "waiting", "claimer", "claim_live"}
EXPORTED = tuple(each.name for each in fields(ListedReport) if each.name not in NOT_IN_CSV)
"""The CSV's columns, in their order."""

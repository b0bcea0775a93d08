"""The list's filter as a page's address has it: one name in the query string for each choice."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import Depends, Query
from pydantic import BaseModel

from services.domain.people import Person
from services.store.list_filter import Filter, Flag, Show, Sort

PRIORITY_NAMES = ("stat", "urgent", "routine")
Priority = Literal["", "stat", "urgent", "routine"]


class Chosen(BaseModel):
    """What the address asks for; unknown values are an error, absent ones the default."""

    show: Show = "todo"
    sort: Sort = "urgent"
    q: str = ""
    modality: str = ""
    priority: Priority = ""
    flag: Flag | Literal[""] = ""
    finding: str = ""
    patient: str = ""

    def filter(self, person: Person) -> Filter:
        """The query's filter for a person's site."""
        return Filter(
            site=person.site,
            # Of what is signed: nobody is asked whom they told before.
            show="signed" if self.flag == "untold" else self.show,
            sort=self.sort,
            search=self.q,
            modality=self.modality,
            priority=PRIORITY_NAMES.index(self.priority) if self.priority in PRIORITY_NAMES else None,
            flag=self.flag or None,
            finding=self.finding,
            patient=self.only_patient,
            account_id=person.id,
        )

    @property
    def only_patient(self) -> tuple[str, str] | None:
        """Identifier and assigning authority of the one patient shown, written as HL7 does: `4711^HOSP`."""
        number, _, authority = self.patient.partition("^")
        return (number, authority) if number else None

    def query(self, **changes: str | int) -> str:
        """The query string with some choices changed; defaults are left out, so equal lists have equal addresses."""
        return _encoded(tuple((self.__dict__ | changes).items()))

    def link(self, path: str, **changes: str | int) -> str:
        """A path with this filter behind it."""
        query = self.query(**changes)
        return f"{path}?{query}" if query else path


_DEFAULTS = Chosen().model_dump()


@lru_cache(maxsize=1024)
def _encoded(values: tuple[tuple[str, str | int], ...]) -> str:
    """A list asks for the same one for every row."""
    return urlencode({name: value for name, value in values if value != _DEFAULTS.get(name)})


async def chosen(
    show: Annotated[Show, Query()] = "todo",
    sort: Annotated[Sort, Query()] = "urgent",
    q: Annotated[str, Query(max_length=100)] = "",
    modality: Annotated[str, Query(max_length=16)] = "",
    priority: Annotated[Priority, Query()] = "",
    flag: Annotated[Flag | Literal[""], Query()] = "",
    finding: Annotated[str, Query(max_length=100)] = "",
    patient: Annotated[str, Query(max_length=300)] = "",
) -> Chosen:
    """Dependency: the filter of the page's address. `async`, or every request would wait for a thread."""
    return Chosen(
        show=show, sort=sort, q=q, modality=modality, priority=priority, flag=flag, finding=finding, patient=patient
    )


InAddress = Annotated[Chosen, Depends(chosen)]

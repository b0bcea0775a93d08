"""Work under leases: claimed with an epoch, renewed, given back, swept, closed. Jobs and deliveries are worked on so.

Whoever claimed a row holds it while it is in the state its table calls held, under the epoch of that claim. A lease
that is given back or lost moves one of the two on: what its holder still writes is refused, all of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from sqlalchemy import Connection, Interval, Table, Update, and_, bindparam, insert, select, tuple_, update
from sqlalchemy.sql.elements import ColumnElement

from services.settings import Queue
from services.store.clock import NOW, ahead
from services.store.rows import every

T = TypeVar("T")


class StaleLease(Exception):
    """The lease under which a result was to be written is not ours any more."""


class Claimed(Protocol):
    """A row as it was claimed."""

    @property
    def id(self) -> int:
        """Its number."""
        ...

    @property
    def lease_epoch(self) -> int:
        """How often it had been claimed or given back by then."""
        ...


def pause(queue: Queue, failures: int, asked: float = 0) -> float:
    """Seconds to wait after so many failures: twice as long each time, up to a limit, and no less than `asked`."""
    return max(min(queue.backoff * 2.0 ** min(failures - 1, 16), queue.backoff_max), asked)


@dataclass(frozen=True, slots=True)
class Leases(Generic[T]):
    """The rows of a table that are worked on under leases.

    `held`: the state of a row under a lease; `free`: what a row is that can be claimed.
    """

    table: Table
    record: type[T]
    held: str
    free: Mapping[str, object]

    def add(self, connection: Connection, **values: object) -> int:
        """Inserts a row that may be claimed; its id."""
        return int(connection.execute(insert(self.table).returning(self.table.c.id), values).scalar_one())

    def claim(self, due: ColumnElement[bool], **values: object) -> Update:
        """The statement that takes the leases of rows that are due, for `lease` (its parameter, an interval)."""
        epoch, until = self.table.c.lease_epoch + 1, NOW + bindparam("lease", type_=Interval)
        return update(self.table).where(due).values(state=self.held, lease_epoch=epoch, lease_until=until, **values)

    def of(self, rows: Collection[Claimed]) -> ColumnElement[bool]:
        """Whether a row is one of these, still under the lease that it was claimed under."""
        columns = self.table.c
        leases = [(row.id, row.lease_epoch) for row in rows]
        claimed = tuple_(columns.id, columns.lease_epoch).in_(leases)
        return and_(claimed, self._is_held())

    def _is_held(self) -> ColumnElement[bool]:
        return and_(self.table.c.state == self.held, self.table.c.lease_until.is_not(None))

    def lapsed(self) -> ColumnElement[bool]:
        """Whether a row's lease has run out."""
        return and_(self.table.c.state == self.held, self.table.c.lease_until < NOW)

    def renew(self, connection: Connection, mine: ColumnElement[bool], queue: Queue) -> int:
        """Holds leases for longer; of how many rows."""
        return connection.execute(update(self.table).where(mine).values(lease_until=ahead(queue.lease))).rowcount

    def give_back(self, connection: Connection, mine: ColumnElement[bool], **values: object) -> int:
        """Rows can be claimed again at once, and a late answer of ours is refused; how many."""
        return connection.execute(update(self.table).where(mine).values(self._freed(**values))).rowcount

    def _freed(self, **values: object) -> dict[str, object]:
        return {**self.free, "lease_until": None, "lease_epoch": self.table.c.lease_epoch + 1, **values}

    def sweep(self, connection: Connection, **values: object) -> list[T]:
        """Rows whose leases ran out, left with `values`.

        One that a stopped process has locked is left for the next sweep, so that it holds nobody up.
        """
        columns = self.table.c
        expired = select(columns.id).where(self.lapsed()).with_for_update(skip_locked=True)
        swept = update(self.table).where(columns.id.in_(expired)).values(self._freed(**values))
        return every(self.record, connection.execute(swept.returning(*columns)))

    def closing(self, **values: object) -> Update:
        """The statement that ends the lease of a row, `mine`, if it is still held under `epoch` (its parameters)."""
        columns = self.table.c
        named = and_(columns.id == bindparam("mine"), columns.lease_epoch == bindparam("epoch"))
        ended = {**self.free, "lease_until": None, **values}
        return update(self.table).where(named, self._is_held()).values(ended)

    def close(self, connection: Connection, row: Claimed, **values: object) -> None:
        """Writes to a row that we hold, and ends its lease. Raises StaleLease; the caller rolls back."""
        ours = {"mine": row.id, "epoch": row.lease_epoch}
        self.check(connection.execute(self.closing(**values), ours).rowcount, row)

    def check(self, written: int, row: Claimed) -> None:
        """Raises StaleLease where nothing was written."""
        if written != 1:
            raise StaleLease(f"{self.table.name} {row.id} epoch {row.lease_epoch}")

    def move(self, connection: Connection, number: int, before: Collection[str], **values: object) -> bool:
        """An operator's change of a row in one of the states `before`, in which nobody holds it; whether it was."""
        moved = update(self.table).where(self.table.c.id == number, self.table.c.state.in_(before))
        return connection.execute(moved.values(self._freed(**values))).rowcount == 1

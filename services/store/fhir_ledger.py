"""What is on a FHIR server because of us, or was found there: the memory behind writing without duplicates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import TracebackType

from sqlalchemy import ColumnElement, Connection, Engine, and_, cast, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import JSONB, insert

from integration.fhir.systems import Json
from integration.fhir.wanted import Entry
from services.store.tables import fhir_resource as t


class StoreLedger:
    """`integration.fhir.wanted.Ledger` on the database, for one delivery.

    What is known is read once. An attempt is committed before it returns, so that a lost answer is recognised as
    ours. What was written is committed together at the end of the block, whatever ended it: should the process die
    before, the next run finds the resources by their identifiers. Rows are keyed by `Wanted.key`: type, parameter
    and token.
    """

    def __init__(self, engine: Engine, endpoint: str, site: str, report_id: int | None = None) -> None:
        self._engine = engine
        self._endpoint = endpoint
        self._site = site
        self._report_id = report_id
        self._known: dict[str, Entry | None] = {}
        self._new: dict[str, Entry] = {}

    def __enter__(self) -> StoreLedger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._commit()

    def prepare(self, keys: Iterable[str]) -> None:
        """Reads what is known of all these keys at once."""
        with self._engine.connect() as connection:
            self._known |= find_all(connection, self._endpoint, list(keys))

    def lookup(self, key: str) -> Entry | None:
        """What is known of the key."""
        if key not in self._known:
            self.prepare([key])
        return self._known[key]

    def record(self, key: str, entry: Entry) -> None:
        """Remember, replacing what was known."""
        self._known[key] = self._new[key] = replace(entry, attempted=())

    def attempt(self, key: str, resource: Json) -> None:
        """Add an update that is about to be sent."""
        self._commit()
        with self._engine.begin() as connection:
            more = t.c.attempted.op("||")(cast([resource], JSONB))
            connection.execute(update(t).where(_is(self._endpoint, key)).values(attempted=more))
        if known := self._known.get(key):
            self._known[key] = replace(known, attempted=(*known.attempted, resource))

    def _commit(self) -> None:
        if not self._new:
            return
        with self._engine.begin() as connection:
            connection.execute(_UPSERT, [self._row(key, entry) for key, entry in sorted(self._new.items())])
        self._new = {}

    def _row(self, key: str, entry: Entry) -> dict[str, object]:
        kind, identifier = _split(key)
        return {
            "endpoint": self._endpoint,
            "resource_type": kind,
            "identifier": identifier,
            "site_id": self._site,
            "report_id": self._report_id,
            "resource_id": entry.reference.partition("/")[2],
            "version": entry.version,
            "digest": entry.digest,
            "attempted": [],
        }


_INSERT = insert(t)
_UPSERT = _INSERT.on_conflict_do_update(
    index_elements=["endpoint", "resource_type", "identifier"],
    set_={
        **{name: _INSERT.excluded[name] for name in ("resource_id", "version", "digest", "attempted")},
        "written_at": func.now(),
    },
)


def find(connection: Connection, endpoint: str, key: str) -> Entry | None:
    """What is known of a resource on an endpoint."""
    return find_all(connection, endpoint, [key])[key]


def find_all(connection: Connection, endpoint: str, keys: list[str]) -> Mapping[str, Entry | None]:
    """What is known of resources on an endpoint, None for those never written."""
    pairs = {_split(key): key for key in keys}
    where = and_(t.c.endpoint == endpoint, tuple_(t.c.resource_type, t.c.identifier).in_(list(pairs)))
    found: dict[str, Entry | None] = dict.fromkeys(keys)
    for row in connection.execute(select(t).where(where)).mappings():
        reference = f"{row['resource_type']}/{row['resource_id']}"
        entry = Entry(reference, row["version"], row["digest"], tuple(row["attempted"]))
        found[pairs[row["resource_type"], row["identifier"]]] = entry
    return found


def _is(endpoint: str, key: str) -> ColumnElement[bool]:
    kind, identifier = _split(key)
    return and_(t.c.endpoint == endpoint, t.c.resource_type == kind, t.c.identifier == identifier)


def _split(key: str) -> tuple[str, str]:
    """`Observation?identifier=system|value` → (Observation, system|value)."""
    kind, _, query = key.partition("?")
    return kind, query.partition("=")[2]

"""What is on a FHIR server because of us, or was found there: the memory behind writing without duplicates."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, Engine, and_, cast, func, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert

from integration.fhir.systems import Json
from integration.fhir.wanted import Entry
from services.store.tables import fhir_resource as t


class StoreLedger:
    """`integration.fhir.wanted.Ledger` on the database; every call commits before it returns.

    Rows are keyed by `Wanted.key`: type, parameter and token.
    """

    def __init__(self, engine: Engine, endpoint: str, site: str, report_id: int | None = None) -> None:
        self._engine = engine
        self._endpoint = endpoint
        self._site = site
        self._report_id = report_id

    def lookup(self, key: str) -> Entry | None:
        """What is known of the key."""
        with self._engine.connect() as connection:
            return find(connection, self._endpoint, key)

    def record(self, key: str, entry: Entry) -> None:
        """Remember, replacing what was known."""
        kind, identifier = _split(key)
        known = {
            "resource_id": entry.reference.partition("/")[2],
            "version": entry.version,
            "digest": entry.digest,
            "attempted": [],
            "written_at": func.now(),
        }
        row = {"endpoint": self._endpoint, "resource_type": kind, "identifier": identifier, "site_id": self._site}
        statement = insert(t).values(**row, report_id=self._report_id, **known)
        where = ["endpoint", "resource_type", "identifier"]
        with self._engine.begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=where, set_=known))

    def attempt(self, key: str, resource: Json) -> None:
        """Add an update that is about to be sent."""
        with self._engine.begin() as connection:
            more = t.c.attempted.op("||")(cast([resource], JSONB))
            connection.execute(update(t).where(_is(self._endpoint, key)).values(attempted=more))


def find(connection: Connection, endpoint: str, key: str) -> Entry | None:
    """What is known of a resource on an endpoint."""
    row = connection.execute(select(t).where(_is(endpoint, key))).mappings().one_or_none()
    if row is None:
        return None
    reference = f"{row['resource_type']}/{row['resource_id']}"
    return Entry(reference, row["version"], row["digest"], tuple(row["attempted"]))


def _is(endpoint: str, key: str) -> ColumnElement[bool]:
    kind, identifier = _split(key)
    return and_(t.c.endpoint == endpoint, t.c.resource_type == kind, t.c.identifier == identifier)


def _split(key: str) -> tuple[str, str]:
    """`Observation?identifier=system|value` → (Observation, system|value)."""
    kind, _, query = key.partition("?")
    return kind, query.partition("=")[2]

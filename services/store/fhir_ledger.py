"""What is on a FHIR server because of us, or was found there: the memory behind writing without duplicates."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import TracebackType

from sqlalchemy import Connection, Engine, text

from integration.fhir.systems import Json
from integration.fhir.wanted import Entry

Named = Mapping[str, object]


class StoreLedger:
    """`integration.fhir.wanted.Ledger` on the database, for deliveries that go out one after the other.

    What is known is read once. Attempts are committed before they return, so that a lost answer is recognised as
    ours. What was written is committed together, by `save` or at the end of the block, whatever ended it: should the
    process die before, the next run finds the resources by their identifiers. Rows are keyed by `Wanted.key`: type,
    parameter and token.
    """

    def __init__(self, engine: Engine, endpoint: str, site: str, report_id: int | None = None) -> None:
        self._engine = engine
        self._endpoint = endpoint
        self._about: Named = {"site_id": site, "report_id": report_id}
        self._known: dict[str, Entry | None] = {}
        self._new: dict[str, tuple[Entry, Named]] = {}

    def __enter__(self) -> StoreLedger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._commit()

    def about(self, site: str, report_id: int) -> None:
        """What is recorded from now on belongs to this report."""
        self._about = {"site_id": site, "report_id": report_id}

    def prepare(self, connection: Connection, keys: Iterable[str]) -> None:
        """Reads what is known of all these keys at once."""
        self._known |= find_all(connection, self._endpoint, list(dict.fromkeys(keys)))

    def lookup(self, key: str) -> Entry | None:
        """What is known of the key."""
        if key not in self._known:
            with self._engine.connect() as connection:
                self.prepare(connection, [key])
        return self._known[key]

    def record(self, key: str, entry: Entry) -> None:
        """Remember, replacing what was known."""
        fresh = self._known[key] = replace(entry, attempted=())
        self._new[key] = (fresh, self._about)

    def attempt(self, sent: Mapping[str, Json]) -> None:
        """Add updates that are about to be sent, by key."""
        if not self._new.keys().isdisjoint(sent):
            self._commit()
        types, tokens = zip(*map(_split, sent), strict=True)
        asked = {"endpoint": self._endpoint, "types": list(types), "tokens": list(tokens)}
        with self._engine.begin() as connection:
            connection.execute(_ATTEMPT, {**asked, "sent": [json.dumps(each) for each in sent.values()]})
        for key, resource in sent.items():
            if known := self._known.get(key):
                self._known[key] = replace(known, attempted=(*known.attempted, resource))

    def save(self, connection: Connection) -> None:
        """Writes what is new, in an order all writers share, so that none waits for another in a circle."""
        if self._new:
            rows = [_row(key, *self._new[key]) for key in sorted(self._new)]
            columns = {name: list(values) for name, values in zip(_COLUMNS, zip(*rows, strict=True), strict=True)}
            connection.execute(_UPSERT, {"endpoint": self._endpoint, **columns})

    def _commit(self) -> None:
        if not self._new:
            return
        with self._engine.begin() as connection:
            self.save(connection)
        self._new = {}


def _row(key: str, entry: Entry, about: Named) -> tuple[object, ...]:
    """In the order of _COLUMNS."""
    identity = entry.reference.partition("/")[2]
    return (*_split(key), about["site_id"], about["report_id"], identity, entry.version, entry.digest)


_COLUMNS = ("types", "tokens", "sites", "reports", "ids", "versions", "digests")
_UPSERT = text(
    """
    INSERT INTO fhir_resource (endpoint, resource_type, identifier, site_id, report_id, resource_id, version, digest)
    SELECT :endpoint, * FROM unnest(
        CAST(:types AS text[]), CAST(:tokens AS text[]), CAST(:sites AS text[]), CAST(:reports AS bigint[]),
        CAST(:ids AS text[]), CAST(:versions AS text[]), CAST(:digests AS text[])
    )
    ON CONFLICT (endpoint, resource_type, identifier) DO UPDATE SET resource_id = excluded.resource_id,
        version = excluded.version, digest = excluded.digest, attempted = '[]', written_at = now()
    """
)
# The rows are those of one report, whose deliveries go out one at a time, and a Device at most: nobody waits for
# somebody who waits for them.
_ATTEMPT = text(
    """
    UPDATE fhir_resource SET attempted = attempted || jsonb_build_array(CAST(sent.resource AS jsonb))
    FROM unnest(CAST(:types AS text[]), CAST(:tokens AS text[]), CAST(:sent AS text[])) AS sent (type, token, resource)
    WHERE endpoint = :endpoint AND resource_type = sent.type AND identifier = sent.token
    """
)
_FOUND = text(
    """
    SELECT resource_type, identifier, resource_id, version, digest, attempted
    FROM fhir_resource JOIN unnest(CAST(:types AS text[]), CAST(:tokens AS text[])) AS asked (type, token)
        ON resource_type = asked.type AND identifier = asked.token
    WHERE endpoint = :endpoint
    """
)


def find_all(connection: Connection, endpoint: str, keys: list[str]) -> Mapping[str, Entry | None]:
    """What is known of resources on an endpoint, None for those never written."""
    pairs = {_split(key): key for key in keys}
    types, tokens = [kind for kind, _ in pairs], [token for _, token in pairs]
    found: dict[str, Entry | None] = dict.fromkeys(keys)
    for row in connection.execute(_FOUND, {"endpoint": endpoint, "types": types, "tokens": tokens}):
        entry = Entry(f"{row[0]}/{row[2]}", row.version, row.digest, tuple(row.attempted))
        found[pairs[row[0], row[1]]] = entry
    return found


def _split(key: str) -> tuple[str, str]:
    """`Observation?identifier=system|value` → (Observation, system|value)."""
    kind, _, query = key.partition("?")
    return kind, query.partition("=")[2]

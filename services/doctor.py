"""What is reachable, what is misconfigured, what waits: asked in one go, told in plain words."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import redis
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from integration.fhir.capability import capabilities, is_supported
from integration.fhir.errors import FhirError
from integration.sglang.client import ModelClient
from services.domain.deliveries import DeliveryCount, WaitingEvents
from services.domain.messages import JobCount
from services.engines import RULES, EngineError, load_engines, spec_of
from services.process import database_problem
from services.settings import Settings
from services.store import advisories, circuits, deliveries, inbox, jobs, notices, wake_ups
from services.store.engine import connect
from services.workflow.context import fhir_client, site
from services.workflow.engine_check import look
from services.workflow.readers import readers
from services.workflow.webhooks import hooks

# What an acknowledgement rests on, and how it must be set.
DURABLE = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "remote_write", "remote_apply", "local"),
}
# Seconds after which a job that could be handed out, and is not, has been forgotten by whoever does that.
FORGOTTEN = 15.0
# Seconds after which an event that its receiver has not taken is late.
LATE = 300.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `says` tells what is wrong and what to do about it."""

    what: str
    well: bool
    says: str


def examine(settings: Settings, *, listener: bool = True) -> list[Finding]:
    """Looks at everything; a part that is down never keeps the others from being looked at.

    `listener`: whether this installation has one.
    """
    engine = connect(settings.database)
    found = [
        _database(engine, settings),
        *([_training()] if settings.training else _ways_in_and_out(settings, listener)),
        *_files(settings),
    ]
    found += _models(settings)
    if found[0].well:
        found += _waiting(engine, settings)
    engine.dispose()
    return found


def _ways_in_and_out(settings: Settings, listener: bool) -> list[Finding]:
    return [broker_finding(settings), _fhir(settings), *([_listener(settings)] if listener else [])]


def _training() -> Finding:
    return Finding("training instance", True, "the worklist alone: no broker, no door in, nothing delivered")


def _database(engine: Engine, settings: Settings) -> Finding:
    problem = database_problem(engine)
    where = f"{settings.database.host}:{settings.database.port}/{settings.database.name}"
    return Finding("PostgreSQL", not problem, f"{where}: {problem or 'answers, schema is current'}")


def broker_finding(settings: Settings) -> Finding:
    """Whether the broker answers and keeps what it is given."""
    where = f"{settings.broker.host}:{settings.broker.port}"
    try:
        client = redis.Redis.from_url(settings.broker.url(), socket_connect_timeout=3)
        client.ping()
        found: Any = client.config_get("maxmemory-policy")
        policy = found.get("maxmemory-policy", "noeviction")
    except redis.RedisError as error:
        look_at = "COUNTERSIGN_BROKER__CA and …__HOST" if settings.broker.tls else "COUNTERSIGN_BROKER__HOST"
        return Finding("broker", False, f"{where}: {type(error).__name__}; see {look_at} and …__PASSWORD")
    if policy != "noeviction":
        return Finding("broker", False, f"{where}: maxmemory-policy is {policy}; it must be noeviction")
    return Finding("broker", True, f"{where}: answers")


def _fhir(settings: Settings) -> Finding:
    if settings.fhir.url is None:
        return Finding("FHIR server", True, "none configured: findings stay here (COUNTERSIGN_FHIR__URL)")
    client = fhir_client(settings.fhir)
    try:
        found = client.run(capabilities())
    except FhirError as error:
        return Finding("FHIR server", False, f"{settings.fhir.url}: {error}")
    finally:
        client.close()
    ways = "transactions" if found.transaction else "single requests"
    says = f"{settings.fhir.url}: {found.software or 'answers'}, FHIR {found.fhir_version}, {ways}"
    return Finding("FHIR server", is_supported(found), says)


def _listener(settings: Settings) -> Finding:
    where = (settings.mllp.host, settings.mllp.port)
    try:
        socket.create_connection(where, timeout=3).close()
    except OSError as error:
        return Finding("MLLP listener", False, f"{where[0]}:{where[1]}: {error.strerror or error}; is it running?")
    return Finding("MLLP listener", True, f"{where[0]}:{where[1]}: accepts connections")


def _files(settings: Settings) -> Iterator[Finding]:
    checks: dict[str, Callable[[], object]] = {
        "senders.yaml": lambda: site(settings),
        "catalogue and engines.yaml": lambda: readers(settings),
        **({"COUNTERSIGN_WEBHOOKS": lambda: hooks(settings)} if settings.webhooks else {}),
    }
    for name, check in checks.items():
        try:
            check()
        except Exception as error:
            yield Finding(name, False, str(error))
        else:
            yield Finding(name, True, "read")


def _models(settings: Settings) -> Iterator[Finding]:
    """The model servers that read; what is wrong with engines.yaml itself is told above."""
    for name in sorted({settings.reading.engine, settings.reading.shadow} - {"", RULES}):
        try:
            spec = spec_of(name, load_engines(settings.config_dir))
            client = ModelClient(spec.endpoint())
        except EngineError:
            continue
        for check in look(spec, client):
            yield Finding(f"{check.what} of engine {name}", check.well, f"{client.endpoint.root}: {check.says}")
        client.close()


def _waiting(engine: Engine, settings: Settings) -> list[Finding]:
    try:
        with engine.connect() as connection:
            return [
                _durable(connection),
                *([] if settings.training else _hands(connection, settings)),
                _jobs(jobs.counts(connection)),
                _outbox(deliveries.counts(connection)),
                *_webhooks(deliveries.waiting_events(connection), settings),
                _told(advisories.untold(connection, settings.worklist.critical_target), settings),
                *_rest(connection),
            ]
    except OperationalError:
        return []


def _told(overdue: int, settings: Settings) -> Finding:
    """Critical results nobody is said to have been told of in time."""
    limit = f"{settings.worklist.critical_target / 60:g} min"
    if not overdue:
        return Finding("critical results", True, f"none signed more than {limit} ago without a word of who was told")
    where = "the worklist lists them under the flag “critical, nobody told”"
    says = f"{overdue} signed more than {limit} ago, and nobody is said to have been told; {where}"
    return Finding("critical results", False, says)


def _durable(connection: Connection) -> Finding:
    """Whether a commit is on disk when PostgreSQL says so, and whether there can be one."""
    names = [*DURABLE, "transaction_read_only"]
    asked = text(f"SELECT {', '.join(f'current_setting({name!r})' for name in names)}")
    found = dict(zip(names, connection.execute(asked).one(), strict=True))
    wrong = [f"{name} is {found[name]}" for name, right in DURABLE.items() if found[name] not in right]
    says = f"{'; '.join(wrong)}: what was acknowledged may be lost; set it to on" if wrong else "commits are on disk"
    if found["transaction_read_only"] == "on":
        wrong, says = (
            ["read only"],
            "it is read only (a standby, or default_transaction_read_only): senders are told AE",
        )
    return Finding("durability", not wrong, says)


def _hands(connection: Connection, settings: Settings) -> Iterator[Finding]:
    """Whether somebody reads, and somebody hands out what is to be read."""
    slots = jobs.slots_alive(connection, settings.queue)
    says = f"{slots} slots" if slots else "none has been seen lately: nothing is read; start `countersign worker`"
    yield Finding("workers", slots > 0, says)
    forgotten = wake_ups.forgotten(connection, settings.queue, FORGOTTEN)
    says = f"{forgotten} jobs are due, slots are free, and nobody hands them out; is `countersign relay` running?"
    yield Finding("relay", not forgotten, says if forgotten else "hands out what is due")
    for row in circuits.all_of_them(connection):
        says = "its server answers" if row.state == "closed" else "its circuit is open: readings wait for its server"
        yield Finding(f"engine {row.engine}", row.state == "closed", says)


def _jobs(rows: Sequence[JobCount]) -> Finding:
    return _states("jobs", rows, "`countersign jobs dead` says why, `countersign jobs retry` sends them on")


def _outbox(rows: Sequence[DeliveryCount]) -> Finding:
    return _states("deliveries", rows, "`countersign deliveries list --state dead` says why")


def _webhooks(rows: Sequence[WaitingEvents], settings: Settings) -> Iterator[Finding]:
    """Receivers of the settings, and of events whose receiver is in no settings any more."""
    waiting = {row.destination: row for row in rows}
    for name in [*settings.webhooks, *(gone for gone in waiting if gone not in settings.webhooks)]:
        what, row = f"webhook {name}", waiting.get(name)
        if row is None:
            yield Finding(what, True, "nothing waits for it")
        elif name not in settings.webhooks:
            yield Finding(what, False, f"{row.pending} events wait, and COUNTERSIGN_WEBHOOKS names no such receiver")
        else:
            why = f", the last attempt: {row.reason}" if row.reason else ""
            says = f"{row.pending} events wait, the first for {row.oldest:.0f} s{why}; {row.dead} dead"
            yield Finding(what, not row.dead and row.oldest < LATE, says)


def _states(what: str, rows: Sequence[JobCount | DeliveryCount], remedy: str) -> Finding:
    counted: dict[str, int] = {}
    for row in rows:
        counted[row.state] = counted.get(row.state, 0) + row.count
    says = ", ".join(f"{count} {state}" for state, count in sorted(counted.items())) or "none"
    return Finding(what, not counted.get("dead"), f"{says}; {remedy}" if counted.get("dead") else says)


def _rest(connection: Connection) -> Iterator[Finding]:
    counted = inbox.counts(connection)
    quarantined = sum(count for (_, state), count in counted.items() if state == "quarantined")
    says = f"{sum(counted.values())} in all, {quarantined} quarantined"
    yield Finding("messages", not quarantined, f"{says}; `countersign quarantine` says why" if quarantined else says)
    waiting = notices.open_ones(connection)
    yield Finding("notices", not waiting, f"{len(waiting)} for a person to see" + ("; page Jobs" if waiting else ""))

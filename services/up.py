"""The whole system on embedded defaults: which parts there are, in which order, and how each shows it is ready."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import psycopg
import redis

from services.embedded import fhir_server, postgres, valkey
from services.embedded.account import EmbeddedError
from services.embedded.instance import PROCESSES, Instance, make, prepare
from services.settings import Settings, load
from services.store.engine import connect
from services.store.migrate import migrate
from services.supervisor import Check, Part, Say, Supervisor, command


@dataclass(frozen=True, slots=True)
class Running:
    """A system that is up: its folder (absolute), instance, settings and supervisor."""

    folder: Path
    instance: Instance
    settings: Settings
    supervisor: Supervisor


async def up(
    folder: Path, wanted: Mapping[str, int], say: Say, *, demo_login: bool = False, training: bool = False
) -> Running:
    """Starts everything, of a training instance the worklist alone, and returns once all of it is ready.

    Raises EmbeddedError with one clear line.
    """
    configured = os.environ.get("COUNTERSIGN_FHIR__URL", "")
    # Locked first: a start that is refused must not write over the instance that runs.
    make(folder)
    _lock(folder)
    instance = prepare(folder, wanted, fhir_url=configured, demo_login=demo_login, training=training)
    environment = {**os.environ, **instance.environment(), "COUNTERSIGN_FHIR__URL": instance.fhir_url}
    settings = load(environment)
    supervisor = Supervisor(folder, say)
    try:
        if training:
            await _start_training(supervisor, folder, instance, settings, environment)
        else:
            await _start_all(supervisor, folder, instance, settings, environment, own_fhir=not configured)
    except BaseException:
        await supervisor.stop()
        raise
    return Running(folder, instance, settings, supervisor)


async def _start_all(
    supervisor: Supervisor,
    folder: Path,
    instance: Instance,
    settings: Settings,
    environment: dict[str, str],
    *,
    own_fhir: bool,
) -> None:
    await supervisor.start(_postgres(folder, instance), _valkey(folder, instance))
    await asyncio.to_thread(_migrate, settings)
    fhir = [_fhir(folder, instance, environment)] if own_fhir else []
    await supervisor.start(*fhir, *(_process(name, instance, environment) for name in PROCESSES))


async def _start_training(
    supervisor: Supervisor, folder: Path, instance: Instance, settings: Settings, environment: dict[str, str]
) -> None:
    await supervisor.start(_postgres(folder, instance))
    await asyncio.to_thread(_migrate, settings)
    await supervisor.start(_process("worklist", instance, environment))


def _lock(folder: Path) -> None:
    """One supervisor a folder; the lock lives as long as this process."""
    file = (folder / "lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise EmbeddedError(f"{folder} is in use by another `countersign up` or `demo`") from None
    _LOCKS.append(file)


_LOCKS: list[object] = []


def _postgres(folder: Path, instance: Instance) -> Part:
    placement = postgres.prepare(folder / "postgres", instance.postgres_password)
    argv = postgres.command(placement, instance.ports["postgres"])
    check = _checked(lambda: _postgres_answers(instance))
    return Part("postgres", argv, postgres.environment(), check, placement.user, signal.SIGINT)


def _postgres_answers(instance: Instance) -> None:
    psycopg.connect(_administration(instance)).close()


def _administration(instance: Instance) -> str:
    return (
        f"host=127.0.0.1 port={instance.ports['postgres']} user=countersign password={instance.postgres_password} "
        "dbname=postgres connect_timeout=2"
    )


def _migrate(settings: Settings) -> None:
    database = settings.database
    secret = database.password.get_secret_value()
    target = f"host={database.host} port={database.port} user={database.user} password={secret} dbname=postgres"
    with psycopg.connect(target, autocommit=True) as connection:
        there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database.name,)).fetchone()
        if not there:
            connection.execute(f'CREATE DATABASE "{database.name}"')
    engine = connect(database)
    with engine.begin() as transaction:
        migrate(transaction)
    engine.dispose()


def _valkey(folder: Path, instance: Instance) -> Part:
    port, password = instance.ports["valkey"], instance.valkey_password

    def ping() -> None:
        redis.Redis(port=port, password=password, socket_connect_timeout=2).ping()

    return Part("valkey", valkey.command(folder / "valkey", port, password), dict(os.environ), _checked(ping))


def _fhir(folder: Path, instance: Instance, environment: dict[str, str]) -> Part:
    data = str(folder / "fhir")
    argv, extra = fhir_server.command(instance.ports["fhir"], instance.fhir_url, data, instance.fhir_token)
    return Part("fhir", argv, {**environment, **extra}, _answers(f"{instance.fhir_url}/metadata"))


def _process(name: str, instance: Instance, environment: dict[str, str]) -> Part:
    port = instance.ports[f"health.{name}"]
    # Threads that each keep an arena of their own cost memory on a small machine and gain it nothing.
    env = {"MALLOC_ARENA_MAX": "2", **environment, "COUNTERSIGN_HEALTH__PORT": str(port)}
    probes = f"http://127.0.0.1:{port}"
    return Part(name, command(name), env, _answers(f"{probes}/ready"), alive=_answers(f"{probes}/live"))


def _answers(url: str) -> Check:
    def get() -> None:
        try:
            urlopen(url, timeout=2).close()  # noqa: S310 - our own loopback address
        except HTTPError as error:
            error.close()
            raise OSError(error.code) from None

    return _checked(get)


def _checked(ask: Callable[[], None]) -> Check:
    async def check() -> bool:
        try:
            await asyncio.to_thread(ask)
        except (OSError, psycopg.Error, redis.RedisError):
            return False
        return True

    return check

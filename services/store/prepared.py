"""A connection to PostgreSQL on the running event loop, for statements prepared beforehand.

libpq's own asynchronous calls: no thread to hand over to, and a fraction of a cursor's processor time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Self

from psycopg import AsyncConnection, OperationalError
from psycopg.conninfo import make_conninfo
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult

from services.settings import Database
from services.store.engine import KEEPALIVE, hung_up

_BINARY = Format.BINARY
_TEXT = Format.TEXT
_GOOD = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


class Prepared:
    """One question at a time. The first parameter of a question is text, the others and the answer are binary."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._link = connection.pgconn
        self._link.nonblocking = 1
        self._socket = self._link.socket
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[PGresult] | None = None
        self._found: list[PGresult] = []
        self._loop.add_reader(self._socket, self._readable)
        self._open = True

    @classmethod
    async def open(cls, database: Database, *statements: str) -> Self:
        """Connects and carries out the statements (SET, PREPARE). Raises psycopg.Error."""
        connection = await _connect(database)
        try:
            for statement in statements:
                await connection.execute(statement.encode())
        except BaseException:
            await connection.close()
            raise
        return cls(connection)

    @property
    def hung_up(self) -> bool:
        """Whether something came from a server that was asked nothing: its farewell, or the end of the stream."""
        if self._open and hung_up(self._socket):
            self._shut()
        return not self._open

    async def ask(self, statement: bytes, parameters: Sequence[bytes]) -> PGresult:
        """Executes a prepared statement, which commits itself.

        Raises psycopg.Error: with an SQLSTATE when the server refused, without when the connection broke.
        """
        answer: asyncio.Future[PGresult] = self._loop.create_future()
        self._answer = answer
        formats = [_TEXT, *[_BINARY] * (len(parameters) - 1)]
        self._link.send_query_prepared(statement, parameters, formats, _BINARY)
        self._flush()
        return await answer

    async def close(self) -> None:
        """Ends the connection."""
        self._shut()
        await self._connection.close()

    def _flush(self) -> None:
        """Sends what the socket takes, and the rest when it takes more."""
        try:
            unsent = self._link.flush()
        except OperationalError as error:
            self._broken(error)
            return
        if unsent:
            self._loop.add_writer(self._socket, self._flush)
        else:
            self._loop.remove_writer(self._socket)

    def _readable(self) -> None:
        try:
            self._link.consume_input()
        except OperationalError as error:
            self._broken(error)
            return
        if self._answer is None:
            self._shut()
        else:
            self._collect(self._answer)

    def _collect(self, answer: asyncio.Future[PGresult]) -> None:
        """Takes what has come whole. The rows alone prove nothing: the server sends them before it commits, and it
        has committed when it is ready for the next question (PostgreSQL, message flow of the extended query).
        """
        while not self._link.is_busy():
            found = self._link.get_result()
            if found is None:
                self._settle(answer)
                return
            self._found.append(found)

    def _settle(self, answer: asyncio.Future[PGresult]) -> None:
        found, self._found, self._answer = self._found, [], None
        if answer.done():
            return
        if found and found[0].status not in _GOOD:
            answer.set_exception(error_from_result(found[0]))
        elif len(found) == 1:
            answer.set_result(found[0])
        else:
            answer.set_exception(OperationalError("the connection broke, or the commit failed"))

    def _broken(self, error: OperationalError) -> None:
        self._shut()
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(error)

    def _shut(self) -> None:
        if self._open:
            self._open = False
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)


async def _connect(database: Database) -> AsyncConnection:
    more: dict[str, Any] = {"options": "-c timezone=UTC", **KEEPALIVE}
    where = make_conninfo(
        host=database.host,
        port=database.port,
        dbname=database.name,
        user=database.user,
        password=database.password.get_secret_value(),
        sslmode=database.sslmode,
        connect_timeout=max(1, round(database.connect_timeout)),
        **more,
    )
    return await AsyncConnection.connect(where, autocommit=True)

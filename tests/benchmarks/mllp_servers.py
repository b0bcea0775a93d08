"""The listeners that are measured: ours, and what it is measured beside. Each runs in a process of its own."""

from __future__ import annotations

import asyncio
import os

from services.settings import Database, Mllp
from services.store.frames import array
from services.store.prepared import Prepared

ACK = b"\x0bMSH|^~\\&|CS|CS|BENCH|HOSP|20260102030405||ACK^R01^ACK|1|P|2.5\rMSA|AA|1\r\x1c\r"


async def serve_asyncio(port: int) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await reader.readuntil(b"\x1c\r")
                writer.write(ACK)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port, limit=1 << 25)
    await server.serve_forever()


async def serve_python_hl7(port: int) -> None:
    from hl7.mllp import start_hl7_server

    async def answer(reader: object, writer: object) -> None:
        try:
            while True:
                message = await reader.readmessage()  # type: ignore[attr-defined]
                writer.writemessage(message.create_ack())  # type: ignore[attr-defined]
                await writer.drain()  # type: ignore[attr-defined]
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()  # type: ignore[attr-defined]

    server = await start_hl7_server(answer, host="127.0.0.1", port=port, limit=1 << 25)
    await server.serve_forever()


def serve_hl7apy(port: int) -> None:
    from hl7apy.mllp import AbstractHandler, MLLPServer

    class Answer(AbstractHandler):  # type: ignore[misc]
        def reply(self) -> str:
            return ACK.decode()

    server = MLLPServer("127.0.0.1", port, {"ORU^R01^ORU_R01": (Answer,)})
    server.request_queue_size = 256
    server.serve_forever()


class Floor:
    """A fixed answer after one INSERT for all that came in while the last one was being committed."""

    table = "CREATE TABLE IF NOT EXISTS bench_frame (id bigint GENERATED ALWAYS AS IDENTITY, body bytea)"
    insert = "PREPARE keep (text, bytea[]) AS INSERT INTO bench_frame (body) SELECT unnest($2)"

    def __init__(self, database: Prepared) -> None:
        self._database = database
        self._waiting: list[tuple[bytes, asyncio.StreamWriter]] = []
        self._more = asyncio.Event()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                body = await reader.readuntil(b"\x1c\r")
                self._waiting.append((body, writer))
                self._more.set()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def commit(self) -> None:
        while True:
            await self._more.wait()
            self._more.clear()
            group, self._waiting = self._waiting, []
            await self._database.ask(b"keep", [b"", array([body for body, _ in group])])
            for _, writer in group:
                writer.write(ACK)


async def serve_floor(port: int) -> None:
    floor = Floor(await Prepared.open(_database(), Floor.table, Floor.insert))
    server = await asyncio.start_server(floor.answer, "127.0.0.1", port, limit=1 << 25)
    await asyncio.gather(floor.commit(), server.serve_forever())


def _database() -> Database:
    return Database.model_validate_json(os.environ["BENCH_DATABASE"])


async def serve_countersign(port: int) -> None:
    from integration.hl7v2.senders import Senders
    from services.processes.listener.server import Listener

    listener = Listener(Mllp(port=port), _database(), Senders(), "default")
    async with listener.open():
        await asyncio.Event().wait()


def serve(name: str, port: int) -> None:
    """Runs one server until it is killed."""
    if name == "hl7apy":
        serve_hl7apy(port)
    else:
        coroutines = {
            "asyncio": serve_asyncio,
            "asyncio+insert": serve_floor,
            "python-hl7": serve_python_hl7,
            "countersign": serve_countersign,
        }
        asyncio.run(coroutines[name](port))

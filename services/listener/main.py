"""The MLLP listener: every frame is committed with its answer, then the answer goes out."""

from __future__ import annotations

import asyncio
import signal

from integration.hl7v2.mllp import Deframer, Frame
from integration.hl7v2.msh import read_header
from integration.hl7v2.senders import Senders
from services.listener.committer import Committer, Unknown
from services.pipeline.context import site
from services.pipeline.receive import Arrival
from services.process import Process
from services.settings import Mllp, Settings
from services.store.engine import connect_async
from services.telemetry.logs import log
from services.telemetry.metrics import CONNECTIONS

LOG = log("listener")
CHUNK = 256 * 1024
COMMITTERS = 2


def run(settings: Settings) -> None:
    """Runs until SIGTERM, then lets open connections finish what they have begun."""
    process = Process("listener", settings)
    asyncio.run(_serve(process, settings))


async def _serve(process: Process, settings: Settings) -> None:
    prepared = site(settings)
    engine = connect_async(settings.database)
    committer = Committer(engine, settings.mllp)
    listener = Listener(committer, settings.mllp, prepared.senders)
    committers = [asyncio.create_task(committer.run()) for _ in range(COMMITTERS)]
    server = await asyncio.start_server(listener.connected, settings.mllp.host, settings.mllp.port)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    process.probes.started()
    LOG.info("listening", host=settings.mllp.host, port=settings.mllp.port)
    await stop.wait()
    process.probes.stopping()
    server.close()
    await listener.drain()
    for task in committers:
        task.cancel()
    await engine.dispose()


class Listener:
    """Open connections, each answered in the order of its frames."""

    def __init__(self, committer: Committer, mllp: Mllp, senders: Senders) -> None:
        self._committer = committer
        self._mllp = mllp
        self._senders = senders
        self._open: set[asyncio.Task[None]] = set()
        self._draining = asyncio.Event()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection from its first byte to its last."""
        task = asyncio.current_task()
        if task is None or len(self._open) >= self._mllp.max_connections:
            writer.close()
            return
        self._open.add(task)
        CONNECTIONS.inc()
        try:
            await self._converse(reader, writer)
        except (OSError, TimeoutError, Unknown):
            # The peer left, said nothing for too long, or must send again: closing is the answer.
            pass
        finally:
            CONNECTIONS.dec()
            self._open.discard(task)
            writer.close()

    async def drain(self) -> None:
        """Ends idle connections at once and the others when they have been answered."""
        self._draining.set()
        if self._open:
            await asyncio.wait(self._open, timeout=self._mllp.drain_timeout)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = str((writer.get_extra_info("peername") or ("",))[0])
        deframer = Deframer(self._mllp.max_bytes)
        while data := await self._read(reader):
            waiting = [
                asyncio.ensure_future(self._committer.submit(self._arrival(frame, peer)))
                for frame in deframer.feed(data)
            ]
            for answer in waiting:
                writer.write(await answer)
            await writer.drain()

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        """The next bytes; b"" at the end of the connection or of our own time."""
        read = asyncio.ensure_future(reader.read(CHUNK))
        told = asyncio.ensure_future(self._draining.wait())
        done, pending = await asyncio.wait(
            {read, told}, timeout=self._mllp.idle_timeout, return_when=asyncio.FIRST_COMPLETED
        )
        for task in pending:
            task.cancel()
        return read.result() if read in done else b""

    def _arrival(self, frame: Frame, peer: str) -> Arrival:
        header = read_header(frame.body)
        names = (header.sending_application, header.sending_facility) if header else ("", "")
        return Arrival(frame, peer, self._senders.find(*names).site)

"""The worklist's process."""

from __future__ import annotations

import gc
import socket

import uvicorn

from services.process import Process
from services.settings import Settings
from services.store.engine import connect
from services.telemetry.logs import log
from services.web.app import create_app, warm

GRACE_SECONDS = 3
BACKLOG = 512
LOG = log("worklist")


class Server(uvicorn.Server):
    """Says that it is ready once it serves, and that it is not before it stops."""

    process: Process

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Binds nothing: the socket is open already."""
        await super().startup(sockets)
        # What stands now stands until the end: looking through it for garbage would stop every request meanwhile.
        gc.collect()
        gc.freeze()
        self.process.probes.started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Requests under way get GRACE_SECONDS to end."""
        self.process.probes.stopping()
        await super().shutdown(sockets)


def run(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT. Raises WorklistError, OSError (port taken) with one clear line."""
    process = Process("worklist", settings)
    app = create_app(settings)
    address = (settings.worklist.host, settings.worklist.port)
    with socket.create_server(address, backlog=BACKLOG, reuse_port=False) as listening:
        process.stop_on_signals()
        engine = connect(settings.database)
        ready = process.wait_for_database(engine)
        engine.dispose()
        if ready:
            warm(app)
            LOG.info("serving", host=address[0], port=address[1])
            _serve(process, app, listening, settings.worklist.proxies)


def _serve(process: Process, app: object, listening: socket.socket, proxies: list[str]) -> None:
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        timeout_graceful_shutdown=GRACE_SECONDS,
        forwarded_allow_ips=proxies,
        server_header=False,
        # Addresses of pages name reports and searches name patients: neither goes into a log.
        access_log=False,
        log_config=None,
    )
    server = Server(config)
    server.process = process
    server.run(sockets=[listening])

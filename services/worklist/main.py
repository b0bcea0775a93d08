"""The worklist's process."""

from __future__ import annotations

import uvicorn

from services.process import Process
from services.settings import Settings
from services.worklist.app import create_app

GRACE_SECONDS = 5


def run(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT; requests under way get GRACE_SECONDS to end."""
    process = Process("worklist", settings)
    config = uvicorn.Config(
        create_app(settings),
        host=settings.worklist.host,
        port=settings.worklist.port,
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
        # Addresses of pages name reports and searches name patients: neither goes into a log.
        access_log=False,
        log_config=None,
    )
    server = uvicorn.Server(config)
    process.probes.ready_when(lambda: "" if server.started and not server.should_exit else "not serving")
    process.probes.started()
    server.run()

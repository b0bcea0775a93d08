"""The listener process: from the settings to SIGTERM."""

from __future__ import annotations

import asyncio
import signal

from services.process import Process
from services.processes.listener.server import Listener
from services.settings import Settings
from services.telemetry.logs import log
from services.workflow.context import site

LOG = log("listener")


def run(settings: Settings) -> None:
    """Listens until SIGTERM or SIGINT, then drains; SIGHUP loads renewed certificates.

    Raises ListenerError, TlsError and SenderError, each with one line that says what to do.
    """
    asyncio.run(_serve(Process("listener", settings), settings))


async def _serve(process: Process, settings: Settings) -> None:
    senders = site(settings).senders
    listener = Listener(settings.mllp, settings.database, senders, settings.site)
    process.probes.ready_when(lambda: listener.commits.failing)
    async with listener.open():
        told = _signals(listener)
        process.probes.started()
        LOG.info("listening", host=settings.mllp.host, port=listener.port)
        await told.wait()
        process.probes.stopping()


def _signals(listener: Listener) -> asyncio.Event:
    """The event SIGTERM and SIGINT set."""
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    loop.add_signal_handler(signal.SIGHUP, listener.renew_soon)
    return told

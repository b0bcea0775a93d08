"""The subscriber: hears of DiagnosticReports from the FHIR server, by notification and by polling."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal

import uvicorn

from integration.fhir.capability import Capabilities, capabilities
from integration.fhir.client import AsyncClient
from integration.fhir.errors import FhirError
from services.process import Process
from services.processes.subscriber.events import Events
from services.processes.subscriber.intake import Intake
from services.processes.subscriber.notifications import make_app
from services.processes.subscriber.polling import Poller
from services.processes.subscriber.registration import Keeper, choices
from services.settings import Settings
from services.store.engine import connect_async
from services.telemetry.logs import log
from services.workflow.context import endpoint, systems

LOG = log("subscriber")
RETRY_SECONDS = 2.0


def run(settings: Settings) -> None:
    """Runs until SIGTERM."""
    process = Process("subscriber", settings)
    asyncio.run(_run(process, settings))


async def _run(process: Process, settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if settings.fhir.url is None:
        LOG.warning("no FHIR server is configured: nothing to subscribe to")
        process.probes.started()
        await stop.wait()
        return
    work = asyncio.create_task(_work(process, settings))
    await asyncio.wait({work, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
    process.probes.stopping()
    work.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await work


async def _work(process: Process, settings: Settings) -> None:
    engine = connect_async(settings.database)
    # Without a configured secret one is made for this run: then only the server we told it can be believed.
    secret = settings.fhir.notify_secret.get_secret_value() or secrets.token_urlsafe(32)
    async with AsyncClient(endpoint(settings.fhir)) as client:
        found = await _reach(client)
        intake = Intake(engine, client, settings, systems(settings))
        poller = Poller(engine, client, intake, settings)
        events = Events(client, intake, poller.wake, number=None, recover=found.events)
        poller.number = lambda: events.number
        app = make_app(intake, events, secret, poller.wake)
        chosen = choices(settings.fhir, found, secret, systems(settings))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_server(app, settings).serve())
            tasks.create_task(intake.run())
            tasks.create_task(poller.run(found))
            if chosen:
                tasks.create_task(Keeper(client, chosen).run())
            process.probes.started()


def _server(app: object, settings: Settings) -> uvicorn.Server:
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=settings.fhir.notify_host,
        port=settings.fhir.notify_port,
        log_config=None,
        access_log=False,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    # Signals are ours to handle: the whole process stops, not the endpoint alone.
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    return server


async def _reach(client: AsyncClient) -> Capabilities:
    """Waits, saying so once, for the FHIR server's CapabilityStatement."""
    said = False
    while True:
        try:
            return await client.run(capabilities())
        except FhirError as error:
            if not said:
                LOG.warning("waiting", reason=str(error))
                said = True
            await asyncio.sleep(RETRY_SECONDS)

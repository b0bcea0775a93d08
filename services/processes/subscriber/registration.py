"""Our Subscription on the FHIR server: made, found again, mended, and kept alive."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from integration.fhir.capability import Capabilities
from integration.fhir.client import AsyncClient
from integration.fhir.errors import FhirError
from integration.fhir.exchange import Exchange, create, delete, search_all, update
from integration.fhir.lenient import version_of
from integration.fhir.subscription import rest_hook, same_place, same_subscription, suitable_topic, topic
from integration.fhir.systems import Json, Systems
from services.processes.subscriber.notifications import PATH
from services.settings import Fhir
from services.telemetry.logs import log

LOG = log("subscriber")
CHECK_SECONDS = 60.0
# Seconds between looks: the first while all is well, the others while the Subscription is not active yet.
PATIENCE = (CHECK_SECONDS, 2.0, 5.0, 5.0, 20.0)
HEARTBEAT_SECONDS = 60
WORKING = ("requested", "active")


@dataclass(frozen=True)
class State:
    """The Subscription as the server has it."""

    reference: str
    status: str


def choices(fhir: Fhir, capabilities: Capabilities, secret: str, systems: Systems) -> list[Json]:
    """The Subscriptions to try, in order; empty where polling has to do.

    `auto` prefers rest-hook: its criteria name every status we take in, while what triggers a topic is the
    server's decision. A topic adds event numbers and is the second choice.
    """
    endpoint = (fhir.notify_url or f"http://{fhir.notify_host}:{fhir.notify_port}").rstrip("/") + PATH
    about_reports = suitable_topic(capabilities.topics)
    found: list[Json] = []
    if fhir.subscription in ("auto", "rest-hook") and capabilities.rest_hook:
        found.append(rest_hook(endpoint, secret, systems, payload=True))
    if fhir.subscription in ("auto", "topic") and about_reports:
        found.append(topic(about_reports, endpoint, secret, systems, heartbeat=HEARTBEAT_SECONDS))
    return found


def ensure(subscription: Json, *, renew: bool) -> Exchange[State]:
    """Our one Subscription of this kind, made or mended if need be; others towards our endpoint are removed.

    `renew` writes it again even where it looks right: our secret is new with each start, and a server may hide
    the header that carries it.
    """
    ours = []
    for existing in (yield from search_all("Subscription", [("_count", "100")])):
        if same_subscription(existing, subscription):
            ours.append(existing)
        elif same_place(existing, subscription):
            yield from delete(f"Subscription/{existing['id']}")
    if not ours:
        return State((yield from create(subscription)).reference, "requested")
    for spare in ours[1:]:
        yield from delete(f"Subscription/{spare['id']}")
    return (yield from _mended(ours[0], subscription, renew=renew))


def _mended(existing: Json, subscription: Json, *, renew: bool) -> Exchange[State]:
    reference, status = f"Subscription/{existing['id']}", str(existing.get("status", ""))
    if status in WORKING and not renew:
        return State(reference, status)
    version = version_of(existing)
    yield from update({**subscription, "id": existing["id"]}, version)
    return State(reference, "requested")


class Keeper:
    """Keeps one working Subscription, going to the next choice where one does not come to life."""

    def __init__(self, client: AsyncClient, chosen: list[Json]) -> None:
        self._client = client
        self._chosen = chosen
        self._failures = 0
        self._renew = True
        self.state = State("", "")

    async def run(self) -> None:
        """Looks now and then until cancelled."""
        while True:
            await self.look()
            if self._failures >= len(PATIENCE) and len(self._chosen) > 1:
                del self._chosen[0]
                self._failures, self._renew = 0, True
                continue
            await asyncio.sleep(PATIENCE[self._failures] if self._failures < len(PATIENCE) else CHECK_SECONDS)

    async def look(self) -> None:
        """One look, mending what is off."""
        try:
            state = await self._client.run(ensure(self._chosen[0], renew=self._renew))
        except FhirError as error:
            LOG.warning("not subscribed", reason=str(error))
            self._failures += not error.retryable
            return
        self._renew = False
        self._failures = 0 if state.status == "active" else self._failures + 1
        if state != self.state:
            LOG.info("subscription", endpoint=state.reference, state=state.status)
            self.state = state

"""Our Subscription on the FHIR server: made, found again, and made active again when it went off."""

from __future__ import annotations

import asyncio

from integration.fhir.capability import Capabilities
from integration.fhir.client import AsyncClient
from integration.fhir.errors import FhirError
from integration.fhir.exchange import Exchange, create, read, search, update
from integration.fhir.subscription import rest_hook, same_subscription, topic
from integration.fhir.systems import Json, Systems
from services.settings import Fhir
from services.subscriber.notifications import PATH
from services.telemetry.logs import log

LOG = log("subscriber")
CHECK_SECONDS = 60.0
WORKING = ("requested", "active")


def wanted(fhir: Fhir, capabilities: Capabilities, systems: Systems) -> Json | None:
    """The Subscription this server should have; None where polling has to do."""
    endpoint = (fhir.notify_url or f"http://{fhir.notify_host}:{fhir.notify_port}") + PATH
    secret = fhir.notify_secret.get_secret_value()
    topics = [url for url in capabilities.topics if "diagnosticreport" in url.lower()]
    if fhir.subscription in ("auto", "topic") and topics:
        return topic(topics[0], endpoint, secret, systems)
    if fhir.subscription in ("auto", "rest-hook") and capabilities.rest_hook:
        return rest_hook(endpoint, secret, systems, payload=True)
    return None


def ensure(subscription: Json) -> Exchange[str]:
    """The reference of our active Subscription, made or mended if need be."""
    page = yield from search("Subscription", [("_count", "100")])
    for existing in page.resources:
        if same_subscription(existing, subscription):
            reference = f"Subscription/{existing['id']}"
            if existing.get("status") not in WORKING:
                current = yield from read(reference)
                yield from update(
                    {**current, "status": "requested"}, str((current.get("meta") or {}).get("versionId", ""))
                )
            return reference
    return (yield from create(subscription)).reference


async def keep_alive(client: AsyncClient, subscription: Json) -> None:
    """Checks the Subscription now and then until cancelled."""
    said = ""
    while True:
        try:
            reference = await client.run(ensure(subscription))
            if reference != said:
                LOG.info("subscribed", endpoint=reference)
                said = reference
        except FhirError as error:
            LOG.warning("not subscribed", reason=str(error))
        await asyncio.sleep(CHECK_SECONDS)

"""Event numbers of a topic subscription: noticing what never arrived, and getting it after all."""

from __future__ import annotations

from collections.abc import Callable

from integration.fhir.client import AsyncClient
from integration.fhir.errors import FhirError
from integration.fhir.notification import Kind, Notification, events_between, missing_events
from services.processes.subscriber.intake import Intake
from services.telemetry.logs import log

LOG = log("subscriber")
MOST_RECOVERED = 1000


class Events:
    """The last event number seen. `number` is None until known; polling covers whatever came before.

    `recover`: whether the server has $events; else, and whenever that fails, `poll` is called.
    """

    def __init__(
        self, client: AsyncClient, intake: Intake, poll: Callable[[], None], *, number: int | None, recover: bool
    ) -> None:
        self.number = number
        self.gaps = 0
        self._client = client
        self._intake = intake
        self._poll = poll
        self._recover = recover

    async def hear(self, seen: Notification) -> None:
        """Compares a notification's numbers with the last; recovers what is missing."""
        latest = max(seen.numbers, default=seen.count)
        if latest is None:
            return
        known, self.number = self.number, latest
        if seen.kind is Kind.HANDSHAKE or known is None:
            self._poll()
        elif latest < known:
            # Counted anew, or one that was overtaken: the numbers prove nothing, so look.
            self.number = known if seen.kind is Kind.EVENTS else latest
            self._poll()
        else:
            await self._fill(missing_events(known, seen), seen.subscription)

    async def _fill(self, missing: range, subscription: str) -> None:
        if not missing:
            return
        self.gaps += 1
        LOG.warning("events missing", count=len(missing))
        if not self._recover or len(missing) > MOST_RECOVERED or not subscription:
            return self._poll()
        reference = "/".join(subscription.split("/")[-2:])
        try:
            found = await self._client.run(events_between(reference, missing))
        except FhirError:
            return self._poll()
        heard = [self._intake.hear(hint) for hint in found.hints]
        if not all(heard) or not set(missing) <= set(found.numbers):
            self._poll()
        return None

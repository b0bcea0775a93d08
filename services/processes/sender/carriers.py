"""Who a sender's loop brings deliveries to: the FHIR server, or a receiver of webhooks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import Connection, Engine

from services.domain.deliveries import Delivery
from services.store import deliveries
from services.workflow import signing, webhooks
from services.workflow.delivery import FhirTarget, send
from services.workflow.signing import Terms
from services.workflow.webhooks import Hook

# Seconds between looks for critical results that nobody was told of.
LOOK = 5.0


class Carrier(Protocol):
    """One destination. `name` is said where it is away; `at_once` deliveries are under way at most."""

    name: str
    at_once: int

    def claim(self, connection: Connection, most: int) -> list[Delivery]:
        """Leases what is due."""

    def send(self, engine: Engine, rows: Sequence[Delivery]) -> list[str]:
        """Carries leased deliveries out and settles them; how each ended."""


class FhirCarrier:
    """To the FHIR server; enough at once that it always has the next one, also while others are read or settled."""

    name, at_once = "the FHIR server", 8

    def __init__(self, target: FhirTarget) -> None:
        self._target = target
        self._terms = Terms.of(target.settings, {})

    def claim(self, connection: Connection, most: int) -> list[Delivery]:
        """Leases what is due, of signatures that stand now too."""
        # Also where no worklist runs: a signature whose window has ended waits for nobody.
        signing.release_due(connection, self._terms)
        return deliveries.claim(connection, self._target.settings.queue, most)

    def send(self, engine: Engine, rows: Sequence[Delivery]) -> list[str]:
        """As services.workflow.delivery.send."""
        return send(engine, rows, self._target)


class WebhookCarrier:
    """To one receiver of webhooks."""

    at_once = 4

    def __init__(self, hook: Hook) -> None:
        self.name = f"webhook {hook.name}"
        self._hook = hook
        self._looked = -LOOK

    def claim(self, connection: Connection, most: int) -> list[Delivery]:
        """Leases what is due, of results that became overdue too."""
        settings = self._hook.settings
        if time.monotonic() - self._looked >= LOOK:
            webhooks.tell_overdue(connection, settings)
            self._looked = time.monotonic()
        return deliveries.claim(connection, settings.queue, most, webhook=self._hook.name)

    def send(self, engine: Engine, rows: Sequence[Delivery]) -> list[str]:
        """As services.workflow.webhooks.send."""
        return webhooks.send(engine, rows, self._hook)

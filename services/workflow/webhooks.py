"""Webhooks: other programs told that a report was signed, or that a critical result was told to nobody in time.

An event is a delivery of the kind `webhook` in the outbox. Its body is made from the rows when it is sent and holds
ids and links, never what a report says (docs/webhooks.md).
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine

from integration.canonical import Processing
from integration.fhir.client import tls_context
from integration.webhooks import NoAnswer, Receiver, keys_of
from services.domain.deliveries import Delivery
from services.domain.reports import Json
from services.domain.words import DeliveryKind, WebhookEvent
from services.settings import PREFIX, Settings, SettingsError, Webhook
from services.store import advisories, deliveries, reviews
from services.store.outage import is_outage
from services.telemetry import traces
from services.telemetry.logs import log
from services.telemetry.metrics import WRITE_SECONDS
from services.workflow.dead_letters import bury_delivery
from services.workflow.settling import postponed, settled

LOG = log("delivery")
REFUSALS = 10
"""Attempts after which an answer that says neither "taken" nor "later" is believed."""
NEWS = timedelta(days=7)
"""What was overdue longer ago is no event any more, so that a webhook set up today tells nothing of last year."""


@dataclass(frozen=True)
class Hook:
    """A receiver with its name, the site's other settings and the environment it names its secret in."""

    name: str
    receiver: Receiver
    settings: Settings


def hooks(settings: Settings, environ: Mapping[str, str] = os.environ) -> list[Hook]:
    """Every receiver of the settings. Raises SettingsError naming the receiver and what is wrong."""
    return [Hook(name, _receiver(name, each, environ), settings) for name, each in settings.webhooks.items()]


def _receiver(name: str, hook: Webhook, environ: Mapping[str, str]) -> Receiver:
    where = f"{PREFIX}WEBHOOKS [{name}]"
    try:
        secret = hook.secret_file.read_text() if hook.secret_file else environ.get(hook.secret_env, "")
        tls = tls_context(str(hook.ca)) if hook.ca else None
        return Receiver(str(hook.url), keys_of(secret), tls)
    except OSError as error:
        raise SettingsError(f"{where}: cannot use {hook.ca or hook.secret_file}: {error.strerror or error}") from None
    except ValueError as error:
        source = hook.secret_file or f"the variable {hook.secret_env}"
        raise SettingsError(f"{where}: {source}: {error}") from None


def wanted(settings: Settings, event: WebhookEvent, site: str) -> list[str]:
    """The receivers that want an event of a site, by name."""
    return [name for name, each in settings.webhooks.items() if event in each.events and site in (each.sites or [site])]


def tell_overdue(connection: Connection, settings: Settings) -> int:
    """An event for each critical result that just became overdue, to whoever wants it; how many results those are."""
    found = advisories.note_overdue(connection, settings.worklist.critical_target, NEWS)
    for each in found if settings.webhooks else ():
        if each.processing != Processing.PRODUCTION:
            continue
        for name in wanted(settings, WebhookEvent.NOT_COMMUNICATED, each.site_id):
            detail = {"event": WebhookEvent.NOT_COMMUNICATED, "advisory": each.id}
            deliveries.add(
                connection, site_id=each.site_id, kind=DeliveryKind.WEBHOOK, report_id=each.report_id,
                version_id=each.version_id, destination=name, detail=detail,
            )  # fmt: skip
    return len(found)


def send(engine: Engine, rows: Sequence[Delivery], hook: Hook) -> list[str]:
    """Sends leased events one after the other; of each `sent`, `postponed`, `dead`, `stale` or `returned`.

    `returned`: given back untried, since the receiver did not take one before it.
    """
    ends: list[str] = []
    for row in rows:
        ends.append(_carry(engine, row, hook))
        if ends[-1] == "postponed":
            break
    if left := rows[len(ends) :]:
        with engine.begin() as connection:
            deliveries.give_back_untried(connection, left)
    return ends + ["returned"] * len(left)


def _carry(engine: Engine, row: Delivery, hook: Hook) -> str:
    try:
        with engine.connect() as connection:
            body = body_of(connection, row, hook.settings)
        with traces.span("delivery", link=row.trace, delivery=row.id), WRITE_SECONDS.labels(row.kind).time():
            answer = hook.receiver.post(message_id(row, hook.settings), body)
    except NoAnswer as fault:
        return postponed(engine, row, str(fault), hook.settings.queue)
    except Exception as error:
        if is_outage(error):
            raise
        return _give_up(engine, row, f"{type(error).__name__} while the event was made")
    if answer.taken:
        return settled(engine, "sent", lambda within: deliveries.close(within, row, "sent"))
    reason = f"answered {answer.status}"
    if answer.gone or (not answer.later and row.attempts >= REFUSALS):
        return _give_up(engine, row, reason)
    return postponed(engine, row, reason, hook.settings.queue, answer.retry_after)


def _give_up(engine: Engine, row: Delivery, reason: str) -> str:
    """A person is told, and later events go on."""
    return settled(engine, "dead", lambda within: bury_delivery(within, row, reason))


def message_id(row: Delivery, settings: Settings) -> str:
    """The same at every attempt, of no other event; also where a restored database counts anew."""
    name = f"{settings.canonical_base}/delivery/{row.id}/{row.created_at.isoformat()}"
    return f"msg_{uuid.uuid5(uuid.NAMESPACE_URL, name).hex}"


def body_of(connection: Connection, row: Delivery, settings: Settings) -> bytes:
    """What is sent of an event: ids, times and links as they stand now."""
    base = settings.worklist.address
    data: Json = {
        "site": row.site_id,
        "report_id": row.report_id,
        "version_id": row.version_id,
        "review_id": reviews.id_of_report(connection, row.report_id),
        "delivery_id": row.id,
        "links": {
            "page": f"{base}/reports/{row.report_id}",
            "api": f"{base}/api/v1/reports/{row.report_id}",
            "trace": f"{base}/trace?id=delivery/{row.id}",
        },
    }
    if row.event == WebhookEvent.NOT_COMMUNICATED:
        data |= {"advisory_id": row.detail["advisory"], **advisories.since(connection, row.detail["advisory"])}
    made = {"type": row.event, "timestamp": _moment(row.created_at), "data": data}
    return json.dumps(made, separators=(",", ":")).encode()


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

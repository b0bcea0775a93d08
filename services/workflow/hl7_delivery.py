"""Signed findings to the interface engine: one message at a time, in order, until each is acknowledged.

A broken connection, silence, AE and CE are tried again under the same MSH-10; AR and CR stop the queue of that
destination until a person has decided, since what comes after may rest on what was refused.
"""

from __future__ import annotations

import asyncio
import ssl
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine

from integration.canonical import Finding, Identifier, Person, Quote, Suggestion, Verdict
from integration.hl7v2.client import Answer, MllpClient, NoAnswer, Unreachable, tls_context
from integration.hl7v2.outbound import Envelope, InvalidMessage, Signature, SignedFinding, build_oru
from services.domain.deliveries import Delivery
from services.domain.reports import Suggestion as Suggested
from services.settings import Settings, SettingsError, Writeback
from services.store import deliveries, people, reports
from services.telemetry.metrics import WRITE_SECONDS
from services.workflow.dead_letters import bury_delivery
from services.workflow.resources import Rows, collect
from services.workflow.settling import given_up, postponed, settled

_SAID = ("approved", "edited")
_TAKEN_BACK = "withdrawn"


class EngineLink:
    """The kept connection to one interface engine (`host:port`), for one thread."""

    def __init__(self, destination: str, *, within: float = 30, tls: ssl.SSLContext | None = None) -> None:
        host, _, port = destination.rpartition(":")
        if not host or not port.isdigit():
            raise SettingsError(f"COUNTERSIGN_WRITEBACK__ORU: {destination!r} is not allowed; write it as host:port")
        self._host, self._port, self._within = host.strip("[]"), int(port), within
        self._tls = tls
        self._runner = asyncio.Runner()
        self._client: MllpClient | None = None

    @classmethod
    def of(cls, writeback: Writeback) -> Self | None:
        """To the engine of the settings; None where none is set. Raises SettingsError."""
        if not writeback.oru:
            return None
        try:
            tls = tls_context(writeback.oru_ca, writeback.oru_certificate)
        except (OSError, ssl.SSLError) as error:
            name = "ORU_CERTIFICATE" if writeback.oru_certificate else "ORU_CA"
            raise SettingsError(f"COUNTERSIGN_WRITEBACK__{name}: cannot be used for TLS: {error}") from None
        return cls(writeback.oru, tls=tls)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._runner.run(self._hang_up())
        self._runner.close()

    def ask(self, body: bytes) -> Answer:
        """Sends a message and waits for its acknowledgement. Raises Unreachable, NoAnswer."""
        return self._runner.run(self._ask(body))

    async def _ask(self, body: bytes) -> Answer:
        try:
            if self._client is None:
                self._client = await MllpClient.connect(self._host, self._port, within=self._within, tls=self._tls)
            return await self._client.ask(body, within=self._within)
        except (NoAnswer, Unreachable):
            await self._hang_up()
            raise

    async def _hang_up(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()


def send_findings(engine: Engine, row: Delivery, link: EngineLink, settings: Settings) -> str:
    """Carries one leased `oru` delivery out and settles it: `sent`, `postponed`, `dead` or `stale`."""
    if ended := given_up(engine, [row], settings.queue):
        return ended[0]
    try:
        with WRITE_SECONDS.labels("oru").time():
            with engine.connect() as connection:
                body = message_of(connection, row, settings)
            answer = link.ask(body)
    except (Unreachable, NoAnswer) as fault:
        return postponed(engine, row, str(fault), settings.queue)
    except InvalidMessage as fault:
        return _stop(engine, row, str(fault))
    if answer.accepted:
        return settled(engine, "sent", lambda within: deliveries.close(within, row, "sent"))
    if answer.retryable:
        return postponed(engine, row, f"answered {answer.code}", settings.queue)
    return _stop(engine, row, f"answered {answer.code}")


def message_of(connection: Connection, row: Delivery, settings: Settings) -> bytes:
    """The ORU^R01 of a delivery; the same bytes however often it is made. Raises InvalidMessage."""
    rows = collect(connection, "signed", row.version_id)
    retracted = bool(row.detail.get("retracted"))
    said = [each for each in rows.suggestions if each.state in (*_SAID, _TAKEN_BACK)]
    return build_oru(
        rows.record,
        [_finding(each, rows, retracted=retracted) for each in said],
        _retraction(connection, row, rows) if retracted else _signature(connection, rows),
        Envelope(
            application=settings.mllp.application,
            facility=settings.mllp.facility,
            control_id=f"CS{row.id}",
        ),
        amended=deliveries.was_sent_before(connection, row),
    )


def _finding(row: Suggested, rows: Rows, *, retracted: bool) -> SignedFinding:
    by_machine = row.origin == "ai" and rows.engine is not None
    verdict = Verdict(
        finding=Finding.model_validate(row.finding),
        status=row.status,
        side=row.side,
        change=row.change,
        quotes=tuple(Quote.model_validate(quote) for quote in row.quotes),
    )
    engine = rows.engine if by_machine else None
    taken_back = retracted or row.state == _TAKEN_BACK or rows.version.state == "retracted"
    suggestion = Suggestion(identifier=row.identifier, verdict=verdict, engine=engine)
    return SignedFinding(suggestion=suggestion, result_status="W" if taken_back else "F")


def _signature(connection: Connection, rows: Rows) -> Signature:
    if rows.signed_at is None:
        raise InvalidMessage("OBR-22: the report version is not signed")
    return Signature(signer=_signer(connection, rows.version.signed_by, rows), signed_at=rows.signed_at)


def _retraction(connection: Connection, row: Delivery, rows: Rows) -> Signature:
    """Who had signed, and when it was taken back; by then the review may be that of a later version."""
    review = reports.review_of(connection, row.report_id)
    return Signature(signer=_signer(connection, review.signed_by if review else None, rows), signed_at=row.created_at)


def _signer(connection: Connection, signed_by: int | None, rows: Rows) -> Person:
    account = people.get_account(connection, signed_by) if signed_by else None
    number = rows.practitioner.rpartition("/")[2]
    return Person(identifier=Identifier(value=number) if number else None, family=account.name if account else "")


def _stop(engine: Engine, row: Delivery, reason: str) -> str:
    return settled(engine, "dead", lambda within: bury_delivery(within, row, reason))

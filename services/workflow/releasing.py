"""A signature that stands: findings are final, in one transaction with one delivery for each destination."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from integration.canonical import Processing, Status, observation_identifier
from services.domain.audit_actions import AuditAction
from services.domain.people import Person
from services.domain.reports import Json, Suggestion
from services.domain.reviews import Draft, LockedReview
from services.domain.words import DeliveryKind, WebhookEvent
from services.settings import Settings
from services.store import advisories, deliveries, people, reviews, signatures
from services.store.clock import NOW
from services.store.reviews import Standing
from services.store.rows import Values
from services.workflow import advising, double_reading, states
from services.workflow.drafting import Claim
from services.workflow.review import note

SUPERSEDED = "superseded by the signed correction"


class Destination(NamedTuple):
    """Of one delivery a Sign makes: its kind and where it goes; of `sites` alone, of all where there are none."""

    kind: str
    name: str
    sites: Sequence[str] = ()


Destinations = Sequence[Destination]


def destinations(settings: Settings) -> list[Destination]:
    """Where a Sign is delivered to."""
    chosen = [Destination("signed", settings.fhir.name)] if settings.fhir.url else []
    chosen += [Destination("oru", settings.writeback.oru)] if settings.writeback.oru else []
    told = [(name, hook) for name, hook in settings.webhooks.items() if WebhookEvent.SIGNED in hook.events]
    return chosen + [Destination(DeliveryKind.WEBHOOK, name, tuple(hook.sites)) for name, hook in told]


def release(connection: Connection, review_id: int, targets: Destinations, double_read_share: float = 0) -> None:
    """A pending signature stands: the drafts under it are final, and go out.

    Where the report has changed since, or something in it is undecided, it does not: the report is to be signed again.
    """
    row = reviews.locked(connection, review_id)
    if row is None or row.signature_by is None:
        # Another process was here first, or it was taken back.
        return
    account = people.get_account(connection, row.signature_by)
    if account is None:
        raise LookupError(f"account {row.signature_by}")
    signer = account.person
    standing = reviews.standing(connection, row.id, row.version_id, signer.id)
    if not _stands(row, standing):
        signatures.drop_signature(connection, row.id)
        note(connection, signer, row, AuditAction.REVIEW_SIGNATURE_CANCELLED, reason=states.SIGNATURE_OVERTAKEN)
        return
    counts = _settle(connection, signer, row, standing)
    counts["advisories"] = advising.settle(connection, signer, row)
    replaced = _withdraw_older(connection, row)
    signatures.release_signature(connection, row.id)
    _deliver(connection, row, targets, replaced)
    if double_reading.is_sampled(row.version_id, double_read_share):
        double_reading.ask_for(connection, row)
    note(connection, signer, row, AuditAction.REVIEW_RELEASE_SIGNATURE, practitioner=signer.practitioner, **counts)


def _stands(row: LockedReview, standing: Standing) -> bool:
    drafted = {each.suggestion_id for each in standing.drafts}
    undecided = [each for each in standing.suggestions if each.origin == "ai" and each.id not in drafted]
    return row.version_state == "current" and not row.held and not undecided


def _settle(connection: Connection, signer: Person, row: LockedReview, standing: Standing) -> dict[str, int]:
    """Moves every suggestion to its final state; how many ended in which."""
    chosen = {each.suggestion_id: each for each in standing.drafts}
    decided = [each for each in standing.suggestions if each.origin != "human"]
    outcomes = [(each.id, *outcome(each, chosen[each.id])) for each in decided]
    reviews.settle(connection, signer.practitioner, outcomes)
    said = [chosen[number] for number, _, values in outcomes if values["reason"] == "replaced"]
    said += [each for each in standing.drafts if each.action == "add"]
    words = {each.id: each for each in decided}
    added = {
        _put_human(connection, signer, row, draft, _quotes(draft, words.get(draft.suggestion_id or 0)), position)
        for position, draft in enumerate(said, 1000)
    }
    _drop_human(connection, signer, standing.suggestions, added)
    return {**Counter(state for _, state, _ in outcomes), "added": len(added)}


def outcome(suggestion: Suggestion, draft: Draft) -> tuple[str, Values]:
    """(state, values) a draft gives a suggestion. Another finding or side is a withdrawal, never an edit."""
    suggested = suggestion.suggested_status or suggestion.status
    asis: Values = {"status": suggested, "suggested_status": None, "critical": suggestion.critical}
    if suggestion.suggested_status:
        asis["critical"] = _is_critical(suggestion, suggested)
    if draft.action == "approve":
        return "approved", {"reason": "", **asis}
    if draft.action == "reject":
        return "rejected", {"reason": draft.reason_code, **asis}
    value = draft.value
    if (value["finding_id"], value["side"]) != (suggestion.finding_id, suggestion.side):
        return "rejected", {"reason": "replaced", **asis}
    edited: Values = {"status": value["status"], "suggested_status": suggested, "reason": ""}
    edited["critical"] = _is_critical(suggestion, value["status"])
    return "edited", edited | ({"quotes": value["quotes"]} if value["quotes"] else {})


def _is_critical(suggestion: Suggestion, status: str) -> bool:
    """Whether a finding with another status than was suggested is one that may not wait."""
    return bool(suggestion.finding["critical"]) and status == "present"


def _quotes(draft: Draft, replaced: Suggestion | None) -> list[Json]:
    """The words a person's finding rests on; another side of the same finding rests on those of the suggestion."""
    same = replaced is not None and replaced.finding_id == draft.value["finding_id"]
    marked: list[Json] = draft.value["quotes"]
    return marked or (list(replaced.quotes) if replaced and same else [])


def _put_human(
    connection: Connection, signer: Person, row: LockedReview, draft: Draft, quotes: Sequence[Json], position: int
) -> int:
    value = {key: item for key, item in draft.value.items() if key != "finding_id"}
    claim = Claim.model_validate(value)
    identifier = observation_identifier(row.key, row.content_hash, claim.finding.id, claim.side)
    return reviews.put_human(
        connection,
        site_id=row.site_id,
        report_id=row.report_id,
        version_id=row.version_id,
        identifier=identifier,
        finding_id=claim.finding.id,
        finding=claim.finding.model_dump(mode="json"),
        side=claim.side,
        status=claim.status,
        quotes=list(quotes),
        critical=claim.finding.critical and claim.status is Status.PRESENT,
        position=position,
        state="approved",
        reason="",
        **_decided_by(signer),
    )


def _drop_human(connection: Connection, signer: Person, suggestions: Iterable[Suggestion], kept: set[int]) -> None:
    """An amended report: what was added before and is not said any more."""
    for suggestion in suggestions:
        if suggestion.origin == "human" and suggestion.id not in kept:
            reviews.set_suggestion(
                connection, suggestion.id, state="rejected", reason="replaced", **_decided_by(signer)
            )


def _withdraw_older(connection: Connection, row: LockedReview) -> list[int]:
    """What was signed for earlier versions does not stand beside the corrected one; which versions."""
    if row.signed_at is None:
        return []
    older = reviews.signed_elsewhere(connection, row.report_id, row.version_id)
    for suggestion in older:
        reviews.set_suggestion(connection, suggestion.id, state="withdrawn", reason=SUPERSEDED, decided_at=NOW)
    advised = advisories.signed_elsewhere(connection, row.report_id, row.version_id)
    for version_id in advised:
        advisories.withdraw(connection, version_id)
    return sorted({suggestion.version_id for suggestion in older}.union(advised))


def _deliver(connection: Connection, row: LockedReview, targets: Destinations, replaced: Sequence[int]) -> None:
    if row.processing is not Processing.PRODUCTION:
        return
    for target in targets:
        if target.sites and row.site_id not in target.sites:
            continue
        if target.kind == DeliveryKind.SIGNED:
            for version_id in replaced:
                _outbox(connection, row, DeliveryKind.WITHDRAWN, version_id, target.name)
        _outbox(connection, row, target.kind, row.version_id, target.name)


def send_again(connection: Connection, row: LockedReview, targets: Destinations) -> None:
    """What stands signed goes out once more, with what was recorded since."""
    _deliver(connection, row, targets, ())


def _outbox(connection: Connection, row: LockedReview, kind: str, version_id: int, destination: str) -> None:
    event = {"event": WebhookEvent.SIGNED} if kind == DeliveryKind.WEBHOOK else {}
    deliveries.add(
        connection,
        site_id=row.site_id,
        kind=kind,
        detail=event,
        report_id=row.report_id,
        version_id=version_id,
        destination=destination,
    )


def _decided_by(signer: Person) -> Values:
    return {"decided_by": signer.practitioner, "decided_at": NOW}

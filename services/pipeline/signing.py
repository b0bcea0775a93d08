"""Sign: the one step after which findings are final. One transaction, one delivery for each destination."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping

from integration.canonical import observation_identifier
from services.pipeline import advising, double_reading
from services.pipeline.drafting import Claim
from services.pipeline.refusal import Refused
from services.pipeline.review import Act, check_fit, found, note, stale
from services.settings import Settings
from services.store import advisories, deliveries, reviews
from services.store.jobs import NOW
from services.store.reviews import Standing

SUPERSEDED = "superseded by the signed correction"


def destinations(settings: Settings) -> list[tuple[str, str]]:
    """(kind, destination) of every delivery a Sign makes."""
    chosen = [("signed", settings.fhir.name)] if settings.fhir.url else []
    return chosen + ([("oru", settings.writeback.oru)] if settings.writeback.oru else [])


def sign(connection: Connection, act: Act, targets: Sequence[tuple[str, str]], double_read_share: float = 0) -> None:
    """Makes the drafts final. Sent twice by the same signer (a reply lost on the way), it is done once.

    `double_read_share` of what is signed is to be read a second time, blind.

    Raises Refused and changes nothing: role, Practitioner, claim, revision, anything undecided or unopened.
    """
    _check_signer(act)
    row = found(connection, act.person, act.review_id)
    if _done(act, row):
        return
    check_fit(act, row)
    standing = reviews.standing(connection, row["id"], row["version_id"], act.person.id)
    _check_decided(standing)
    counts = _settle(connection, act, row, standing)
    counts["advisories"] = advising.settle(connection, act, row)
    replaced = _withdraw_older(connection, act, row)
    reviews.sign(connection, act.review_id, act.person.id)
    _deliver(connection, row, targets, replaced)
    if double_reading.is_sampled(row["version_id"], double_read_share):
        double_reading.ask_for(connection, row)
    note(connection, act.person, row, "review.sign", practitioner=act.person.practitioner, **counts)


def _check_signer(act: Act) -> None:
    if not act.person.may("signer"):
        raise Refused("role", "Your account may draft but not sign. Ask an administrator for the signer role.")
    if not act.person.practitioner:
        raise Refused("practitioner", "Your account is not linked to a FHIR Practitioner, so it cannot sign.")


def _done(act: Act, row: RowMapping) -> bool:
    if row["state"] != "signed":
        return False
    if row["signed_by"] == act.person.id and row["revision"] == act.revision + 1:
        return True
    raise stale()


def _check_decided(standing: Standing) -> None:
    drafted = {each["suggestion_id"] for each in standing.drafts}
    ours = [each["id"] for each in standing.suggestions if each["origin"] == "ai"]
    undecided = sum(each not in drafted for each in ours)
    if undecided:
        raise Refused("undecided", f"{undecided} of {len(ours)} findings are not decided yet.")
    unopened = sum(each not in standing.opened for each in ours)
    if unopened:
        raise Refused("unopened", f"You have not opened {unopened} of {len(ours)} findings.")


def _settle(connection: Connection, act: Act, row: RowMapping, standing: Standing) -> dict[str, int]:
    """Moves every suggestion to its final state; how many ended in which."""
    chosen = {each["suggestion_id"]: each for each in standing.drafts}
    decided = [each for each in standing.suggestions if each["origin"] != "human"]
    outcomes = [(each["id"], *outcome(each, chosen[each["id"]])) for each in decided]
    reviews.settle(connection, act.person.practitioner, outcomes)
    said = [chosen[number] for number, _, values in outcomes if values["reason"] == "replaced"]
    said += [each for each in standing.drafts if each["action"] == "add"]
    added = {_put_human(connection, act, row, draft, position) for position, draft in enumerate(said, 1000)}
    _drop_human(connection, act, standing.suggestions, added)
    return {**Counter(state for _, state, _ in outcomes), "added": len(added)}


def outcome(suggestion: RowMapping, draft: RowMapping) -> tuple[str, dict[str, Any]]:
    """(state, values) a draft gives a suggestion. Another finding or side is a withdrawal, never an edit."""
    suggested = suggestion["suggested_status"] or suggestion["status"]
    asis = {"status": suggested, "suggested_status": None}
    if draft["action"] == "approve":
        return "approved", {"reason": "", **asis}
    if draft["action"] == "reject":
        return "rejected", {"reason": draft["reason_code"], **asis}
    value = draft["value"]
    if (value["finding_id"], value["side"]) != (suggestion["finding_id"], suggestion["side"]):
        return "rejected", {"reason": "replaced", **asis}
    edited = {"status": value["status"], "suggested_status": suggested, "reason": ""}
    return "edited", edited | ({"quotes": value["quotes"]} if value["quotes"] else {})


def _put_human(connection: Connection, act: Act, row: RowMapping, draft: RowMapping, position: int) -> int:
    value = {key: item for key, item in draft["value"].items() if key != "finding_id"}
    claim = Claim.model_validate(value)
    identifier = observation_identifier(row["key"], row["content_hash"], claim.finding.id, claim.side)
    return reviews.put_human(
        connection,
        site_id=row["site_id"],
        report_id=row["report_id"],
        version_id=row["version_id"],
        identifier=identifier,
        finding_id=claim.finding.id,
        finding=claim.finding.model_dump(mode="json"),
        side=claim.side,
        status=claim.status,
        quotes=draft["value"]["quotes"],
        critical=claim.finding.critical,
        position=position,
        state="approved",
        reason="",
        **_decided_by(act),
    )


def _drop_human(connection: Connection, act: Act, suggestions: Iterable[RowMapping], kept: set[int]) -> None:
    """An amended report: what was added before and is not said any more."""
    for suggestion in suggestions:
        if suggestion["origin"] == "human" and suggestion["id"] not in kept:
            reviews.set_suggestion(
                connection, suggestion["id"], state="rejected", reason="replaced", **_decided_by(act)
            )


def _withdraw_older(connection: Connection, act: Act, row: RowMapping) -> list[int]:
    """What was signed for earlier versions does not stand beside the corrected one; which versions."""
    if row["signed_at"] is None:
        return []
    older = reviews.signed_elsewhere(connection, row["report_id"], row["version_id"])
    for suggestion in older:
        reviews.set_suggestion(connection, suggestion["id"], state="withdrawn", reason=SUPERSEDED, decided_at=NOW)
    remarked = advisories.signed_elsewhere(connection, row["report_id"], row["version_id"])
    for version_id in remarked:
        advisories.withdraw(connection, version_id)
    return sorted({suggestion["version_id"] for suggestion in older}.union(remarked))


def _deliver(
    connection: Connection, row: RowMapping, targets: Sequence[tuple[str, str]], replaced: Sequence[int]
) -> None:
    for kind, destination in targets:
        if kind == "signed":
            for version_id in replaced:
                _outbox(connection, row, "withdrawn", version_id, destination)
        _outbox(connection, row, kind, row["version_id"], destination)


def _outbox(connection: Connection, row: RowMapping, kind: str, version_id: int, destination: str) -> None:
    deliveries.add(
        connection,
        site_id=row["site_id"],
        kind=kind,
        report_id=row["report_id"],
        version_id=version_id,
        destination=destination,
    )


def _decided_by(act: Act) -> dict[str, Any]:
    return {"decided_by": act.person.practitioner, "decided_at": NOW}

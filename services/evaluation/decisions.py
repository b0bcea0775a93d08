"""A data set from what radiologists signed: their decisions as labels, their reports without people."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from integration.canonical import Report, Status
from services.domain.audit_actions import AuditAction
from services.domain.figures import SignedText
from services.domain.people import Person
from services.domain.reports import Suggestion
from services.evaluation.dataset import Gold, Labelled, Origin
from services.evaluation.deidentify import Unsafe, clean
from services.evaluation.identity import known_of
from services.evaluation.vocabulary import WORD, is_known, vocabulary
from services.figures.shadow import REJECTED, STRENGTH
from services.reading.catalogue import Library
from services.store import audit

NOTHING = "no decision that says what the report asserts"


@dataclass
class Export:
    """What leaves and what stays: `removed` counts by kind, `refused` reports by reason, `suspects` words behind it."""

    items: list[Labelled] = field(default_factory=list)
    removed: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    suspects: set[str] = field(default_factory=set)


def note_export(connection: Connection, person: Person, result: Export, digest: str, user: int) -> None:
    """The audit row of an export that left in a file of that SHA-256; `user`: of the operating system, who took it."""
    detail = {
        "reports": len(result.items),
        "removed": dict(result.removed),
        "refused": dict(result.refused),
        "sha256": digest,
        "user": user,
    }
    audit.append(connection, site=person.site, actor=person.actor, action=AuditAction.DATASET_EXPORT, detail=detail)


def export(
    signed: Iterable[tuple[SignedText, Sequence[Suggestion]]], library: Library, allowed: frozenset[str] = frozenset()
) -> Export:
    """The data set of signed reports, in random order under random names, so that neither leads back."""
    result = Export()
    for report, suggestions in signed:
        gold = labels(suggestions, library)
        if not gold:
            result.refused[NOTHING] += 1
            continue
        try:
            result.items.append(_labelled(report, gold, result.removed, allowed))
        except Unsafe as unsafe:
            result.refused[str(unsafe)] += 1
            result.suspects |= {unsafe.word} - {""}
    secrets.SystemRandom().shuffle(result.items)
    return result


def labels(suggestions: Sequence[Suggestion], library: Library) -> dict[str, Gold]:
    """What was signed, by catalogue id; of a finding on two sides the stronger word."""
    said: dict[str, list[tuple[Status, tuple[str, ...]]]] = {}
    for each in suggestions:
        status = _status(each)
        if status is not None and library.find(each.finding_id):
            quotes = () if status is Status.NOT_MENTIONED or each.state == "rejected" else _quotes(each)
            said.setdefault(each.finding_id, []).append((status, quotes))
    strongest = {finding: min(each, key=lambda one: STRENGTH.index(one[0])) for finding, each in said.items()}
    return {finding: Gold(status=status, quotes=quotes) for finding, (status, quotes) in strongest.items()}


def _status(suggestion: Suggestion) -> Status | None:
    if suggestion.state in ("approved", "edited"):
        return Status(suggestion.status)
    return REJECTED.get(suggestion.reason)


def _quotes(suggestion: Suggestion) -> tuple[str, ...]:
    return tuple(quote["text"] for quote in suggestion.quotes)


def _labelled(report: SignedText, gold: dict[str, Gold], removed: Counter[str], allowed: frozenset[str]) -> Labelled:
    record = Report.model_validate(report.record)
    cleaned = clean(report.text, known_of(record), allowed)
    removed.update(cleaned.removed)
    # A quote that named somebody does not stand in the cleaned text any more.
    standing = {
        finding: label.model_copy(update={"quotes": tuple(quote for quote in label.quotes if quote in cleaned.text)})
        for finding, label in gold.items()
    }
    return Labelled(
        id=f"decision-{secrets.token_hex(6)}",
        text=cleaned.text,
        candidates=tuple(standing),
        gold=standing,
        modality=_plain(record.order.modality),
        body_part=_plain(record.order.body_site),
        catalogue=str((report.engine or {}).get("catalogue", "")),
        tags=("decisions",),
        origin=Origin.DEIDENTIFIED,
    )


def _plain(value: str) -> str:
    """A field of an order, where it is nothing but words of reports."""
    found = WORD.findall(value)
    known = all(is_known(word, vocabulary()) for word in found) and not any(letter.isdigit() for letter in value)
    return value if known and len(found) <= 3 else ""

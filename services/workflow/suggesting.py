"""What readings suggest of a version, as rows: one engine's alone, or a model's joined to what the rules suggested.

Of one version the rules' reading always exists and a model's joins it (docs/reading.md): what nobody has decided takes
the model's verdict, what is drafted stays, and what one of them does not say is a difference that is marked, never a
finding that disappears.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from integration.canonical import Status, Verdict, observation_identifier
from services.domain.reports import StoredReport, Suggestion, Version
from services.domain.words import Origin
from services.reading.agreement import Curve, curve_for
from services.reading.reader import Reading
from services.settings import Settings

Row = dict[str, Any]
POLAR = {Status.PRESENT, Status.ABSENT}
_KEPT = (
    "site_id", "report_id", "version_id", "analysis_id", "identifier", "finding_id", "finding", "side", "status",
    "change", "quotes", "rationale", "rule", "rules_status", "readers", "confidence", "agreement", "calibration_id",
    "critical", "conflict", "unsupported", "position",
)  # fmt: skip


def rows(
    report: StoredReport,
    version: Version,
    reading: Reading,
    rules: Reading,
    settings: Settings,
    curves: Mapping[str, Curve],
) -> list[Row]:
    """What a reading suggests by itself, by column but for the reading's own id; `rules` is the cross-check."""
    shown = [verdict for verdict in reading.verdicts if _is_suggested(verdict, settings)]
    made = (_row(report, version, verdict, reading, rules) | {"position": at} for at, verdict in enumerate(shown))
    return [row | _agreement(row, curves) for row in made]


def joined(fresh: Sequence[Row], before: Sequence[Suggestion], decided: Collection[int], reading: Reading) -> list[Row]:
    """The rows of a model's reading (`fresh`) joined to what was suggested before.

    `decided`: suggestions that a reviewer has a draft on; they keep what they say.
    """
    ours = [each for each in before if each.origin is Origin.AI]
    found = {at: _match(row, ours) for at, row in enumerate(fresh)}
    matched = {each.id for each in found.values() if each}
    news = [row for at, row in enumerate(fresh) if found[at] is None]
    agreed = [_taken(fresh[at], each, decided) for at, each in found.items() if each]
    return [*agreed, *(_unsaid(each, reading) for each in ours if each.id not in matched), *news]


def _match(row: Row, before: Sequence[Suggestion]) -> Suggestion | None:
    """The suggestion of the same finding; a missing side matches any side, so that nothing is written twice."""
    same = [each for each in before if each.finding_id == row["finding_id"]]
    exact = [each for each in same if each.side == row["side"]]
    near = [each for each in same if not each.side or not row["side"]]
    return next(iter(exact or near), None)


def _taken(row: Row, before: Suggestion, decided: Collection[int]) -> Row:
    """A verdict on what was suggested already: it keeps its identity, its place, and any side it had."""
    both = {"readers": before.readers | row["readers"], "conflict": row["conflict"] or before.conflict}
    if before.id in decided or {row["status"], before.status} == POLAR:
        return _as_row(before) | both
    kept = {"identifier": before.identifier, "side": before.side or row["side"], "position": before.position}
    return row | kept | both


def _unsaid(before: Suggestion, reading: Reading) -> Row:
    """What the model does not suggest stays; where it was asserted, that is a difference."""
    said = said_of(reading, before.finding_id, before.side)
    status = said or Status.NOT_MENTIONED
    readers = before.readers | {reading.engine.name: status.value}
    return _as_row(before) | {"readers": readers, "conflict": before.conflict or is_different(before.status, said)}


def _as_row(before: Suggestion) -> Row:
    return {name: getattr(before, name) for name in _KEPT}


def is_different(said: str, other: str | None) -> bool:
    """Whether one asserts a finding that the other denies or does not mention; None was not asked."""
    return (
        other is not None
        and said != other
        and Status.PRESENT in (said, other)
        and Status.UNCERTAIN not in (said, other)
    )


def said_of(reading: Reading, finding_id: str, side: str | None) -> Status | None:
    """What a reading says of a finding on a side, None where it was not asked; a missing side matches any side."""
    about = [verdict for verdict in reading.verdicts if verdict.finding.id == finding_id]
    exact = [verdict.status for verdict in about if (verdict.side or None) == (side or None)]
    near = [verdict.status for verdict in about if not verdict.side or not side]
    return next(iter([*exact, *near]), Status.NOT_MENTIONED if about else None)


def _agreement(row: Row, curves: Mapping[str, Curve]) -> Row:
    """What a vote share is worth; nothing for a reading without votes, or without a curve."""
    curve = curve_for(curves, row["finding_id"])
    if curve is None or row["confidence"] is None:
        return {"agreement": None, "calibration_id": None}
    return {"agreement": curve.at(row["confidence"]), "calibration_id": curve.id}


def _is_suggested(verdict: Verdict, settings: Settings) -> bool:
    """Nothing is suggested of what is not mentioned or folded away; pertinent negatives are a setting."""
    wanted = {Status.PRESENT, Status.UNCERTAIN} | ({Status.ABSENT} if settings.writeback.absent else set())
    return verdict.shown and verdict.status in wanted


def _row(report: StoredReport, version: Version, verdict: Verdict, reading: Reading, rules: Reading) -> Row:
    record = verdict.model_dump(mode="json")
    plain = ("finding", "side", "status", "change", "quotes", "rationale", "rule", "confidence")
    rules_status = said_of(rules, verdict.finding.id, verdict.side)
    return {
        "site_id": version.site_id,
        "report_id": report.id,
        "version_id": version.id,
        "identifier": observation_identifier(report.key, version.content_hash, verdict.finding.id, verdict.side),
        "finding_id": verdict.finding.id,
        "critical": verdict.alarming,
        "unsupported": verdict.unsupported,
        "rules_status": rules_status.value if rules_status else None,
        "readers": dict(_readers(verdict, reading, rules, rules_status)),
        **{name: record[name] for name in plain},
        "conflict": verdict.conflict or is_different(verdict.status, rules_status),
    }


def _readers(
    verdict: Verdict, reading: Reading, rules: Reading, rules_status: Status | None
) -> Iterator[tuple[str, str]]:
    if rules_status:
        yield rules.engine.name, rules_status.value
    yield reading.engine.name, verdict.status.value

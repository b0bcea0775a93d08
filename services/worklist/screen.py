"""The review screen's view: everything its template shows, built from rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, RowMapping

from integration.canonical import Advisory
from services.pipeline import advising
from services.pipeline.advising import LEAVING
from services.pipeline.drafting import REASONS
from services.store import review_screen
from services.store.people import Person
from services.worklist import differences, evidence


@dataclass(frozen=True, slots=True)
class Item:
    """One suggestion on the screen."""

    row: RowMapping
    name: str
    verified: bool
    draft: RowMapping | None
    opened: bool

    @property
    def id(self) -> int:
        """The suggestion's id."""
        return int(self.row["id"])

    @property
    def decided(self) -> bool:
        """Whether a draft or a signature says what becomes of it."""
        return self.draft is not None or self.row["state"] != "proposed"

    @property
    def outcome(self) -> str:
        """approve, edit, reject, or "" while undecided."""
        if self.draft is not None:
            return str(self.draft["action"])
        signed = {"approved": "approve", "edited": "edit", "rejected": "reject"}
        return signed.get(self.row["state"], "")

    @property
    def reason(self) -> str:
        """Why it was rejected, in words."""
        code = self.draft["reason_code"] if self.draft else self.row["reason"]
        return REASONS.get(str(code), str(code))

    @property
    def flagged(self) -> bool:
        """Whether a second look is asked for."""
        return bool(self.row["conflict"] or self.row["unsupported"] or not self.verified)


@dataclass(frozen=True, slots=True)
class Screen:
    """One report under review."""

    row: RowMapping
    person: Person
    items: Sequence[Item]
    additions: Sequence[RowMapping]
    pieces: Sequence[evidence.Piece]
    reading: RowMapping | None
    current: int | None
    lost: Sequence[RowMapping] = ()
    changes: Sequence[differences.Passage] = ()
    priors: Sequence[RowMapping] = ()
    prior_findings: dict[int, list[RowMapping]] = field(default_factory=dict)
    history: Sequence[RowMapping] = ()
    ratings: dict[str, int] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()

    @property
    def mine(self) -> bool:
        """Whether this person may decide: the claim is theirs and the review is open."""
        return (
            self.row["state"] == "claimed"
            and self.row["claim_live"]
            and self.row["claimed_by"] == self.person.id
            and self.row["version_state"] == "current"
            and not self.row["held"]
        )

    @property
    def taken(self) -> bool:
        """Whether somebody else has it open."""
        return bool(self.row["claim_live"] and self.row["claimed_by"] != self.person.id)

    @property
    def names(self) -> dict[int, str]:
        """What is suggested, by the suggestion's id."""
        return {item.id: item.name for item in self.items}

    @property
    def decided(self) -> int:
        """How many suggestions are decided."""
        return sum(item.decided for item in self.items)

    @property
    def complete(self) -> bool:
        """Whether nothing stands between this report and Sign."""
        return self.mine and self.decided == len(self.items)

    @property
    def advisories(self) -> Sequence[dict[str, Any]]:
        """Remarks on the whole report, the critical result first."""
        found = [self._marked(each) for each in self.reading["advisories"]] if self.reading else []
        return sorted(found, key=lambda advisory: advisory["kind"] != "critical_result")

    def _marked(self, advisory: dict[str, Any]) -> dict[str, Any]:
        """`identifier`: "" for one that never leaves; `left_out`: whether the reviewer does not want it sent."""
        said = Advisory.model_validate(advisory)
        name = advising.identifier(self.row["key"], self.row["content_hash"], said) if said.kind in LEAVING else ""
        return {**advisory, "identifier": name, "left_out": name in self.left_out}

    @property
    def engine(self) -> dict[str, Any]:
        """Who read it, at which versions; empty where nobody did."""
        return dict(self.reading["engine"]) if self.reading else {}


def load(
    connection: Connection, person: Person, review_id: int, current: int | None = None, full: bool = True
) -> Screen | None:
    """The screen of a review, None where the person's site has none of that number.

    `full` adds what stands beside the panel: text, priors, changes, history.
    """
    found = review_screen.find(connection, person.site, review_id, person.id, beside=full)
    if found is None:
        return None
    row, drafts = found.header, found.drafts
    by_suggestion = {draft["suggestion_id"]: draft for draft in drafts}
    opened = {each["suggestion_id"]: each["opened_at"] for each in found.opened}
    items = [_item(row, each, by_suggestion, opened) for each in found.suggestions if each["origin"] == "ai"]
    # What may not wait comes first, the rest in catalogue order.
    items.sort(key=lambda item: not (item.row["critical"] and item.row["status"] == "present"))
    shown = {item.id for item in items}
    return Screen(
        row=row,
        person=person,
        items=items,
        additions=[draft for draft in drafts if draft["action"] == "add"],
        lost=[draft for draft in drafts if draft["suggestion_id"] and draft["suggestion_id"] not in shown],
        pieces=_pieces(row, items, found.reading) if full else (),
        reading=found.reading,
        current=current if current in shown else first_open(items),
        ratings={each["item"]: int(each["value"]) for each in found.ratings},
        left_out=frozenset(each["identifier"] for each in found.left_out),
        changes=differences.since_previous(found.texts),
        priors=found.priors,
        prior_findings=_by_report(found.prior_findings),
        history=found.history,
    )


def _by_report(findings: Sequence[RowMapping]) -> dict[int, list[RowMapping]]:
    found: dict[int, list[RowMapping]] = {}
    for each in findings:
        found.setdefault(each["report_id"], []).append(each)
    return found


def _item(header: RowMapping, row: RowMapping, drafts: dict[int | None, RowMapping], opened: dict[int, Any]) -> Item:
    verified = bool(row["quotes"]) and all(evidence.is_verified(header["text"], quote) for quote in row["quotes"])
    return Item(row, row["finding"]["name"], verified, drafts.get(row["id"]), row["id"] in opened)


def _pieces(row: RowMapping, items: Sequence[Item], reading: RowMapping | None) -> list[evidence.Piece]:
    quoted = [(str(item.id), item.row["quotes"]) for item in items]
    flagged = reading["flagged"] if reading else []
    sections = {each["start"]: each["kind"].capitalize() for each in row["record"].get("sections", ())}
    return evidence.pieces(row["text"], evidence.spans(row["text"], quoted, flagged), sections)


def first_open(items: Sequence[Item]) -> int | None:
    """The suggestion to show first: the first undecided, else the first."""
    undecided = (item.id for item in items if not item.decided)
    return next(undecided, items[0].id if items else None)


def next_open(items: Sequence[Item], after: int) -> int | None:
    """The next undecided suggestion after one, going round."""
    ids = [item.id for item in items]
    start = ids.index(after) if after in ids else -1
    ordered = [*items[start + 1 :], *items[: start + 1]]
    return next((item.id for item in ordered if not item.decided), after if after in ids else None)

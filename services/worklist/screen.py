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
from services.store import advisories, audit, ratings, review_screen, reviews
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


def load(connection: Connection, person: Person, row: RowMapping, current: int | None, full: bool = True) -> Screen:
    """The screen of a review. `full` adds what stands beside the panel: text, priors, changes, history."""
    drafts = reviews.drafts(connection, row["id"])
    by_suggestion = {draft["suggestion_id"]: draft for draft in drafts}
    opened = reviews.opened(connection, row["id"], person.id)
    rows = reviews.suggestions(connection, row["version_id"])
    items = [_item(row, each, by_suggestion, opened) for each in rows if each["origin"] == "ai"]
    # What may not wait comes first, the rest in catalogue order.
    items.sort(key=lambda item: not (item.row["critical"] and item.row["status"] == "present"))
    reading = review_screen.reading(connection, row["version_id"])
    shown = {item.id for item in items}
    return Screen(
        row=row,
        person=person,
        items=items,
        additions=[draft for draft in drafts if draft["action"] == "add"],
        lost=[draft for draft in drafts if draft["suggestion_id"] and draft["suggestion_id"] not in shown],
        pieces=_pieces(row, items, reading) if full else (),
        reading=reading,
        current=current if current in shown else first_open(items),
        # Nobody is asked before all is decided.
        ratings=ratings.of_review(connection, row["id"], person.id) if all(item.decided for item in items) else {},
        left_out=_left_out(connection, row, reading),
        **(_beside(connection, row) if full else {}),
    )


def _left_out(connection: Connection, row: RowMapping, reading: RowMapping | None) -> frozenset[str]:
    said = reading is not None and reading["advisories"]
    return advisories.left_out(connection, row["version_id"]) if said else frozenset()


def _item(header: RowMapping, row: RowMapping, drafts: dict[int | None, RowMapping], opened: dict[int, Any]) -> Item:
    verified = bool(row["quotes"]) and all(evidence.is_verified(header["text"], quote) for quote in row["quotes"])
    return Item(row, row["finding"]["name"], verified, drafts.get(row["id"]), row["id"] in opened)


def _pieces(row: RowMapping, items: Sequence[Item], reading: RowMapping | None) -> list[evidence.Piece]:
    quoted = [(str(item.id), item.row["quotes"]) for item in items]
    flagged = reading["flagged"] if reading else []
    sections = {each["start"]: each["kind"].capitalize() for each in row["record"].get("sections", ())}
    return evidence.pieces(row["text"], evidence.spans(row["text"], quoted, flagged), sections)


def _beside(connection: Connection, row: RowMapping) -> dict[str, Any]:
    priors = review_screen.priors(connection, row)
    return {
        "priors": priors,
        "prior_findings": review_screen.signed_findings(connection, [each["report_id"] for each in priors]),
        "changes": differences.since_previous(review_screen.newest_texts(connection, row["report_id"])),
        "history": audit.of_report(connection, row["report_id"]),
    }


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

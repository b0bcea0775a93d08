"""The review screen's view: everything its template shows, built from rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from integration.canonical import Advisory, AdvisoryKind
from services.domain.audit_rows import AuditRow
from services.domain.figures import ExerciseOutcome
from services.domain.people import Person
from services.domain.reports import Json, Suggestion
from services.domain.reviews import Draft
from services.domain.screens import Prior, PriorFinding, ShownReading, UnderReview
from services.domain.words import REVIEW_TO_DO, ReadingState
from services.store import review_screen
from services.web.views import differences, evidence
from services.web.views.dates import age
from services.web.views.folded import Folded, folded
from services.web.views.reading_words import READING_WORDS
from services.web.views.why import why
from services.workflow import advising, contradictions, correcting, model_hold, telling
from services.workflow.advising import LEAVING
from services.workflow.contradictions import NOTHING_TO_REPORT, Contradiction
from services.workflow.correcting import Change
from services.workflow.drafting import REASONS


@dataclass(frozen=True, slots=True)
class Item:
    """One suggestion on the screen."""

    row: Suggestion
    name: str
    verified: bool
    draft: Draft | None
    opened: bool
    why: Sequence[str] = ()

    @property
    def id(self) -> int:
        """The suggestion's id."""
        return self.row.id

    @property
    def decided(self) -> bool:
        """Whether a draft or a signature says what becomes of it."""
        return self.draft is not None or self.row.state != "proposed"

    @property
    def outcome(self) -> str:
        """approve, edit, reject, or "" while undecided."""
        if self.draft is not None:
            return str(self.draft.action)
        signed = {"approved": "approve", "edited": "edit", "rejected": "reject"}
        return signed.get(self.row.state, "")

    @property
    def reason(self) -> str:
        """Why it was rejected, in words."""
        code = self.draft.reason_code if self.draft else self.row.reason
        return REASONS.get(str(code), str(code))

    @property
    def said(self) -> str:
        """What it says, and what stands out of it, for a screen reader."""
        marks = ("critical" if self.critical else "", "quote missing" if self.row.unsupported else "")
        told = "rules and report differ" if self.row.conflict else ""
        return ", ".join(each for each in (self.name, self.row.status, self.row.side, *marks, told) if each)

    @property
    def flagged(self) -> bool:
        """Whether a second look is asked for."""
        return bool(self.row.conflict or self.row.unsupported or not self.verified)

    @property
    def critical(self) -> bool:
        """Whether what stands now, edited or not, may not wait."""
        if self.draft is not None and self.draft.action == "edit":
            value = self.draft.value
            return bool(value["finding"]["critical"]) and value["status"] == "present"
        return self.row.critical and self.row.status == "present"


@dataclass(frozen=True, slots=True)
class Screen:
    """One report under review. `waits`: seconds for which Sign still waits for the model."""

    row: UnderReview
    person: Person
    items: Sequence[Item]
    additions: Sequence[Draft]
    pieces: Sequence[evidence.Piece]
    reading: ShownReading | None
    current: int | None
    corrected: Sequence[Change] = ()
    changes: Sequence[differences.Passage] = ()
    priors: Sequence[Prior] = ()
    prior_findings: dict[int, list[PriorFinding]] = field(default_factory=dict)
    history: Sequence[AuditRow] = ()
    ratings: dict[str, int] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()
    contradictions: Sequence[Contradiction] = ()
    statements: Sequence[Contradiction] = ()
    told: Sequence[Json] = ()
    exercises: Sequence[ExerciseOutcome] = ()
    folded: Sequence[Folded] = ()
    added: int | None = None
    done: str = ""
    waits: float = 0

    @property
    def mine(self) -> bool:
        """Whether this person may decide: the claim is theirs and the review is open."""
        return (
            self.row.state == "claimed"
            and self.row.signature_at is None
            and self.row.claim_live
            and self.row.claimed_by == self.person.id
            and self.row.version_state == "current"
            and not self.row.held
        )

    @property
    def open_to_me(self) -> bool:
        """Whether it is this person's, or will be once the page says that it is on their screen."""
        row = self.row
        may = self.person.may("reviewer", "signer") and row.state in REVIEW_TO_DO and not row.signature_at
        return bool(may and not self.taken and row.version_state == "current" and not row.held)

    @property
    def taken(self) -> bool:
        """Whether somebody else has it open."""
        return bool(self.row.claim_live and self.row.claimed_by != self.person.id)

    @property
    def why_not(self) -> str:
        """Why nothing can be decided here, and what can be done instead; "" where it can."""
        row = self.row
        if self.open_to_me:
            return ""
        if not self.person.may("reviewer", "signer"):
            return "Your role lets you read reports, not decide on them."
        if row.signature_at or row.state == "signed":
            return "This report is signed: amend it to change it."
        if row.held or row.version_state != "current" or row.state == "cancelled":
            return "This report cannot be decided now: what stands above it says why."
        return f"This report is open by {row.claimer}: take it over to decide on it."

    @property
    def sign_label(self) -> str:
        """What Sign says in words; where there is nothing to decide it is a statement of its own."""
        nothing = self.decided == len(self.items) and NOTHING_TO_REPORT in self.said_by_sign
        return "I read it: nothing to report" if nothing else "Sign"

    @property
    def said_by_sign(self) -> list[str]:
        """Codes of what the label of Sign says in words, so that one press says it."""
        return [each.code for each in self.statements if each.code == NOTHING_TO_REPORT]

    @property
    def warnings(self) -> list[Contradiction]:
        """What Sign asks a second word for."""
        return [*self.contradictions, *(each for each in self.statements if each.code != NOTHING_TO_REPORT)]

    @property
    def reading_words(self) -> str:
        """How far the reading came, where nothing is suggested."""
        return READING_WORDS[ReadingState(self.row.reading_state)]

    @property
    def age(self) -> str:
        """The patient's at the exam."""
        record = self.row.record
        return age(record["patient"]["birth_date"], record["observed"] or record["issued"] or self.row.created_at)

    @property
    def known(self) -> dict[str, str]:
        """What links to other systems are filled with."""
        row = self.row
        study, report = row.record["order"]["study_uid"], str(row.report_id)
        return {"accession": row.accession, "patient": row.patient_id, "study": study, "report": report}

    @property
    def names(self) -> dict[int, str]:
        """What is suggested, by the suggestion's id."""
        return {item.id: item.name for item in self.items}

    @property
    def agreeing(self) -> list[Change]:
        """Decisions a correction left standing on the same words, which this person has not looked at since."""
        opened = {item.id for item in self.items if item.opened}
        agreed = [each for each in self.corrected if each.agrees and each.after and each.after.id not in opened]
        return agreed if self.open_to_me else []

    @property
    def last(self) -> Draft | None:
        """What Undo takes back: the decision on what is current, else the one made last."""
        made = [*(item.draft for item in self.items if item.draft), *self.additions]
        current = [each for each in made if self._is_current(each)]
        return max(current or made, key=lambda each: each.decided_at, default=None) if self.open_to_me else None

    def _is_current(self, draft: Draft) -> bool:
        if self.added is not None:
            return draft.id == self.added
        return draft.suggestion_id is not None and draft.suggestion_id == self.current

    @property
    def heard(self) -> str:
        """What a screen reader is told of this panel: what was done, what is current, how much is left."""
        item = next((each for each in self.items if each.id == self.current), None)
        added = next((each for each in self.additions if each.id == self.added), None)
        here = item.said if item and not added else f"{added.value['finding']['name']}, added" if added else ""
        count = f"{self.decided} of {len(self.items)} decided" if self.items else ""
        return ". ".join(each for each in (self.done, here, count) if each)

    @property
    def decided(self) -> int:
        """How many suggestions are decided."""
        return sum(item.decided for item in self.items)

    @property
    def waiting_words(self) -> str:
        """That Sign waits for the model, and how long; "" where it does not, or may be given without it."""
        return model_hold.words(self.waits) if self.waits and not model_hold.may_override(self.row.priority) else ""

    @property
    def complete(self) -> bool:
        """Whether nothing stands between this report and Sign."""
        return self.open_to_me and self.decided == len(self.items) and not self.waiting_words

    @property
    def advisories(self) -> Sequence[Json]:
        """Advisories on the whole report, the critical result first."""
        found = [self._marked(each) for each in self.reading.advisories] if self.reading else []
        return sorted(found, key=lambda advisory: advisory["kind"] != "critical_result")

    def _marked(self, advisory: Json) -> Json:
        """`identifier`: "" for one that never leaves; `left_out`: whether the reviewer does not want it sent."""
        said = Advisory.model_validate(advisory)
        name = advising.identifier(self.row.key, self.row.content_hash, said) if said.kind in LEAVING else ""
        return {**advisory, "identifier": name, "left_out": name in self.left_out}

    @property
    def asks_whom(self) -> bool:
        """Whether there is a critical result of which the report does not say who was told."""
        critical = [each for each in self.advisories if each["kind"] == AdvisoryKind.CRITICAL_RESULT]
        return any(each["detail"].get("communicated") != "yes" and not each["left_out"] for each in critical)

    @property
    def notes(self) -> Sequence[str]:
        """What the source said beside the text, and what of it is not read."""
        return [note for note in self.row.record.get("notes", ()) if not note.startswith("text from ")]

    @property
    def engine(self) -> Json:
        """Who read it, at which versions; empty where nobody did."""
        return self.reading.engine if self.reading else {}


def load(
    connection: Connection,
    person: Person,
    review_id: int,
    parents: Mapping[str, str],
    current: int | None = None,
    full: bool = True,
    threshold: float = 0.9,
    wait_for_model: float = 0,
) -> Screen | None:
    """The screen of a review, None where the person's site has none of that number.

    `full` adds what stands beside the panel: text, priors, changes, history. `threshold`: the least precision of a
    grade that is suggested. `wait_for_model`: minutes from the version's arrival.
    """
    found = review_screen.find(connection, person.site, review_id, person.id, beside=full)
    if found is None:
        return None
    row, drafts = found.header, found.drafts
    by_suggestion = {draft.suggestion_id: draft for draft in drafts}
    items = [_item(row, each, by_suggestion, found.opened) for each in found.suggestions if each.origin == "ai"]
    # What may not wait comes first, the rest in catalogue order.
    items.sort(key=lambda item: not (item.row.critical and item.row.status == "present"))
    shown = {item.id for item in items}
    return Screen(
        row=row,
        person=person,
        items=items,
        additions=[draft for draft in drafts if draft.action == "add"],
        corrected=correcting.changes(found.older, found.suggestions, drafts),
        pieces=_pieces(row, items, found.reading) if full else (),
        reading=found.reading,
        current=current if current in shown else first_open(items),
        ratings=found.ratings,
        left_out=found.left_out,
        contradictions=_contradictions(connection, found, parents),
        statements=_statements(found),
        told=[told for each in found.told.values() for told in each],
        folded=folded(found.folded, {each.finding_id for each in found.suggestions}, threshold),
        changes=differences.since_previous(found.texts),
        priors=found.priors,
        prior_findings=_by_report(found.prior_findings),
        history=found.history,
        waits=model_hold.seconds_left(row.reading_state, row.version_age, wait_for_model),
    )


def _by_report(findings: Sequence[PriorFinding]) -> dict[int, list[PriorFinding]]:
    found: dict[int, list[PriorFinding]] = {}
    for each in findings:
        found.setdefault(each.report_id, []).append(each)
    return found


def _contradictions(
    connection: Connection, found: review_screen.Found, parents: Mapping[str, str]
) -> list[Contradiction]:
    said = contradictions.said(found.suggestions, found.drafts)
    added = any(each.added for each in said)
    denied = review_screen.denied(connection, found.header.version_id) if added else frozenset()
    return contradictions.find(said, parents, denied)


def _statements(found: review_screen.Found) -> list[Contradiction]:
    said = contradictions.said(found.suggestions, found.drafts)
    asked = contradictions.statements(found.header.reading_state, said)
    return asked + telling.untold(critical_of(found), found.told, found.left_out, found.suggestions, found.drafts)


def critical_of(found: review_screen.Found) -> dict[str, Advisory]:
    """The critical results of the reading, by identifier."""
    said = [Advisory.model_validate(each) for each in found.reading.advisories] if found.reading else []
    key, content = found.header.key, found.header.content_hash
    critical = [each for each in said if each.kind is AdvisoryKind.CRITICAL_RESULT]
    return {advising.identifier(key, content, each): each for each in critical}


def _item(header: UnderReview, row: Suggestion, drafts: dict[int | None, Draft], opened: frozenset[int]) -> Item:
    reasons = why(row, header.text, header.record.get("sections", ()))
    verified = bool(row.quotes) and all(evidence.is_verified(header.text, quote) for quote in row.quotes)
    return Item(row, row.finding["name"], verified, drafts.get(row.id), row.id in opened, reasons)


def _pieces(row: UnderReview, items: Sequence[Item], reading: ShownReading | None) -> list[evidence.Piece]:
    quoted = [(str(item.id), item.row.quotes) for item in items]
    flagged = reading.flagged if reading else []
    sections = {each["start"]: each["kind"].capitalize() for each in row.record.get("sections", ())}
    return evidence.pieces(row.text, evidence.spans(row.text, quoted, flagged), sections)


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

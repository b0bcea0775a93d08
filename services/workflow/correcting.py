"""A corrected report against what was suggested of it before: what changed, and what became of each decision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from services.domain.audit_actions import AuditAction
from services.domain.reports import Suggestion
from services.domain.reviews import Draft
from services.domain.words import Carried, Origin
from services.store import openings, reviews
from services.store.earlier_suggestions import suggested_before
from services.workflow.review import Act, held_open, note

Fate = Literal["kept", "moved", "dropped", ""]


@dataclass(frozen=True, slots=True)
class Change:
    """One finding in both versions: what it says, the decision on it, what became of that and why.

    `before`, `after`: None where that version does not suggest it. `fate`: "" where nothing was decided.
    """

    name: str
    before: Suggestion | None
    after: Suggestion | None
    decision: Draft | None
    fate: Fate
    why: str

    @property
    def agrees(self) -> bool:
        """Whether the decision stands on the same words: it can be accepted without being made again."""
        if self.after is None or self.fate not in (Carried.KEPT, Carried.MOVED) or self.after.unsupported:
            return False
        if self.before is None:
            return not self.after.conflict
        return _words(self.before) == _words(self.after) and self.after.conflict <= self.before.conflict


def changes(older: Sequence[Suggestion], current: Sequence[Suggestion], drafts: Sequence[Draft]) -> list[Change]:
    """Finding by finding, those of the corrected version first. `older`: of the version before, and whatever else of
    earlier ones somebody decided on; empty where nothing was suggested before."""
    ours = [each for each in current if each.origin is Origin.AI]
    on = {each.suggestion_id: each for each in drafts if each.suggestion_id is not None}
    if not older and not any(each.carried for each in drafts):
        return []
    pairs = {each.id: _match(each, older, ours) for each in ours}
    matched = {each.id for each in pairs.values() if each}
    now = [_now(each, pairs[each.id], on) for each in ours]
    gone = [_gone(each, ours, on.get(each.id)) for each in older if each.id not in matched]
    return [*now, *gone]


def accept(connection: Connection, act: Act) -> int:
    """Takes over, as seen, every decision that a correction left standing on the same words; how many."""
    row = held_open(connection, act)
    standing = reviews.standing(connection, row.id, row.version_id, act.person.id)
    older = suggested_before(connection, row.report_id, row.version_id)
    agreed = [each.after for each in changes(older, standing.suggestions, standing.drafts) if each.agrees]
    fresh = [each.id for each in agreed if each and each.id not in standing.opened]
    for suggestion_id in fresh:
        openings.open_suggestion(connection, row.site_id, row.id, suggestion_id, act.person.id)
    if fresh:
        note(connection, act.person, row, AuditAction.DRAFT_ACCEPT, suggestions=fresh)
    return len(fresh)


def _match(fresh: Suggestion, older: Sequence[Suggestion], ours: Sequence[Suggestion]) -> Suggestion | None:
    """What was said of the same finding, on its side; on another side where nothing else takes that one."""
    same = [each for each in older if each.finding_id == fresh.finding_id]
    taken = {each.side for each in ours if each.finding_id == fresh.finding_id}
    exact = [each for each in same if each.side == fresh.side]
    return next(iter([*exact, *(each for each in same if each.side not in taken)]), None)


def _now(fresh: Suggestion, before: Suggestion | None, on: dict[int, Draft]) -> Change:
    draft = on.get(fresh.id)
    name = str(fresh.finding["name"])
    if draft is None and before is not None and before.id in on:
        said = " and ".join(_differences(fresh, before))
        return Change(name, before, fresh, on[before.id], "dropped", f"it now says {said}")
    if draft is None or not draft.carried:
        return Change(name, before, fresh, draft, "", _new(fresh, before))
    if draft.carried is Carried.MOVED:
        return Change(name, before, fresh, draft, "moved", "the corrected report says what you said by hand")
    same = before is not None and _words(before) == _words(fresh)
    why = "the corrected report says the same" if same else "the corrected report says the same in other words"
    return Change(name, before, fresh, draft, "kept", why)


def _new(fresh: Suggestion, before: Suggestion | None) -> str:
    if before is None:
        return "new: it was not suggested before"
    said = list(_differences(before, fresh))
    return f"it said {' and '.join(said)}" if said else "as before"


def _gone(before: Suggestion, ours: Sequence[Suggestion], draft: Draft | None) -> Change:
    same = [each for each in ours if each.finding_id == before.finding_id]
    said = [part for each in same for part in _differences(each, before)]
    why = f"the corrected report says {' and '.join(said)}" if said else "the corrected report does not suggest it"
    return Change(str(before.finding["name"]), before, None, draft, "dropped" if draft else "", why)


def _differences(one: Suggestion, other: Suggestion) -> Iterator[str]:
    """What the one says that the other does not."""
    if one.status != other.status:
        yield one.status
    if one.side != other.side:
        yield one.side or "no side"
    if one.unsupported and not other.unsupported:
        yield "it without a quote"


def _words(suggestion: Suggestion) -> list[str]:
    return [" ".join(quote["text"].split()) for quote in suggestion.quotes]

"""The modifier lexicon: words that deny, hedge or set aside what stands in their scope.

The method is that of NegEx and ConText (Chapman 2001, Harkema 2009): a trigger has a kind, a direction and a reach;
the lists are our own, and a trigger may have filler words between its own ("no definite CT evidence of").
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from services.reading.lexicon import lexicon
from services.reading.rules.heads import FINDINGS
from services.reading.rules.tokens import Token, tokenise
from services.reading.rules.wordset import wordset


class Kind(StrEnum):
    """What a modifier does to a finding in its scope."""

    PSEUDO = "pseudo"
    NEGATED = "negated"
    RESOLVED = "resolved"
    UNCERTAIN = "uncertain"
    VERSUS = "versus"
    UNASSESSED = "unassessed"
    HYPOTHETICAL = "hypothetical"
    HISTORY = "history"
    OTHER_PERSON = "other-person"
    PRIOR = "prior-study"
    EXCEPT = "except"


class Trigger(NamedTuple):
    """A modifier's words; `forward`: its scope follows it, else precedes it. `near`: only its own noun phrase."""

    words: tuple[str, ...]
    kind: Kind
    forward: bool
    near: bool


class Hit(NamedTuple):
    """A trigger at tokens [start, end) of a sentence."""

    trigger: Trigger
    start: int
    end: int


FILLERS = wordset(
    """significant significantly definite definitely clear clearly convincing appreciable appreciably substantial
    substantially interval obvious gross grossly ct mr mri radiographic radiographically sonographic
    sonographically imaging mammographic mammographically specific completely entirely currently been be now
    further also definitively either overt frank discrete the any new significant radiologic conclusive
    reliably absolutely necessarily still at this time strongly highly most very somewhat very convincingly
    angiographic intracranial acute been progressive relevant totally wholly fully"""
)
SEEN = sorted(
    wordset(
        """seen identified visualized visualised present evident demonstrated detected noted
    appreciated observed found apparent shown visible discernible depicted recognized recognised encountered imaged
    elicited demonstrable revealed provoked"""
    )
)

_NEAR = wordset(
    """possible possibly any probable probably likely suspected questionable presumed potential borderline versus vs ?
    favored absent negative equivocal non resolved removed questioned doubtful free"""
)

# One word that names the finding and denies it.
SELF_DENYING = wordset(
    """nonaneurysmal nondilated nonenlarged nondistended nonthickened unenlarged undilated unobstructed nonobstructed
    noninflamed"""
)
_SELF_DENYING = Trigger(("non",), Kind.NEGATED, True, True)
# "X is likely." hedges X; "X is likely due to Y" does not.
_TENTATIVE_END = wordset(
    """absent likely possible favored probable presumed suspected questioned none nil limited negative free probably
    considered"""
)
# "X, likely FROM Y" says what X is due to and hedges that alone.
_OPEN_CAUSE = wordset("likely possible possibly probable probably presumed")
# Words that name what did not grow.
_NAMED = 6
_MARKS = wordset(". , ; )")
_MAY_FOLLOW = wordset(
    """. , ; ) given in but and based at on clinically as : seen identified present evident by although though despite
    while whilst on from"""
)


def _lines() -> list[tuple[Kind, bool, str]]:
    found = []
    for head, phrases in lexicon("modifiers").items():
        kind, direction = head.split()
        found += [(Kind(kind), direction == "forward", phrase) for phrase in phrases]
    for verb in SEEN:
        found.append((Kind.NEGATED, False, f"not {verb}"))
        found.append((Kind.NEGATED, False, f"not longer {verb}"))
        found.append((Kind.RESOLVED, False, f"no longer {verb}"))
    return found


@lru_cache(maxsize=1)
def _index() -> dict[str, list[Trigger]]:
    """First word → triggers, longest first."""
    index: dict[str, list[Trigger]] = {}
    for kind, forward, phrase in _lines():
        words = tuple(token.text for token in tokenise(phrase))
        near = len(words) == 1 and words[0] in _NEAR
        index.setdefault(words[0], []).append(Trigger(words, kind, forward, near))
    for triggers in index.values():
        triggers.sort(key=lambda trigger: -len(trigger.words))
    return index


@lru_cache(maxsize=1)
def known_words() -> frozenset[str]:
    """Every word of the lexicon."""
    return FILLERS.union(*(trigger.words for triggers in _index().values() for trigger in triggers))


def find(tokens: tuple[Token, ...]) -> list[Hit]:
    """Modifier triggers of a sentence; the longest wins, both directions of equal length are kept."""
    index = _index()
    said = {token.text for token in tokens}
    hits: list[Hit] = []
    if not SELF_DENYING.isdisjoint(said):
        hits += [Hit(_SELF_DENYING, at, at) for at, token in enumerate(tokens) if token.text in SELF_DENYING]
    if index.keys().isdisjoint(said):
        return hits
    taken = 0
    for at, token in enumerate(tokens):
        if at < taken or token.text not in index:
            continue
        best = _longest(tokens, at, index[token.text], said)
        if best:
            hits += best
            taken = best[0].end
    return hits


def _longest(tokens: tuple[Token, ...], at: int, triggers: list[Trigger], said: set[str]) -> list[Hit]:
    found: list[Hit] = []
    for trigger in triggers:
        if found and len(trigger.words) < len(found[0].trigger.words):
            break
        if trigger.words[-1] not in said:
            continue
        end = _match(tokens, at, trigger.words)
        if end and (not found or end == found[0].end) and not _is_void(tokens, at, end, trigger):
            found.append(Hit(trigger, at, end))
    return found


def _is_void(tokens: tuple[Token, ...], at: int, end: int, trigger: Trigger) -> bool:
    """Whether the words of a trigger at tokens [at, end) say something else here."""
    if trigger.forward:
        return trigger.words == ("no", "enlargement", "of") and not _is_of_finding(tokens[end : end + _NAMED])
    if trigger.words[-1] in _TENTATIVE_END and not _may_end(tokens, end):
        return True
    if trigger.kind is Kind.UNCERTAIN and _is_of_cause(tokens, at, end):
        return True
    if trigger.words == ("likely",) and _is_cut_off(tokens, at):
        return True
    return trigger.kind is Kind.RESOLVED and _is_adjective(tokens, at)


def _is_of_cause(tokens: tuple[Token, ...], at: int, end: int) -> bool:
    """Whether only the cause is open: "atelectasis at the base, LIKELY FROM splinting"."""
    after = tokens[end].text if end < len(tokens) else ""
    return after == "from" and at > 0 and tokens[at - 1].text in (",", "-")


def _is_of_finding(following: tuple[Token, ...]) -> bool:
    """Whether it is a finding that did not grow; "no enlargement of THE HEART" denies that it is large."""
    return any(not FINDINGS.isdisjoint(token.canon) for token in following)


def _is_cut_off(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether a cause was to follow: of a "consolidation PERSISTS LIKELY" only that is lost."""
    return at > 0 and tokens[at - 1].text in ("persists", "persist", "persisting")


def _is_adjective(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether an article makes it an adjective: "at THE RESECTED confluence" resolves nothing before it."""
    return at > 0 and tokens[at - 1].text in ("the", "a", "an", "of")


def _may_end(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether a word may end a remark here; "emboli FREE" does before a mark only: gas is "free IN the abdomen"."""
    if at < len(tokens) and tokens[at].text == "from" and tokens[at - 1].text in _OPEN_CAUSE:
        return False
    follow = _MARKS if tokens[at - 1].text == "free" else _MAY_FOLLOW
    return at >= len(tokens) or tokens[at].text in follow


def _match(tokens: tuple[Token, ...], at: int, words: tuple[str, ...]) -> int:
    """End of the trigger's words from `at`, filler words skipped between them; 0 if they do not stand there."""
    position = at + 1
    for word in words[1:]:
        skipped = 0
        while position < len(tokens) and tokens[position].text != word and tokens[position].text in FILLERS:
            position, skipped = position + 1, skipped + 1
            if skipped > 4:
                return 0
        if position >= len(tokens) or tokens[position].text != word:
            return 0
        position += 1
    return position

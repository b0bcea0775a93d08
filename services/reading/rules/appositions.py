"""A side told beside a phrase: after a comma, in a list of places, a verb that goes on ("but persists ON THE LEFT")."""

from __future__ import annotations

from integration.canonical import Side
from services.reading.rules.anatomy import ANATOMY, is_level
from services.reading.rules.clauses import Clause
from services.reading.rules.heads import FINDINGS
from services.reading.rules.plurals import ENDS, told_in
from services.reading.rules.scope import Parsed
from services.reading.rules.side_words import is_side, sides_in
from services.reading.rules.tokens import Token
from services.reading.rules.verbs import FINITE
from services.reading.rules.words import SIDES
from services.reading.rules.wordset import wordset

_JOINS = wordset(", and & the")
_GOING_ON = wordset("but and which though although")
_ADVERBS = wordset("still now also has have been only again")
_STAYING = FINITE | wordset("persists persist persisting remains confined limited visible")
_OPEN = wordset("excluded exclude possible considered consider ruled")
_DASH = "-"
_ORDINALS = wordset("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth")
_ASPECTS = wordset("anterior posterior medial lateral superior inferior upper lower apical basal middle")
# What a thing looks like, its noun left out.
_LOOKS = wordset(
    """hazy patchy streaky linear heterogeneous confluent dense faint nodular reticular alveolar interstitial basilar
    basal apical perihilar retrocardiac airspace platelike discoid segmental subsegmental mild moderate severe small"""
)
_PLACING = wordset("of in at within on along from to near involving")
_ENDING = FINITE | wordset(", ; with without no but")
# From the other side's word to where it is left, at most.
_LED = 6
# Words of a place, at most.
_LONG = 4
_NOT_IN_PLACES = (FINDINGS - ANATOMY) | {"node"}


def appended(tokens: tuple[Token, ...], end: int) -> Side | None:
    """A side alone after a comma: "thyroid nodule, LEFT"."""
    after = [token.text for token in tokens[end : end + 3]]
    alone = after[:1] == [","] and after[1:2] and after[1] in SIDES and after[2:3] in ([], ["."], [";"], [","])
    return Side(SIDES[after[1]]) if alone else None


def lists_on(tokens: tuple[Token, ...], end: int, side: Side) -> bool:
    """Whether a list of places goes on to the other side: "lesions of the left scapula, RIGHT HUMERUS and T4"."""
    at = end
    while at < len(tokens) and tokens[at].text in _JOINS:
        at += 1
    if at in (end, len(tokens)) or tokens[at].text not in SIDES or not is_side(tokens, at):
        return False
    return SIDES[tokens[at].text] not in (side, "bilateral") and _is_place(tokens, at + 1)


def leads_up(tokens: tuple[Token, ...], start: int, side: Side) -> bool:
    """Whether the other side is told before the phrase: "LEFT BASILAR, AND TO A LESSER EXTENT, right opacities"."""
    end = _before_lesser(tokens, start) or _before_and(tokens, start)
    told = next((at for at in range(end - 1, max(-1, end - _LED), -1) if tokens[at].text in SIDES), None)
    if told is None or SIDES[tokens[told].text] == side or not is_side(tokens, told):
        return False
    between = tokens[told + 1 : end]
    if told and tokens[told - 1 - (told > 1 and tokens[told - 1].text == "the")].text in _PLACING:
        return False
    return all(_NOT_IN_PLACES.isdisjoint(token.canon) and token.text not in _ENDING for token in between)


def _before_lesser(tokens: tuple[Token, ...], start: int) -> int:
    """Where "and to a lesser extent" begins that ends before token `start`; 0 where it does not stand there."""
    at = start - (start > 0 and tokens[start - 1].text == ",")
    texts = [token.text for token in tokens[max(0, at - 6) : at]]
    if texts[-2:] in (["lesser", "extent"], ["lesser", "degree"]):
        at -= 4
    elif texts[-2:] in (["less", "so"], ["lesser", "so"]):
        at -= 2
    elif texts[-3:] == ["as", "well", "as"]:
        return at - 3
    else:
        return 0
    while at > 0 and tokens[at - 1].text in (",", "and"):
        at -= 1
    return max(0, at)


def _before_and(tokens: tuple[Token, ...], start: int) -> int:
    """Where "and" stands before token `start` after a mere look: "bibasilar HAZY AND right upper opacities"; else 0."""
    if start < 2 or tokens[start - 1].text != "and":
        return 0
    placed = not ANATOMY.isdisjoint(tokens[start - 2].canon) and _NOT_IN_PLACES.isdisjoint(tokens[start - 2].canon)
    return start - 1 if placed or tokens[start - 2].text in _LOOKS else 0


def _is_place(tokens: tuple[Token, ...], start: int) -> bool:
    """Whether nothing but a place follows, up to a mark."""
    own = tokens[start : start + _LONG]
    stop = next((at for at, token in enumerate(own) if token.text in ENDS), len(own))
    ended = stop < len(own) or start + stop >= len(tokens)
    named = [token for token in own[:stop] if not ANATOMY.isdisjoint(token.canon)]
    other = any(not _NOT_IN_PLACES.isdisjoint(token.canon) for token in own[:stop])
    return bool(named) and ended and not other and named[-1] is own[stop - 1]


def joins_place(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether "and" at token `at` adds a place of a side to a place: "deposits in T6 AND LEFT SCAPULA"."""
    before = tokens[at - 1]
    if ANATOMY.isdisjoint(before.canon) and not any(map(is_level, before.canon)):
        return False
    last = min(at + 3 + (tokens[at + 1 : at + 2] != () and tokens[at + 1].text in ("in", "at")), len(tokens))
    sided = next((place for place in range(at + 1, last) if tokens[place].text in SIDES), None)
    return sided is not None and _is_place(tokens, sided + 1)


def joins_numbers(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether a comma or "and" stands between numbers: "ribs 4, 5 AND 6"."""
    return 0 < at < len(tokens) - 1 and _is_number(tokens[at - 1]) and _is_number(tokens[at + 1])


def joins_aspects(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether "and" stands within one place: "the POSTERIOR AND LATERAL basal segments of the right lower lobe"."""
    return (
        tokens[at].text == "and" and 0 < at < len(tokens) - 1 and {tokens[at - 1].text, tokens[at + 1].text} <= _ASPECTS
    )


def _is_number(token: Token) -> bool:
    return token.text[0].isdigit() or token.text in _ORDINALS


def goes_on(parsed: Parsed, head: int) -> Side | None:
    """The side in the next clause, where it has no subject of its own: "regressed BUT STILL VISIBLE IN BOTH lobes"."""
    tokens, start = parsed.sentence.tokens, parsed.clause_of(head).end
    if start >= len(tokens) - 1 or tokens[start].text not in _GOING_ON:
        return None
    verb = start + 1
    while verb < len(tokens) and tokens[verb].text in _ADVERBS:
        verb += 1
    if verb >= len(tokens) or tokens[verb].text not in _STAYING:
        return None
    end = parsed.clause_of(start).end
    stop = next((at for at in range(verb, end) if not _NOT_IN_PLACES.isdisjoint(tokens[at].canon)), end)
    own = tokens[verb:stop]
    return told_in(own)


def before_dash(parsed: Parsed, head: int) -> Side | None:
    """The side of all that a name after a dash is given to: "left opacity with RML consolidation - PNEUMONIA"."""
    tokens, start = parsed.sentence.tokens, parsed.clause_of(head).start
    if start <= parsed.sentence.label or tokens[start].text != _DASH or sides_in(tokens[start:head]):
        return None
    before = parsed.clause_of(start - 1)
    return sides_in(tokens[before.start : before.end])


def continues(parsed: Parsed, clause: Clause) -> bool:
    """Whether a clause only names what the one before describes: "swelling - INFARCT", "BUT mass not excluded"."""
    own = parsed.sentence.tokens[clause.start : clause.end]
    if own[0].text == _DASH:
        return True
    return own[0].text in ("but", "though", "although") and any(token.text in _OPEN for token in own)

"""How far a noun phrase reaches to either side, with the places named after it."""

from __future__ import annotations

from itertools import chain

from services.reading.rules.anatomy import ANATOMY, VAGUE, is_level
from services.reading.rules.clauses import Clause
from services.reading.rules.heads import FINDINGS
from services.reading.rules.modifiers import SEEN
from services.reading.rules.scope import Parsed
from services.reading.rules.tokens import Token
from services.reading.rules.verbs import FINITE
from services.reading.rules.words import OPPOSITES, PARTS, PREDICATES, SIDES
from services.reading.rules.wordset import wordset

_PLACING = wordset(
    """of in within at involving along through on to from overlying near throughout about over under beneath across
    around"""
)
_LEFT_BOUNDS = wordset(
    ", ; : ( ) no without with but which that there and or and/or of in at to for on from by than nor about around"
)
_RIGHT_BOUNDS = wordset(
    """, ; : . no without with but which that there however is after following since status causing accompanied none nil
    abutting contacting encasing displacing effacing distorting"""
)
ORGANS = ANATOMY - VAGUE
# Tokens after a head that may still place it.
_LONGEST = 14
# Tokens before a head that may still belong to it.
_LEFTMOST = 24
# "The disc INDENTS the cord": what a verb is done to stands after it.
_DONE_TO = wordset(
    """indents indent indenting flattens flatten deforms deform deforming contacts contact contacting abuts abut
    abutting touches touch touching effaces efface effacing impinges impinging encroaches encroaching expands expanding
    fills filling distorts distorting above below outside"""
)
BE = wordset("is are was were")
SEEN_WORDS = frozenset(SEEN)
# How a thing is in a place: "fluid REMAINING in the costophrenic angle"; "blood FILLS the cisterns".
_LYING = wordset(
    """persists persist persisting remains remain remaining lies lie lying layers layer layering tracks track tracking
    collects collecting pools pooling extends extend extending dissects dissecting"""
)
_FILLING = wordset("fills fill filling outlines outlining coats coating")
_ARTICLES = wordset("the a an")
# What stands beside a head without a preposition and still belongs to it.
_JOINED = (
    wordset(
        """and or greater than seen noted also centered centred located situated arising originating lying tracking
        tracks exophytic impacted lodged wedged native - ( pa"""
    )
    | wordset("main lobar segmental subsegmental interlobar descending ascending")
    | SIDES.keys()
)
# Words of a place in apposition, at most.
_APPOSED = 7
# An age told after the thing.
_ORDINALS = wordset("th st nd rd first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth")
_AGES = wordset("old chronic remote acute subacute longstanding established healed")
_REGION = wordset("territory region distribution area")
_PLACE_NOUNS = wordset(
    """side sides aspect aspects part parts portion portions half area areas adjacent level levels end tip root origin
    one others third thirds both most next due close deep"""
)
# "Right UPPER and lower lobes".
_THIRDS = wordset("upper mid middle lower trabecular")
_OTHER_THINGS = FINDINGS - ANATOMY
_PLACED = ANATOMY | PARTS | OPPOSITES.keys()


def noun_phrase(parsed: Parsed, at: int, clause: Clause) -> tuple[int, int]:
    """Tokens [first, last) of the noun phrase around head `at`, with the places named after it."""
    tokens = parsed.sentence.tokens
    first = at
    while first > clause.start and at - first < _LEFTMOST and not _bounds_left(tokens, first - 1):
        first -= 1
    return first, _with_side(tokens, first, _phrase_end(parsed, at, clause.end))


def _phrase_end(parsed: Parsed, at: int, end: int) -> int:
    """End of the places named after the head; without a preposition only sides, levels and organs count."""
    tokens = parsed.sentence.tokens
    last = at + 1
    placed = not PREDICATES.isdisjoint(tokens[at].canon) or tokens[at].text in _DONE_TO
    while last < end and last - at < _LONGEST:
        word = tokens[last].text
        if seen := seen_in(tokens, last):
            last, placed = seen, True
            continue
        if word == "as" and is_addition(tokens, last) and _opens_another(tokens, last + 2, end):
            break
        if word in (",", "and") and _lists_numbers(tokens, last):
            last += 1
            continue
        if word in FINITE or word in _RIGHT_BOUNDS or _points_back(tokens, last):
            break
        if word in ("and", "or", "and/or") and (
            _opens_another(tokens, last, end) if placed else not _joins_places(tokens, last)
        ):
            break
        placed = placed or word in _PLACING
        if not placed and not _is_placed(tokens[last]):
            break
        last += 1
    return _with_age(tokens, last)


def is_addition(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether "as well as" begins at token `at`."""
    return tokens[at].text == "as" and [token.text for token in tokens[at + 1 : at + 3]] == ["well", "as"]


def _with_side(tokens: tuple[Token, ...], first: int, last: int) -> int:
    """Past a place in apposition that names a side: "5 mm calculus, LOWER POLE OF THE LEFT KIDNEY".

    What has a side of its own takes none from what follows: "right frontal drain, tip in the left ventricle".
    """
    if last + 1 >= len(tokens) or tokens[last].text != "," or any(token.text in SIDES for token in tokens[first:last]):
        return last
    rest = tokens[last + 1 : last + 1 + _APPOSED]
    length = next((at for at, token in enumerate(rest) if not _may_be_apposed(token)), len(rest))
    said = rest[:length] if not any(token.text in ("and", "or") for token in rest[:length]) else ()
    ended = last + 1 + length >= len(tokens) or tokens[last + 1 + length].text in (".", ",", ";", "(")
    sided = any(token.text in SIDES for token in said) and not ORGANS.isdisjoint(
        chain.from_iterable([token.canon for token in said])
    )
    return last + 1 + length if ended and sided and not any(map(_is_finding, said)) else last


def _may_be_apposed(token: Token) -> bool:
    return token.text in ("of", "the", "in", "at") or _is_placed(token) or token.text in _PLACE_NOUNS


def _is_finding(token: Token) -> bool:
    return not _OTHER_THINGS.isdisjoint(token.canon)


def _opens_another(tokens: tuple[Token, ...], at: int, end: int) -> bool:
    """Whether "and" adds another thing, not another place: "abscess in the left pelvis AND FREE GAS beneath both"."""
    for place, token in enumerate(tokens[at + 1 : end], at + 1):
        if token.text in _PLACING:
            return place > at + 1 and not _may_place(tokens[place - 1])
        if token.text in _RIGHT_BOUNDS or token.text in FINITE or token.text in ("and", "or", "and/or"):
            return False
        if not _OTHER_THINGS.isdisjoint(token.canon):
            return True
    return False


def _may_place(token: Token) -> bool:
    """Whether a word is one of a place: "and the left SIDE of the abdomen"."""
    return token.text in _PLACE_NOUNS or not token.text[0].isalpha() or _is_placed(token)


def _points_back(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether a part of the subject follows: "the ligament is torn AT ITS femoral attachment"."""
    return tokens[at].text in _PLACING and at + 1 < len(tokens) and tokens[at + 1].text in ("its", "their")


def _lists_numbers(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether token `at` stands between numbers: "the left 7th, 8th AND 9th ribs"."""
    return tokens[at - 1].text in _ORDINALS and at + 1 < len(tokens) and _is_number(tokens[at + 1])


def _is_number(token: Token) -> bool:
    return token.text[0].isdigit() or token.text in _ORDINALS


def _with_age(tokens: tuple[Token, ...], last: int) -> int:
    """Past an age in apposition: "lacunar infarct in the left corona radiata, OLD"."""
    if last + 1 < len(tokens) and tokens[last].text == "," and tokens[last + 1].text in _AGES:
        return last + 2
    return last


def seen_in(tokens: tuple[Token, ...], at: int) -> int:
    """Past "is seen" in "fluid IS SEEN in the mastoid", "gas PERSISTS in the axilla", "blood FILLS both"; else 0."""
    if at + 2 >= len(tokens):
        return 0
    if tokens[at].text in _LYING and (tokens[at + 1].text in _PLACING or tokens[at + 1].text == "into"):
        return at + 1
    if tokens[at].text in _FILLING and (tokens[at + 1].text in _ARTICLES or tokens[at + 1].text in SIDES):
        return at + 1
    if tokens[at].text not in BE:
        return 0
    return at + 2 if tokens[at + 1].text in SEEN_WORDS and tokens[at + 2].text in _PLACING else 0


def _is_placed(token: Token) -> bool:
    return (
        token.text in _JOINED
        or token.text in _ORDINALS
        or token.text in _REGION
        or token.text[0].isdigit()
        or not _PLACED.isdisjoint(token.canon)
        or any(map(is_level, token.canon))
    )


def _bounds_left(tokens: tuple[Token, ...], at: int) -> bool:
    """A comma, "and" or "or" inside "pleural or pericardial effusion" joins adjectives and does not end it."""
    word = tokens[at].text
    if word in (",", "and", "or", "nor", "and/or"):
        return not _joins_places(tokens, at)
    return word in FINITE or word in _LEFT_BOUNDS or (word == "as" and at > 1 and is_addition(tokens, at - 2))


def _joins_places(tokens: tuple[Token, ...], at: int) -> bool:
    before = at - 1
    while before > 0 and (tokens[before].text in (",", "and", "or", "&", "and/or") or tokens[before].text in _REGION):
        before -= 1
    after = at + 1
    while after < len(tokens) - 1 and (
        tokens[after].text in (",", "and", "or", "&", "and/or") or tokens[after].text in SIDES
    ):
        after += 1
    if before < 0 or after >= len(tokens):
        return False
    # "Right hilar node and left iliac lesion" are two things.
    if "node" in tokens[before].canon and tokens[at + 1].text in SIDES:
        return False
    named = not ANATOMY.isdisjoint(tokens[before].canon) or tokens[before].text in _THIRDS
    return named and (not ANATOMY.isdisjoint(tokens[after].canon) or tokens[after].text in _THIRDS)

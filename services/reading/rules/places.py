"""The noun phrase around a finding noun, and the places said of it."""

from __future__ import annotations

from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from integration.canonical import Side
from services.reading.rules.anatomy import ANATOMY, BROAD, VAGUE, is_level, is_vertebra, related, widened
from services.reading.rules.clauses import Clause
from services.reading.rules.heads import FINDINGS
from services.reading.rules.laterality import sides_in
from services.reading.rules.modifiers import SEEN
from services.reading.rules.scope import Parsed
from services.reading.rules.sentences import Sentence
from services.reading.rules.tokens import Token
from services.reading.rules.verbs import FINITE
from services.reading.rules.words import OPPOSITES, PARTS, PREDICATES, SIDES
from services.reading.rules.wordset import wordset

_PLACING = wordset(
    """of in within at involving along through on to from overlying near throughout about over under beneath across
    around"""
)
_LEFT_BOUNDS = wordset(
    ", ; : ( ) no without with but which that there and or of in at to for on from by than nor about around"
)
_RIGHT_BOUNDS = wordset(
    """, ; : . no without with but which that there however is after following since status causing none nil abutting
    contacting encasing displacing effacing distorting"""
)
ORGANS = ANATOMY - VAGUE
# Tokens after a head that may still place it.
_LONGEST = 14
# Tokens before a head that may still belong to it.
_LEFTMOST = 24
_BE = wordset("is are was were")
# "Sternotomy wires, one of WHICH is fractured": the thing stands within so many words before.
_BEFORE_WHICH = 5
# How a thing is in a place: "fluid REMAINING in the costophrenic angle"; "blood FILLS the cisterns".
_LYING = wordset(
    """persists persist persisting remains remain remaining lies lie lying layers layer layering tracks track tracking
    collects collecting pools pooling extends extend extending dissects dissecting"""
)
_FILLING = wordset("fills fill filling outlines outlining coats coating")
_ARTICLES = wordset("the a an")
_TELLING_OF = _BE | wordset("with contain contains show shows has have demonstrate demonstrates")
_SEEN = frozenset(SEEN)
# What stands beside a head without a preposition and still belongs to it.
_JOINED = (
    wordset(
        """and or greater than seen noted also centered centred located situated arising originating lying tracking
        native - ("""
    )
    | wordset("main lobar segmental subsegmental interlobar descending ascending")
    | SIDES.keys()
)
_PAIRED = wordset("kidney breast ovary adrenal testis ureter knee hip shoulder ankle wrist elbow hand foot orbit")
_JOINS = wordset("with causing")
_FILLED = wordset("distended filled packed studded loaded")
# What comes after one of these is the thing before it: "a renal mass CONSISTENT with carcinoma".
_EQUATING = wordset(
    """consistent compatible keeping representing represents represent suspicious concerning typical diagnostic c/w
    suggestive suggesting suggests likely favored favoured"""
)
_EQUATED = 4
# An age told after the thing.
_ORDINALS = wordset("th st nd rd first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth")
_AGES = wordset("old chronic remote acute subacute longstanding established healed")
_REGION = wordset("territory region distribution area")
_PLACE_NOUNS = wordset(
    """side sides aspect aspects part parts portion portions half area areas adjacent level levels end tip root origin
    one others third thirds both most next due close deep"""
)
# "Right UPPER and lower lobes".
_THIRDS = wordset("upper mid middle lower")
_OTHER_THINGS = FINDINGS - ANATOMY
_VERTEBRA = frozenset({"vertebra"})
_PLACED = ANATOMY | PARTS | OPPOSITES.keys()


# What points back to the place spoken of before.
_BACK = wordset("same its this these overlying underlying surrounding adjacent associated resultant resulting upstream")
_PRONOUNS = wordset("it they")
# What opens a sentence about what was told before: "APPEARANCES are those of a carcinoma".
_OPENING_BACK = wordset("appearance appearances findings features")


class Topic(NamedTuple):
    """What a paragraph spoke of last: organs, the one side of them, and whether it was one of a pair.

    `runs_on`: only a semicolon parts it from what follows.
    """

    organs: frozenset[str] = frozenset()
    side: Side | None = None
    paired: bool = False
    runs_on: bool = False


class Place(NamedTuple):
    """Around one head: its noun phrase, the words in it, and the words of its clause and label.

    `here`: the organs its noun phrase names, else those its clause and label name; `before`: where there are none,
    those the sentence or paragraph named before.
    `wide`, `widest`: the noun phrase's places and all words around, with the wider words that cover them.
    `labelled`: the words of the sentence's own label, or of the subject that it is said of.
    """

    first: int
    last: int
    local: frozenset[str]
    around: frozenset[str]
    here: frozenset[str]
    before: frozenset[str]
    wide: frozenset[str]
    widest: frozenset[str]
    labelled: frozenset[str]

    @property
    def said(self) -> frozenset[str]:
        """Every word that may meet a need."""
        return self.local | self.wide | self.widest


def place_of(parsed: Parsed, at: int, topic: Topic) -> Place:
    """What stands around head token `at`; `topic`: what was spoken of before, where its clause names no organ."""
    clause = parsed.clause_of(at)
    tokens = parsed.sentence.tokens
    first, last = noun_phrase(parsed, at, clause)
    local = _words(tokens[first:last])
    own = _words(_without_neighbours(tokens, clause.start, first, at)) | _words(
        tokens[first : _reach(tokens, last, clause.end)]
    )
    # A label reaches over the sentences that follow it until one names an organ of its own.
    context = parsed.sentence.context
    labelled = parsed.sentence.label > 0 or not own & ORGANS or related(own & ORGANS, context)
    around = own | (context if labelled else frozenset(filter(is_level, context)))
    if at < parsed.sentence.label:
        local = local | _words(answer(parsed))
        around |= local
    here = local & ORGANS or own & ORGANS or around & ORGANS
    levelled = any(map(is_level, own))
    before = frozenset() if here or levelled else _words(tokens[: clause.start]) & ORGANS or topic.organs
    named = around | before if before else around
    wide = _covered(local & ANATOMY) | (_VERTEBRA if any(map(is_vertebra, local)) else frozenset())
    widest = _covered(named & ANATOMY) | named
    label = _words(tokens[: parsed.sentence.label]) | _words(_said_of(tokens, clause, first))
    return Place(first, last, local, around, here, before, wide, widest, label)


def _said_of(tokens: tuple[Token, ...], clause: Clause, first: int) -> tuple[Token, ...]:
    """The subject of what is said right after its verb or "with": "THE LIVER is diffusely fatty", "is of low ...".

    What is said with it is its own: "THE MASTOIDS are clear on the left, with fluid on the right".
    """
    before = first - 1 - (tokens[first - 1].text == "of")
    if before > clause.start and tokens[before].text in _TELLING_OF:
        ends = (at for at in range(clause.start, before) if tokens[at].text in FINITE or tokens[at].text == ",")
        end = next(ends, before)
        which = next((at for at in range(clause.start, end) if tokens[at].text == "which"), -1)
        return tokens[clause.start : end] if which < 0 else tokens[max(0, which - _BEFORE_WHICH) : which]
    return ()


def _without_neighbours(tokens: tuple[Token, ...], start: int, first: int, head: int) -> tuple[Token, ...]:
    """The clause's words before `first`, without the organ of another finding: "HEART failure with effusions".

    "And" joins two of one organ, but where the second has a side of its own.
    """
    if not _EQUATING.isdisjoint([token.text for token in tokens[max(start, first - _EQUATED) : first + 1]]):
        return tokens[start:first]
    sided = any(token.text in SIDES for token in tokens[first:head])
    joined = next(
        (at for at in range(first - 1, start, -1) if _joins(tokens, at) or (sided and tokens[at].text == "and")),
        start,
    )
    return tuple(
        token
        for at, token in enumerate(tokens[start:first], start)
        if at >= joined or ANATOMY.isdisjoint(token.canon) or FINDINGS.isdisjoint((*token.canon, *tokens[at + 1].canon))
    )


def _joins(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether another thing follows; what an organ is filled with is in it: "gallbladder DISTENDED WITH stones"."""
    return tokens[at].text in _JOINS and tokens[at - 1].text not in _FILLED


@lru_cache(maxsize=8192)
def _covered(places: frozenset[str]) -> frozenset[str]:
    """The places and the wider ones around them, those too wide to place anything left out."""
    return frozenset(widened(places)) - BROAD


def answer(parsed: Parsed) -> tuple[Token, ...]:
    """What answers the sentence's label: "Nodule 1: RUL, solid, 7 mm"."""
    told = parsed.sentence.tokens[parsed.sentence.label :]
    end = next((at for at, token in enumerate(told) if token.text in FINITE or token.text == "no"), len(told))
    return told[:end]


def _reach(tokens: tuple[Token, ...], last: int, end: int) -> int:
    """Past the noun phrase only its own predicate counts: "a fracture IS SEEN IN the radius"."""
    if last < end and (tokens[last].text in FINITE or tokens[last].text in _SEEN):
        return end
    return last


def topic_of(sentence: Sentence, before: Topic) -> Topic:
    """What a sentence is about: the organs before its first verb and their side; else what was spoken of `before`."""
    about = _subject(sentence.tokens)
    organs = _words(about) & ORGANS
    side = sides_in(about) or (before.side if points_back(sentence.tokens) else None)
    runs_on = sentence.tokens[-1].text == ";"
    if not organs and not side:
        return before._replace(runs_on=runs_on)
    paired = _is_paired(about) or _opens_with_side(sentence.tokens) or (not organs and before.paired)
    return Topic(organs or before.organs, side, paired, runs_on)


def points_back(tokens: tuple[Token, ...]) -> bool:
    """Whether a sentence is about the thing or place spoken of before."""
    opening = tokens[0].text
    return opening in _PRONOUNS or opening in _OPENING_BACK or any(token.text in _BACK for token in tokens)


def _subject(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """The words before the first verb; of "there is a mass in the left breast" those after it."""
    verbs = [at for at, token in enumerate(tokens) if token.text in FINITE]
    if verbs and tokens[verbs[0] - 1].text == "there":
        end = next((at for at in verbs[1:] if at > verbs[0] + 1), len(tokens))
        return (*tokens[: verbs[0]], *tokens[verbs[0] + 1 : end])
    if verbs and (seen := _seen_in(tokens, verbs[0])):
        end = next((at for at in range(seen, len(tokens)) if at in verbs or tokens[at].text == ","), len(tokens))
        return (*tokens[: verbs[0]], *tokens[seen:end])
    return tokens[: verbs[0]] if verbs else tokens


def _opens_with_side(tokens: tuple[Token, ...]) -> bool:
    """ "ON THE LEFT, there is ...": what follows is of that side until another thing is spoken of."""
    words = [token.text for token in tokens[:4]]
    return (
        words[:2] == ["on", "the"]
        and words[2:3] in (["left"], ["right"])
        and words[3:4] in ([","], ["there"], ["side"])
    )


def _is_paired(tokens: tuple[Token, ...]) -> bool:
    """Whether it is about one of a pair ("the right kidney"), which what follows is then about too."""
    return any(
        token.text in SIDES and not _PAIRED.isdisjoint(word for near in tokens[at + 1 : at + 3] for word in near.canon)
        for at, token in enumerate(tokens)
    )


def _words(tokens: tuple[Token, ...]) -> frozenset[str]:
    return frozenset(chain.from_iterable([token.canon for token in tokens]))


def noun_phrase(parsed: Parsed, at: int, clause: Clause) -> tuple[int, int]:
    """Tokens [first, last) of the noun phrase around head `at`, with the places named after it."""
    tokens = parsed.sentence.tokens
    first = at
    while first > clause.start and at - first < _LEFTMOST and not _bounds_left(tokens, first - 1):
        first -= 1
    return first, _phrase_end(parsed, at, clause.end)


def _phrase_end(parsed: Parsed, at: int, end: int) -> int:
    """End of the places named after the head; without a preposition only sides, levels and organs count."""
    tokens = parsed.sentence.tokens
    last = at + 1
    placed = not PREDICATES.isdisjoint(tokens[at].canon)
    while last < end and last - at < _LONGEST:
        word = tokens[last].text
        if seen := _seen_in(tokens, last):
            last, placed = seen, True
            continue
        if word in (",", "and") and _lists_numbers(tokens, last):
            last += 1
            continue
        if word in FINITE or word in _RIGHT_BOUNDS or _points_back(tokens, last):
            break
        if word in ("and", "or") and (_opens_another(tokens, last, end) if placed else not _joins_places(tokens, last)):
            break
        placed = placed or word in _PLACING
        if not placed and not _is_placed(tokens[last]):
            break
        last += 1
    return _with_age(tokens, last)


def _opens_another(tokens: tuple[Token, ...], at: int, end: int) -> bool:
    """Whether "and" adds another thing, not another place: "abscess in the left pelvis AND FREE GAS beneath both"."""
    for place, token in enumerate(tokens[at + 1 : end], at + 1):
        if token.text in _PLACING:
            return place > at + 1 and not _may_place(tokens[place - 1])
        if token.text in _RIGHT_BOUNDS or token.text in FINITE or token.text in ("and", "or"):
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


def _seen_in(tokens: tuple[Token, ...], at: int) -> int:
    """Past "is seen" in "fluid IS SEEN in the mastoid", "gas PERSISTS in the axilla", "blood FILLS both"; else 0."""
    if at + 2 >= len(tokens):
        return 0
    if tokens[at].text in _LYING and (tokens[at + 1].text in _PLACING or tokens[at + 1].text == "into"):
        return at + 1
    if tokens[at].text in _FILLING and (tokens[at + 1].text in _ARTICLES or tokens[at + 1].text in SIDES):
        return at + 1
    if tokens[at].text not in _BE:
        return 0
    return at + 2 if tokens[at + 1].text in _SEEN and tokens[at + 2].text in _PLACING else 0


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
    if word in (",", "and", "or", "nor"):
        return not _joins_places(tokens, at)
    return word in FINITE or word in _LEFT_BOUNDS


def _joins_places(tokens: tuple[Token, ...], at: int) -> bool:
    before = at - 1
    while before > 0 and (tokens[before].text in (",", "and", "or", "&") or tokens[before].text in _REGION):
        before -= 1
    after = at + 1
    while after < len(tokens) - 1 and (tokens[after].text in (",", "and", "or", "&") or tokens[after].text in SIDES):
        after += 1
    if before < 0 or after >= len(tokens):
        return False
    # "Right hilar node and left iliac lesion" are two things.
    if "node" in tokens[before].canon and tokens[at + 1].text in SIDES:
        return False
    named = not ANATOMY.isdisjoint(tokens[before].canon) or tokens[before].text in _THIRDS
    return named and (not ANATOMY.isdisjoint(tokens[after].canon) or tokens[after].text in _THIRDS)

"""Whether a wording of a candidate is what stands at a head noun: its needed words, place and level."""

from __future__ import annotations

from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from services.reading.rules.anatomy import ANATOMY, BROAD, VAGUE, WIDE, is_level, related, spinal_region, widened
from services.reading.rules.clauses import FINITE, Clause
from services.reading.rules.exam import Exam
from services.reading.rules.heads import AMBIGUOUS_HEADS, DEVICES, EXAM_HEADS, GENERIC_HEADS, SIGN_HEADS
from services.reading.rules.modifiers import SEEN
from services.reading.rules.scope import Parsed
from services.reading.rules.sentences import Sentence
from services.reading.rules.targets import Pattern, Target
from services.reading.rules.tokens import Token
from services.reading.rules.words import (
    COMPARTMENTS,
    EX_VACUO,
    NOT_AFTER,
    OPPOSITES,
    PARTS,
    PREDICATES,
    SIDES,
)
from services.reading.rules.wordset import wordset

_PLACING = wordset("of in within at involving along through on to from overlying near throughout about")
_LEFT_BOUNDS = wordset(", ; : ( ) no without with but which that there and or of in at to for on from by than nor")
_RIGHT_BOUNDS = wordset(", ; : . no without with but which that there however is after following since status")
# A denial that leaves these out denies more, not less.
_NARROWING = wordset(
    """acute focal active significant suspicious aggressive large small definite discrete dominant pathologic
    pathologically enlarged obvious displaced traumatic interval gross subacute developing upper lower middle distal
    proximal medial lateral anterior posterior destructive drainable chronic mild severe multiple lobe lobar"""
)
_BARE = _NARROWING | wordset("no evidence of or and the a an any for sign without not is are seen identified , .")
_ORGANS = ANATOMY - VAGUE
# What is said next of the organ spoken of before, unless another is named.
# Words that describe a finding of any organ.
_DESCRIBING = wordset(
    """shadowing nonobstructing echogenic simple complex solid small large multiple focal discrete dominant new
    enhancing calcify fluid cyst benign malignant suspicious acute chronic mild moderate severe free wall diffuse"""
)
# What a denial adds to any stone or lesion.
_SEEN_AS = wordset("radiopaque calcify visible obstruct discrete")
_CARRIED = wordset("mass nodule lesion cyst stone polyp dilate enlarge thicken narrow")

# A nodule of a chest is the lung's; only fluid is the pleura's without being called so.
_LINED = wordset("pleura mediastinum heart pericardium")
_IN_LININGS = wordset("effusion pneumothorax")


# Tokens after a head that may still place it.
_LONGEST = 14
_BE = wordset("is are was were")
_SEEN = frozenset(SEEN)
# What stands beside a head without a preposition and still belongs to it.
_JOINED = wordset("and or greater than seen noted - (") | SIDES.keys()
_PLACED = ANATOMY | PARTS | OPPOSITES.keys()


class Place(NamedTuple):
    """Around one head: its noun phrase, the words in it, and the words of its clause and label.

    `here`: the organs its noun phrase names, else those its clause and label name; `before`: where there are none,
    those the sentence or paragraph named before.
    `wide`, `widest`: the noun phrase's places and all words around, with the wider words that cover them.
    """

    first: int
    last: int
    local: frozenset[str]
    around: frozenset[str]
    here: frozenset[str]
    before: frozenset[str]
    wide: frozenset[str]
    widest: frozenset[str]

    @property
    def said(self) -> frozenset[str]:
        """Every word that may meet a need."""
        return self.local | self.wide | self.widest


def place_of(parsed: Parsed, at: int, topic: frozenset[str]) -> Place:
    """What stands around head token `at`; `topic`: the organs spoken of before, where its clause names none."""
    clause = parsed.clause_of(at)
    tokens = parsed.sentence.tokens
    first, last = noun_phrase(parsed, at, clause)
    local = _words(tokens[first:last])
    own = _words(tokens[clause.start : _reach(tokens, last, clause.end)])
    # A label reaches over the sentences that follow it until one names an organ of its own.
    context = parsed.sentence.context
    labelled = parsed.sentence.label > 0 or not own & _ORGANS or related(own & _ORGANS, context)
    around = own | (context if labelled else frozenset(filter(is_level, context)))
    if at < parsed.sentence.label:
        local = local | _words(answer(parsed))
        around |= local
    here = local & _ORGANS or own & _ORGANS or around & _ORGANS
    before = frozenset() if here else _words(tokens[: clause.start]) & _ORGANS or topic
    named = around | before if before else around
    wide = _covered(local & ANATOMY)
    widest = _covered(named & ANATOMY) | named
    return Place(first, last, local, around, here, before, wide, widest)


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


def topic_of(sentence: Sentence) -> frozenset[str]:
    """The organs a sentence is about: those before its first verb."""
    tokens = sentence.tokens
    verb = next((at for at, token in enumerate(tokens) if token.text in FINITE), len(tokens))
    return _words(tokens[:verb]) & _ORGANS


def _words(tokens: tuple[Token, ...]) -> frozenset[str]:
    return frozenset(chain.from_iterable([token.canon for token in tokens]))


def noun_phrase(parsed: Parsed, at: int, clause: Clause) -> tuple[int, int]:
    """Tokens [first, last) of the noun phrase around head `at`, with the places named after it."""
    tokens = parsed.sentence.tokens
    first = at
    while first > clause.start and not _bounds_left(tokens, first - 1):
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
        if word in FINITE or word in _RIGHT_BOUNDS:
            break
        if word in ("and", "or") and not placed and not _joins_places(tokens, last):
            break
        placed = placed or word in _PLACING
        if not placed and not _is_placed(tokens[last]):
            break
        last += 1
    return last


def _seen_in(tokens: tuple[Token, ...], at: int) -> int:
    """Past "is seen" in "fluid IS SEEN in the mastoid"; else 0."""
    if tokens[at].text not in _BE or at + 2 >= len(tokens):
        return 0
    return at + 2 if tokens[at + 1].text in _SEEN and tokens[at + 2].text in _PLACING else 0


def _is_placed(token: Token) -> bool:
    return token.text in _JOINED or not _PLACED.isdisjoint(token.canon) or any(map(is_level, token.canon))


def _bounds_left(tokens: tuple[Token, ...], at: int) -> bool:
    """A comma, "and" or "or" inside "pleural or pericardial effusion" joins adjectives and does not end it."""
    word = tokens[at].text
    if word in (",", "and", "or", "nor"):
        return not _joins_places(tokens, at)
    return word in FINITE or word in _LEFT_BOUNDS


def _joins_places(tokens: tuple[Token, ...], at: int) -> bool:
    before = at - 1
    while before > 0 and tokens[before].text in (",", "and", "or"):
        before -= 1
    after = at + 1
    while after < len(tokens) - 1 and tokens[after].text in (",", "and", "or"):
        after += 1
    if before < 0 or after >= len(tokens):
        return False
    return not ANATOMY.isdisjoint(tokens[before].canon) and not ANATOMY.isdisjoint(tokens[after].canon)


def may_fit(pattern: Pattern, said: frozenset[str], *, denied: bool) -> bool:
    """A quick look that rules most wordings out; `denied`: the head may turn out to be denied."""
    if not denied:
        return pattern.mode in ("plain", "opposite") and pattern.needs <= said
    return pattern.head in GENERIC_HEADS or pattern.needs - _NARROWING <= said


def fit(pattern: Pattern, target: Target, place: Place, exam: Exam, *, denied: bool) -> str:
    """How the pattern is met: "" (not at all), or "phrase", "clause", "exam" or "general"."""
    if _other_kind(pattern, target, place) or _other_level(target, place):
        return ""
    if _elsewhere(pattern, target, place, denied=denied):
        return ""
    missing = pattern.needs - place.local - place.wide
    if pattern.mode == "flipped" and (missing or place.here - pattern.needs):
        return ""
    if missing and denied and not place.local & _NARROWING - pattern.needs:
        missing -= _NARROWING
    if not missing:
        return "phrase"
    sign = pattern.head in SIGN_HEADS and not target.heads & {pattern.head, "lesion", "mass", "cyst"}
    if not (sign and not denied) and missing <= place.widest:
        return "clause"
    if _in_exam(pattern, place, exam, missing, denied=denied):
        return "exam"
    return "general" if denied and _general(pattern, target, place, exam) else ""


def _in_exam(pattern: Pattern, place: Place, exam: Exam, missing: frozenset[str], *, denied: bool) -> bool:
    """Whether the words left out are what the exam's title says."""
    any_head = denied and pattern.mode == "plain" and missing <= ANATOMY and pattern.head not in DEVICES
    known = pattern.head in EXAM_HEADS or any_head
    if (pattern.head == "enlarge" and "node" not in pattern.needs) or not known or place.here - {pattern.head}:
        return False
    said, unsaid = place.local & ANATOMY, missing & ANATOMY
    if (said and unsaid and not related(unsaid, said)) or (unsaid & _LINED and pattern.head not in _IN_LININGS):
        return False
    return missing <= exam.covered


def _general(pattern: Pattern, target: Target, place: Place, exam: Exam) -> bool:
    """A bare denial ("no fracture") denies every kind in the part of the body that was examined."""
    if pattern.mode != "plain" or pattern.head not in GENERIC_HEADS or pattern.head not in target.heads:
        return False
    if place.local - _BARE - pattern.needs - {pattern.head}:
        return False
    if place.here and target.home and not related(target.home, place.here):
        return False
    return not exam.places or not target.home or related(target.home, exam.places)


def _other_kind(pattern: Pattern, target: Target, place: Place) -> bool:
    kinds = pattern.types or target.types
    if kinds and any(OPPOSITES[kind] & place.local for kind in (pattern.types | target.types) - place.local):
        return True
    if pattern.head in EX_VACUO and EX_VACUO[pattern.head] & place.around and "ventricle" in pattern.needs:
        return True
    compartments = place.local & COMPARTMENTS
    if compartments and target.home.isdisjoint(compartments) and not target.home.isdisjoint(COMPARTMENTS):
        return True
    return pattern.head in NOT_AFTER and bool(NOT_AFTER[pattern.head] & place.around - pattern.needs - target.home)


def _other_level(target: Target, place: Place) -> bool:
    regions = spinal_region(place.local) or spinal_region(place.around) if target.region else set()
    if regions and target.region not in regions:
        return True
    if not target.levels:
        return False
    said = {word for word in place.local if is_level(word)} or {word for word in place.around if is_level(word)}
    return bool(said) and not target.levels & said


def _elsewhere(pattern: Pattern, target: Target, place: Place, *, denied: bool) -> bool:
    """Whether the finding named here belongs to another organ than the candidate's."""
    if not target.home or pattern.head not in AMBIGUOUS_HEADS or pattern.needs & ANATOMY & place.local:
        return False
    if pattern.needs <= place.local and pattern.needs - PARTS - _DESCRIBING - (_SEEN_AS if denied else set()):
        here = place.local & _ORGANS - {pattern.head} - pattern.needs
        return bool(here) and not related(target.home, here)
    before = frozenset() if denied or pattern.head not in _CARRIED else place.before
    here = (place.here or before) - {pattern.head}
    # "A nasal bone" is no bone of the skull.
    here = here - WIDE or here
    return bool(here) and not related(target.home, here)

"""The noun phrase around a finding noun, and the places said of it."""

from __future__ import annotations

from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from services.reading.rules.anatomy import ANATOMY, BROAD, is_level, is_vertebra, related, widened
from services.reading.rules.clauses import Clause
from services.reading.rules.heads import FINDINGS
from services.reading.rules.phrases import BE, ORGANS, SEEN_WORDS, noun_phrase
from services.reading.rules.scope import Parsed
from services.reading.rules.tokens import Token
from services.reading.rules.topics import Topic
from services.reading.rules.verbs import FINITE
from services.reading.rules.words import SIDES, STOP
from services.reading.rules.wordset import wordset

# "Sternotomy wires, one of WHICH is fractured": the thing stands within so many words before.
_BEFORE_WHICH = 5
_TELLING_OF = BE | wordset("with contain contains show shows has have does do demonstrate demonstrates")
_JOINS = wordset("with causing")
_FILLED = wordset("distended filled packed studded loaded")
# What comes after one of these is the thing before it: "a renal mass CONSISTENT with carcinoma".
_EQUATING = wordset(
    """consistent compatible keeping representing represents represent suspicious concerning typical diagnostic c/w
    suggestive suggesting suggests likely favored favoured"""
)
_EQUATED = 4
# "LIVER OF low density": words before "of", at most.
_OWNED = 4
_VERTEBRA = frozenset({"vertebra"})


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
    named = here or "duct" in own or any(map(is_level, own))
    before = frozenset() if named else _words(tokens[: clause.start]) & ORGANS or topic.organs
    said = around | before if before else around
    wide = _covered(local & ANATOMY) | (_VERTEBRA if any(map(is_vertebra, local)) else frozenset())
    widest = _covered(said & ANATOMY) | said
    label = _words(tokens[: parsed.sentence.label]) | _words(_said_of(tokens, clause, first))
    label |= _VERTEBRA if any(map(is_vertebra, label)) else frozenset()
    return Place(first, last, local, around, here, before, wide, widest, label)


def _said_of(tokens: tuple[Token, ...], clause: Clause, first: int) -> tuple[Token, ...]:
    """The subject of what is said right after its verb or "with": "THE LIVER is diffusely fatty", "is of low ...".

    What is said with it is its own: "THE MASTOIDS are clear on the left, with fluid on the right".
    """
    before = first - 1 - (tokens[first - 1].text == "of")
    if tokens[first - 1].text == "of" and first - clause.start <= _OWNED:
        owner = tokens[clause.start : first - 1]
        if all(token.text in STOP or not ORGANS.isdisjoint(token.canon) for token in owner):
            return owner
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
    """Past the noun phrase only its own predicate counts: "a fracture IS SEEN IN the radius", "screw BACKED OUT"."""
    if last < end and (tokens[last].text in FINITE or tokens[last].text in SEEN_WORDS):
        return end
    if last < end and tokens[last].text.endswith("ed"):
        return min(last + 2, end)
    return last


def _words(tokens: tuple[Token, ...]) -> frozenset[str]:
    return frozenset(chain.from_iterable([token.canon for token in tokens]))

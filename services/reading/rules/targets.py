"""Candidates compiled to what is looked for: a head noun, the words it needs, a side, and what denies it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from integration.canonical import Side
from services.reading.reader import Candidate, Catalogue
from services.reading.rules.tokens import Token, words_of
from services.reading.rules.words import ANATOMY, OPPOSITES, PARTS, PREDICATES, SIDES, STOP
from services.reading.rules.wordset import wordset

_PREPOSITIONS = wordset("""of in with at to from within under beneath for on by around along near over""")
_NORMAL_WORDS = wordset(
    """normal unremarkable clear intact patent preserved maintained midline symmetric negative within limits well
    aerated expanded unobstructed nondilated nondistended smooth homogeneous aligned anatomic open sharp"""
)
# "left ventricle" and "right heart" name a chamber, not a side of the patient.
_CHAMBERS = wordset("ventricle atrium heart atrial shift")
_USUAL = wordset("normal unremarkable")
_DENIALS = wordset("no not without")


class Pattern(NamedTuple):
    """One wording: `head` and the other canonical words it needs near it. `types`: those with an opposite."""

    head: str
    needs: frozenset[str]
    types: frozenset[str]
    denied_only: bool = False


class Normal(NamedTuple):
    """A normal statement: its subject's canonical words and its predicate's words."""

    subject: frozenset[str]
    predicate: frozenset[str]


class Target(NamedTuple):
    """A candidate, compiled. `side`: the side its name demands."""

    candidate: Candidate
    patterns: tuple[Pattern, ...]
    normals: tuple[Normal, ...]
    side: Side | None


class Targets(NamedTuple):
    """A catalogue, compiled. `by_head`: canonical word → (target number, pattern); `vocabulary`: words to spell."""

    targets: tuple[Target, ...]
    by_head: dict[str, tuple[tuple[int, Pattern], ...]]
    vocabulary: frozenset[str]


@lru_cache(maxsize=64)
def compile_catalogue(catalogue: Catalogue) -> Targets:
    """Targets of a catalogue; kept for the catalogues last used."""
    targets = tuple(_target(candidate) for candidate in catalogue.candidates)
    by_head: dict[str, list[tuple[int, Pattern]]] = {}
    for number, target in enumerate(targets):
        for pattern in target.patterns:
            by_head.setdefault(pattern.head, []).append((number, pattern))
    vocabulary = frozenset(
        token.text
        for candidate in catalogue.candidates
        for phrase in (candidate.finding.name, *candidate.synonyms)
        for token in words_of(phrase)
        if token.text.isalpha()
    )
    return Targets(targets, {head: tuple(found) for head, found in by_head.items()}, vocabulary)


def _target(candidate: Candidate) -> Target:
    name = words_of(candidate.finding.name)
    side = _side_of(name)
    phrases = [phrase for text in (candidate.finding.name, *candidate.synonyms) for phrase in _variants(text)]
    patterns = [pattern for phrase in phrases if (pattern := _pattern(words_of(phrase)))]
    normals: list[Normal] = []
    for phrase in candidate.normal_phrases:
        words = words_of(phrase)
        if any(word.text in _DENIALS for word in words):
            denied = _pattern([word for word in words if word.text not in _DENIALS])
            patterns += [denied._replace(denied_only=True)] if denied else []
        elif normal := _normal(words):
            normals.append(normal)
    normals += [Normal(subject, _USUAL) for text in candidate.structures if (subject := _subject(words_of(text)))]
    return Target(candidate, tuple(dict.fromkeys(patterns)), tuple(dict.fromkeys(normals)), side)


def _variants(text: str) -> list[str]:
    """ "Mass/nodule" and "mass or nodule" are two phrases, "embolism (PE)" as well."""
    inner = re.findall(r"\(([^)]+)\)", text)
    outer = re.sub(r"\([^)]*\)", " ", text)
    parts = re.split(r"\s*/\s*(?=[A-Za-z]{3})|\s+or\s+", outer)
    whole = all(_has_head(words_of(part)) for part in parts)
    return [*(parts if whole else [outer]), *(part for part in inner if _has_head(words_of(part)))]


def _has_head(words: list[Token]) -> bool:
    return any(word.text not in STOP and not set(word.canon) & ANATOMY and word.text not in SIDES for word in words)


def _side_of(words: list[Token]) -> Side | None:
    for at, word in enumerate(words):
        following = set(words[at + 1].canon) if at + 1 < len(words) else set()
        if word.text in SIDES and not following & _CHAMBERS:
            return Side(SIDES[word.text])
    return None


def _pattern(words: list[Token]) -> Pattern | None:
    side = _side_of(words)
    kept = [word for word in words if word.text not in STOP and not (side and word.text in SIDES)]
    if not kept:
        return None
    head = _head(words, kept)
    canon = (
        {part for word in kept for part in word.canon} - {"left", "right", "bilateral"}
        if side
        else {part for word in kept for part in word.canon}
    )
    needs = frozenset(canon - {head} - STOP)
    return Pattern(head, needs, needs & frozenset(OPPOSITES))


def _head(words: list[Token], kept: list[Token]) -> str:
    """The finding's own noun: the last before a preposition that is neither anatomy nor part of an organ."""
    before = list(kept)
    for at, word in enumerate(words):
        if word.text in _PREPOSITIONS and any(other in kept for other in words[:at]):
            before = [other for other in words[:at] if other in kept]
            break
    if all(_is_place(word) for word in before):
        before = list(kept)
    for word in reversed(before):
        if not _is_place(word) or word.canon[-1] in PREDICATES:
            return word.canon[-1]
    return before[-1].canon[-1]


def _is_place(word: Token) -> bool:
    return word.canon[-1] in ANATOMY or word.canon[-1] in PARTS or word.canon[-1] in OPPOSITES or word.text in SIDES


def _subject(words: list[Token]) -> frozenset[str]:
    return frozenset(part for word in words for part in word.canon) - STOP


def _normal(words: list[Token]) -> Normal | None:
    predicate = frozenset(word.text for word in words if word.text in _NORMAL_WORDS)
    subject = frozenset(
        part for word in words if word.text not in _NORMAL_WORDS and word.text not in STOP for part in word.canon
    )
    return Normal(subject, predicate) if subject and predicate else None

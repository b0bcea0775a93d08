"""Candidates compiled to what is looked for: a head noun, the words it needs, a side, and what denies it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from integration.canonical import Side, Verdict
from services.reading.lexicon import lexicon
from services.reading.reader import Candidate, Catalogue
from services.reading.rules.anatomy import ANATOMY, VAGUE, WIDE, is_level, spinal_region, telling
from services.reading.rules.compounds import COMPOUNDS
from services.reading.rules.shades import ADJECTIVE, is_adjective, shade_of
from services.reading.rules.silence import silence
from services.reading.rules.spelling import Speller
from services.reading.rules.tokens import Token, words_of
from services.reading.rules.words import EMPTY_NOUNS, FORMS, OPPOSITES, PARTS, PREDICATES, SIDES, STOP
from services.reading.rules.wordset import wordset

_PREPOSITIONS = wordset("""of in with at to from within under beneath for on by around along near over""")
NORMAL_WORDS = wordset(
    """normal unremarkable clear intact patent preserved maintained midline symmetric negative within limits well
    spared uninvolved unaffected congruent compressible antegrade seated enlocated
    aerated expanded unobstructed nondilated nondistended smooth homogeneous aligned anatomic open sharp"""
)
# "left ventricle" and "right heart" name a chamber, not a side of the patient.
_CHAMBERS = wordset("ventricle atrium heart atrial shift")
# What tears also ruptures.
_TORN = wordset("ligament tendon cuff muscle achilles")
_OF_SPINE = wordset("spine canal cord disc vertebra foramen facet endplate")
_USUAL = wordset("normal unremarkable")
# Of these there are several, told apart by the words after.
_SEVERAL = wordset("ligament meniscus malleolus compartment collateral")
_WHICH = OPPOSITES.keys() | wordset("cruciate collateral compartment")
# "Small" and "large" are part of the names of these.
_SIZED = wordset("vessel bowel airway joint cell")
_SIZES = frozenset({"small", "large"})
MISPLACED = "malposition"
_FATS = frozenset({"fat", "fatty"})
# Disease → the canonical words of the organ its name says.
_ORGAN_OF = {
    disease: frozenset(part for word in words_of(organ) for part in word.canon)
    for organ, diseases in lexicon("organs").items()
    for disease in diseases
}
# Before an organ: the operation that removes it.
REMOVED = "removed"
_DENIALS = wordset("no not without free-of")
# "Lingular" is a side and a place as well.
_OF_SIDE = frozenset({*SIDES, *SIDES.values()}) - ANATOMY


class Pattern(NamedTuple):
    """One wording: `head` and the other canonical words it needs near it. `types`: those with an opposite.

    `mode`: plain; denied (counts only when denied: "no acute disease" of a normal phrase); opposite (its assertion
    denies the finding); flipped (its denial asserts it: "no acute abnormality" of the candidate "no finding"); removed
    (an organ whose removal asserts it).
    `shade`: of a wording that is its head alone, what its word says beyond the canonical one. `sign`: it only supports
    the finding.
    """

    head: str
    needs: frozenset[str]
    types: frozenset[str]
    mode: str = "plain"
    shade: str = ""
    sign: bool = False


class Normal(NamedTuple):
    """A normal statement: its subject's canonical words and its predicate's words."""

    subject: frozenset[str]
    predicate: frozenset[str]


class Target(NamedTuple):
    """A candidate, compiled. `side`: the side its name demands; `home`: the places its wordings name.

    `types`: words of its name that have an opposite ("acute"), which then excludes it; `levels`: those it names;
    `region`: the one part of the spine its name is held to;
    `heads`: the nouns of its name; `organs`: the organs of its
    name, none where it names none; `near`: the words that tell its place; `silence`: the verdict where the report does
    not mention it.
    """

    candidate: Candidate
    patterns: tuple[Pattern, ...]
    normals: tuple[Normal, ...]
    side: Side | None
    home: frozenset[str]
    types: frozenset[str]
    levels: frozenset[str]
    region: str
    heads: frozenset[str]
    organs: frozenset[str]
    near: frozenset[str]
    silence: Verdict


class Targets(NamedTuple):
    """A catalogue, compiled. `by_head`: canonical word → (target number, pattern).

    `by_subject`: one word of a normal statement's subject → (target number, the statement's place in its list).
    `parents`: (target number, its parent's number) of those whose parent is asked too. `positions`: the targets that
    ask where a device lies, each with the words of its devices.
    """

    targets: tuple[Target, ...]
    by_head: dict[str, tuple[tuple[int, Pattern], ...]]
    by_subject: dict[str, tuple[tuple[int, int], ...]]
    parents: tuple[tuple[int, int], ...]
    positions: tuple[tuple[int, tuple[frozenset[str], ...]], ...]
    speller: Speller


_COMPILED: dict[int, tuple[Catalogue, Targets]] = {}
_KEPT = 64


def compile_catalogue(catalogue: Catalogue) -> Targets:
    """Targets of a catalogue; kept for the catalogues last used, found by identity: to hash one takes longer."""
    known = _COMPILED.get(id(catalogue))
    if known and known[0] is catalogue:
        return known[1]
    targets = _compiled(catalogue)
    if len(_COMPILED) >= _KEPT:
        _COMPILED.clear()
    _COMPILED[id(catalogue)] = catalogue, targets
    return targets


@lru_cache(maxsize=_KEPT)
def _compiled(catalogue: Catalogue) -> Targets:
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
    heads = {head: tuple(found) for head, found in by_head.items()}
    positions = tuple((number, _devices(target)) for number, target in enumerate(targets) if _is_position(target))
    return Targets(targets, heads, _by_subject(targets), _parents(targets), positions, Speller(vocabulary))


def _is_position(target: Target) -> bool:
    """Whether the candidate asks where a device lies ("malpositioned PICC")."""
    return any(MISPLACED in (pattern.head, *pattern.needs) for pattern in target.patterns)


def _devices(target: Target) -> tuple[frozenset[str], ...]:
    """The words of each device that the candidate's wordings name."""
    plain = (each for each in target.patterns if each.mode == "plain" and not each.sign)
    return tuple(filter(None, dict.fromkeys(each.needs.union([each.head]) - {MISPLACED} for each in plain)))


def _parents(targets: tuple[Target, ...]) -> tuple[tuple[int, int], ...]:
    numbers = {target.candidate.finding.id: at for at, target in enumerate(targets)}
    parents = ((at, numbers.get(target.candidate.parent)) for at, target in enumerate(targets))
    return tuple((at, parent) for at, parent in parents if parent is not None)


def _by_subject(targets: tuple[Target, ...]) -> dict[str, tuple[tuple[int, int], ...]]:
    found: dict[str, list[tuple[int, int]]] = {}
    for number, target in enumerate(targets):
        for place, normal in enumerate(target.normals):
            found.setdefault(min(normal.subject), []).append((number, place))
    return {word: tuple(places) for word, places in found.items()}


@lru_cache(maxsize=2048)
def _target(candidate: Candidate) -> Target:
    name = candidate.finding.name
    phrases = [phrase for text in (name, *candidate.synonyms) for phrase in variants(text, candidate)]
    patterns = [pattern for phrase in phrases if (pattern := wording(phrase))]
    signs = [text for sign in candidate.signs for text in variants(sign, candidate)]
    patterns += [pattern._replace(sign=True) for text in signs if (pattern := wording(text))]
    patterns += [pattern for phrase in candidate.normal_phrases if (pattern := _normal_wording(phrase))]
    normals = [normal for phrase in candidate.normal_phrases if (normal := _normal(_marked(phrase)))]
    normals += [Normal(subject, _USUAL) for text in candidate.structures if (subject := _subject(words_of(text)))]
    normals += [
        Normal(subject, _USUAL) for word in words_of(name) if (subject := _ORGAN_OF.get(word.text, frozenset()))
    ]
    if not candidate.definition and patterns and (own := _places(patterns[0])):
        normals.append(Normal(own, _USUAL))
    patterns += [each._replace(head="rupture") for each in patterns if each.head == "tear" and each.needs & _TORN]
    words = words_of(name)
    canon = frozenset(part for word in words for part in word.canon)
    types, levels = _types(canon), frozenset(filter(is_level, canon))
    heads = frozenset(pattern.head for text in variants(name, candidate) if (pattern := wording(text)))
    unique, known = tuple(dict.fromkeys(patterns)), tuple(dict.fromkeys(normals))
    home = _home(words, patterns, candidate)
    unsaid = silence(candidate.finding)
    side, region = _side_of(words), _region(canon, levels)
    organs = canon & ANATOMY - VAGUE - WIDE
    if organs:
        organs |= {word for text in candidate.structures for word in _subject(words_of(text))} & ANATOMY - WIDE
    return Target(
        candidate, unique, known, side, home, types, levels, region, heads, organs, telling(home | levels), unsaid
    )


def _region(canon: frozenset[str], levels: frozenset[str]) -> str:
    named = spinal_region(canon) if levels or canon & _OF_SPINE else set()
    return next(iter(named)) if len(named) == 1 else ""


def wording(phrase: str) -> Pattern | None:
    """A pattern of a name or synonym; one that is itself a denial is met by a denial."""
    words = _marked(phrase)
    if words and words[0].text == REMOVED:
        pattern = _pattern(words[1:])
        return pattern._replace(mode=REMOVED) if pattern else None
    denied = any(word.text in _DENIALS for word in words)
    pattern = _pattern([word for word in words if word.text not in _DENIALS])
    return pattern._replace(mode="flipped") if pattern and denied else pattern


def _marked(phrase: str) -> list[Token]:
    """The words of a phrase, "free of" as the denial it is."""
    words = words_of(phrase)
    following = [*(word.text for word in words[1:]), ""]
    return [
        word._replace(text="free-of") if (word.text, after) == ("free", "of") else word
        for word, after in zip(words, following, strict=True)
    ]


def _normal_wording(phrase: str) -> Pattern | None:
    """A pattern of a normal phrase that is a denial or names no normal predicate; None for "X is normal"."""
    words = _marked(phrase)
    if any(word.text in _DENIALS for word in words):
        pattern = _pattern([word for word in words if word.text not in _DENIALS])
        return pattern._replace(mode="denied") if pattern else None
    if _normal(words):
        return None
    pattern = _pattern(words)
    return pattern._replace(mode="opposite") if pattern else None


def _home(name: list[Token], patterns: list[Pattern], candidate: Candidate) -> frozenset[str]:
    """Every place the candidate's wordings name; none for a candidate whose name is of no place ("Fracture")."""
    if not any(ANATOMY.intersection(word.canon) for word in name):
        return frozenset()
    named = frozenset(part for word in name for part in word.canon if part in ANATOMY)
    if not candidate.definition:
        return named
    said = {word for pattern in patterns if pattern.mode == "plain" for word in (pattern.head, *pattern.needs)}
    said |= {word for text in candidate.structures for word in _subject(words_of(text))}
    return frozenset(said & ANATOMY - WIDE) or frozenset(said & ANATOMY)


def _places(pattern: Pattern) -> frozenset[str]:
    """The organ a bare name speaks of, whose being called normal denies it; level and part included."""
    levels = frozenset(filter(is_level, pattern.needs))
    if levels:
        return levels
    if not pattern.needs & (ANATOMY - VAGUE):
        return frozenset()
    return pattern.needs & (ANATOMY | _WHICH if pattern.needs & _SEVERAL else ANATOMY)


def variants(text: str, candidate: Candidate) -> list[str]:
    """ "Pancreatic mass or cyst" is a pancreatic mass and a pancreatic cyst, "embolism (PE)" two names as well."""
    inner = re.findall(r"\(([^)]+)\)", text)
    outer = re.sub(r"\([^)]*\)", " ", text)
    parts = re.split(r"\s*/\s*(?=[A-Za-z]{3})|\s+or\s+", outer)
    if len(parts) > 1 and not all(_has_head(words_of(part)) for part in parts):
        parts = [outer]
    if len(parts) > 1 and _ADJECTIVE.fullmatch(parts[0]) and " " in parts[1].strip():
        parts[0] = f"{parts[0]} {parts[1].split()[-1]}"
    place = " ".join(word.text for word in words_of(parts[0]) if ANATOMY.intersection(word.canon))
    shared = [part if _is_whole(part, candidate) else f"{place} {part}" for part in parts[1:]]
    return [parts[0], *shared, *(part for part in inner if _has_head(words_of(part)))]


_ADJECTIVE = re.compile(r"\s*\w+(?:ic|al|ory|ive|ous|ed|ar|ian)\s*", re.IGNORECASE)


def _is_whole(part: str, candidate: Candidate) -> bool:
    placed = any(ANATOMY.intersection(word.canon) for word in words_of(part))
    return placed or part.lower().strip() in candidate.synonyms


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
    empty = STOP | _PREPOSITIONS
    kept = [word for word in words if word.text not in empty and not (side and set(word.canon) <= _OF_SIDE)]
    kept = _without_empty_nouns(kept)
    if not kept:
        return None
    head = _head(words, kept)
    canon = (
        {part for word in kept for part in word.canon} - _OF_SIDE
        if side
        else {part for word in kept for part in word.canon}
    )
    needs = frozenset(canon - {head} - STOP)
    shade = _dense(kept, head) if needs else "" if len(kept) > 1 else shade_of(kept[-1].text)
    return Pattern(head, needs, _types(needs), shade=shade)


def _types(canon: frozenset[str]) -> frozenset[str]:
    """The words that have an opposite; "small vessel" says no size."""
    named = frozenset[str]() if canon.isdisjoint(_SIZED) else _SIZES
    return canon & frozenset(OPPOSITES) - named


def _dense(kept: list[Token], head: str) -> str:
    """ "Hyperdense artery" is an artery that is dense, and no density beside one."""
    written = next((word.text for word in kept if word.canon[-1] == head), "")
    return ADJECTIVE if head == "hyperdensity" and is_adjective(written) else ""


def _without_empty_nouns(kept: list[Token]) -> list[Token]:
    """ "Ischemic changes" are ischemia, "white matter changes" are changes."""
    rest = [word for word in kept if word.canon[-1] not in EMPTY_NOUNS]
    named = any(
        not _is_place(word) and word.canon[-1] not in _FATS and (word.text in FORMS or word.text in COMPOUNDS)
        for word in rest
    )
    return rest if named else kept


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
    if is_level(word.text):
        return True
    return word.canon[-1] in ANATOMY or word.canon[-1] in PARTS or word.canon[-1] in OPPOSITES or word.text in SIDES


def _subject(words: list[Token]) -> frozenset[str]:
    return frozenset(part for word in words for part in word.canon) - STOP


def _normal(words: list[Token]) -> Normal | None:
    if any(word.text in _DENIALS for word in words):
        return None
    predicate = frozenset(word.text for word in words if word.text in NORMAL_WORDS)
    subject = frozenset(
        part for word in words if word.text not in NORMAL_WORDS and word.text not in STOP for part in word.canon
    )
    return Normal(subject, predicate) if subject and predicate else None

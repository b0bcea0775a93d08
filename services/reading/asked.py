"""What was asked for by name: a catalogue's candidate, one narrowed by side, level or kind, or the bare name."""

from __future__ import annotations

import re
from functools import lru_cache

from integration.canonical import Finding
from services.reading.catalogue import Library, candidate_from_name
from services.reading.catalogue.phrases import normalise
from services.reading.concepts import called
from services.reading.reader import Candidate
from services.reading.rules.anatomy import ANATOMY, is_level
from services.reading.rules.heads import LESIONS
from services.reading.rules.tokens import words_of

_SIDE = re.compile(r"\b(?:left|right|bilateral|[lr]t)(?:[- ]sided)?\b", re.IGNORECASE)
_LEVEL = re.compile(r"\b(?:at\s+)?[CTLS]\d{1,2}(?:\s?[-–/]\s?[CTLS]?\d{1,2})?\b(?:\s+level)?", re.IGNORECASE)
# Words that narrow a finding without making it another one.
_KINDS = re.compile(
    r"\b(?:acute|chronic|subacute|old|displaced|nondisplaced|small|large|moderate|mild|severe|upper|middle|lower"
    r"|(?:upper|middle|lower)\s+lobe|simple|complex|focal|multiple|proximal|distal|medial|lateral|anterior|posterior)\b",
    re.IGNORECASE,
)
_LINK = r"(?:of|in|at|on)(?: the)?"
_LINKS = re.compile(rf"^(?:{_LINK}|the)\s+|\s+{_LINK}$")


def candidate_for(name: str, library: Library) -> Candidate:
    """The candidate a name or id asks for. Raises ValueError for a name without a letter.

    A name that narrows a known finding ("left pleural effusion", "L4-L5 disc herniation") keeps that finding's
    wordings, each with the words that narrow it; its side stays in the name, where readers look for it.
    """
    found = library.find(name)
    if found and _is_same(name, found):
        return found
    if named := _by_name(name, library):
        return named
    known = _kind_of(found, name) if found else _narrowed(name, library)
    return _called(known or candidate_from_name(name), name)


def _called(candidate: Candidate, name: str) -> Candidate:
    """The candidate with the other names of its thing, its kinds as signs, and what denies it."""
    other = called(name)
    names, kinds, normal = (tuple(map(normalise, phrases)) for phrases in other)
    return candidate.model_copy(
        update={
            "synonyms": tuple(dict.fromkeys((*candidate.synonyms, *names))),
            "signs": tuple(dict.fromkeys((*candidate.signs, *kinds))),
            "normal_phrases": tuple(dict.fromkeys((*candidate.normal_phrases, *normal))),
        }
    )


def _is_same(name: str, found: Candidate) -> bool:
    """Whether a name means the finding itself and not only one of its kinds."""
    named = {name.casefold(), name.casefold().replace(" ", "_")} & {found.finding.id, found.finding.name.casefold()}
    return bool(named) or any(_canon(name) <= _canon(part) for part in re.split(r" or |, |/", found.finding.name))


def _by_name(name: str, library: Library) -> Candidate | None:
    """The finding whose name holds all words asked for, the shortest such name."""
    asked = _canon(name)
    own = {each.finding.id for each in next(iter(library.catalogues.values())).candidates}
    if found := library.find(name):
        own.add(found.finding.id)
    named = [
        (len(canon), candidate)
        for candidate in library.candidates()
        for part in re.split(r" or |, |/", candidate.finding.name)
        if asked and asked <= (canon := _canon(part)) and len(canon) <= len(asked) + 1
        # In another kind of exam a "hematoma" is not one of the scalp.
        if len(asked) > 1 or candidate.finding.id in own or not (canon - asked) & ANATOMY
    ]
    return min(named, key=lambda pair: pair[0])[1] if named else None


def _kind_of(base: Candidate, name: str) -> Candidate:
    """A candidate for one wording of a finding: the base denied or normal denies it, the base asserted does not."""
    own = candidate_from_name(name)
    asked = _canon(name)
    same = tuple(each for each in (*base.synonyms, *base.signs) if asked <= _canon(each))
    known = asked | _canon(base.finding.name) | LESIONS
    others = (each for each in base.synonyms if each not in same)
    # The denial of another kind or place ("no bladder stone") says nothing of the one asked for ("ureteral stone").
    denials = tuple(f"no {each}" for each in others if _canon(each) <= known)
    return own.model_copy(
        update={
            "synonyms": tuple(dict.fromkeys((*own.synonyms, *same))),
            "normal_phrases": (*base.normal_phrases, *denials),
            "structures": base.structures,
            "sides": base.sides,
        }
    )


@lru_cache(maxsize=32768)
def _canon(text: str) -> frozenset[str]:
    return frozenset(part for word in words_of(text) for part in word.canon)


def _narrowed(name: str, library: Library) -> Candidate | None:
    rest = " ".join(_SIDE.sub(" ", name).split())
    kept: list[str] = []
    for pattern in (None, _LEVEL, _KINDS):
        if pattern:
            kept += [" ".join(word.split()) for word in pattern.findall(rest)]
            rest = _LINKS.sub("", " ".join(pattern.sub(" ", rest).split()))
        base = library.find(rest) if rest else None
        if base:
            return _with(candidate_for(rest, library), name, " ".join(kept).lower())
    return _placed(name, " ".join(_SIDE.sub(" ", name).split()), library)


def _placed(name: str, rest: str, library: Library) -> Candidate | None:
    """A known finding in a place its own names do not say: "basal ganglia infarct", "fracture of the distal radius"."""
    words = rest.split()
    for at in range(1, len(words)):
        first, last = " ".join(words[:at]), " ".join(words[at:])
        if library.find(last) and _is_place(first):
            return _with(candidate_for(last, library), name, first.lower())
        if library.find(first) and _LINKS.search(f"{last} ") and _is_place(_LINKS.sub("", last)):
            return _with(candidate_for(first, library), name, _LINKS.sub("", last).lower())
    return None


def _is_place(text: str) -> bool:
    """Whether every word names a place, a level or a part of one, and one of them a place."""
    words = words_of(text)
    narrowing = [ANATOMY.intersection(word.canon) or is_level(word.text) for word in words]
    known = [bool(said) or _KINDS.fullmatch(word.text) for said, word in zip(narrowing, words, strict=True)]
    return any(narrowing) and all(known)


def _with(base: Candidate, name: str, extra: str) -> Candidate:
    """The base candidate under another name, its synonyms narrowed by `extra`."""
    own = candidate_from_name(name)
    synonyms = tuple(f"{synonym} {extra}".strip() for synonym in base.synonyms)
    return base.model_copy(
        update={
            "finding": Finding(id=own.finding.id, name=own.finding.name, critical=base.finding.critical),
            "definition": "",
            "ask": (),
            "synonyms": synonyms,
            "signs": tuple(f"{sign} {extra}".strip() for sign in base.signs),
            "sides": True,
        }
    )

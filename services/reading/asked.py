"""What was asked for by name: a catalogue's candidate, one narrowed by side, level or kind, or the bare name."""

from __future__ import annotations

import re
from functools import lru_cache

from integration.canonical import Finding
from services.reading.catalogue import Library, candidate_from_name
from services.reading.reader import Candidate
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
    if found:
        return _kind_of(found, name)
    return _narrowed(name, library) or candidate_from_name(name)


def _is_same(name: str, found: Candidate) -> bool:
    """Whether a name means the finding itself and not only one of its kinds."""
    named = {name.casefold(), name.casefold().replace(" ", "_")} & {found.finding.id, found.finding.name.casefold()}
    return bool(named) or any(_canon(name) <= _canon(part) for part in re.split(r" or |, |/", found.finding.name))


def _by_name(name: str, library: Library) -> Candidate | None:
    """The finding whose name holds all words asked for, the shortest such name."""
    asked = _canon(name)
    named = [
        (len(canon), candidate)
        for candidate in library.candidates()
        for part in re.split(r" or |, |/", candidate.finding.name)
        if asked and asked <= (canon := _canon(part)) and len(canon) <= len(asked) + 1
    ]
    return min(named, key=lambda pair: pair[0])[1] if named else None


def _kind_of(base: Candidate, name: str) -> Candidate:
    """A candidate for one wording of a finding: the base denied or normal denies it, the base asserted does not."""
    own = candidate_from_name(name)
    asked = _canon(name)
    same = tuple(synonym for synonym in base.synonyms if asked <= _canon(synonym))
    denials = tuple(f"no {synonym}" for synonym in base.synonyms if synonym not in same)
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
    return None


def _with(base: Candidate, name: str, extra: str) -> Candidate:
    """The base candidate under another name, its synonyms narrowed by `extra`."""
    own = candidate_from_name(name)
    synonyms = tuple(f"{synonym} {extra}".strip() for synonym in base.synonyms)
    return base.model_copy(
        update={
            "finding": Finding(id=own.finding.id, name=own.finding.name, critical=base.finding.critical),
            "definition": "",
            "synonyms": synonyms,
            "sides": True,
        }
    )

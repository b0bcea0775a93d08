"""Critical findings that are one event: a kind of a finding, what one sentence tells of, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from integration.canonical import Quote
from services.reading.reader import Candidate, ancestors
from services.reading.rules.anatomy import is_level
from services.reading.rules.critical_finding import Found
from services.reading.rules.tokens import words_of
from services.reading.rules.words import STOP

# What follows from another event in the same report is one event with it. The bleeds and the broken skull of one head
# are one injury.
_BLEEDS = frozenset(
    {
        *("epidural_hematoma", "subdural_hematoma", "subarachnoid_hemorrhage", "intraparenchymal_hemorrhage"),
        *("intracranial_hemorrhage", "intraventricular_hemorrhage"),
    }
)
_BRAIN = _BLEEDS | {"acute_infarct", "intracranial_mass", "venous_sinus_thrombosis", "abscess"}
_CORD = frozenset({"cord_compression", "cauda_equina_compression", "epidural_abscess", "spinal_epidural_hematoma"})
_FOLLOWS_FROM: dict[str, frozenset[str]] = {
    **dict.fromkeys(_BLEEDS, _BLEEDS),
    **dict.fromkeys(("midline_shift", "cerebral_edema"), _BRAIN),
    "brain_herniation": _BRAIN | {"hydrocephalus", "midline_shift"},
    **dict.fromkeys(
        ("intracranial_hemorrhage", "intraparenchymal_hemorrhage"),
        _BLEEDS | {"intracranial_mass", "venous_sinus_thrombosis"},
    ),
    "hydrocephalus": _BRAIN - {"abscess"},
    "skull_fracture": _BLEEDS,
    "pneumocephalus": _BLEEDS | {"skull_fracture"},
    "acute_infarct": frozenset({"venous_sinus_thrombosis"}),
    "abscess": frozenset({"appendicitis", "diverticulitis", "cholecystitis"}),
    "hyperdense_vessel": frozenset({"acute_infarct"}),
    "arterial_occlusion": frozenset({"acute_infarct"}),
    "right_heart_strain": frozenset({"pulmonary_embolism"}),
    "pneumoperitoneum": frozenset({"appendicitis", "diverticulitis", "bowel_obstruction"}),
    "splenic_vein_thrombosis": frozenset({"pancreatitis"}),
    "portal_vein_thrombosis": frozenset({"pancreatitis"}),
    "cord_signal_abnormality": _CORD,
}
# In the spine what stands at one level is one event.
_AT_ONE_LEVEL = _CORD | {"cord_signal_abnormality", "vertebral_compression_fracture", "discitis_osteomyelitis"}


def events(
    found: Sequence[Found], by_id: Mapping[str, Candidate], concluded: Sequence[frozenset[str]]
) -> list[list[Found]]:
    """The findings by event, the one that leads first; `concluded`: canonical words of each concluding sentence.

    A kind of a finding stands for the finding.
    """
    parents = {name: candidate.parent for name, candidate in by_id.items()}
    above = {name for each in found for name in ancestors(each.candidate.finding.id, parents)}
    named = {each.candidate.finding.id for each in found}
    told: list[list[Found]] = []
    for each in sorted(found, key=lambda one: _follows(one.candidate.finding.id, named)):
        if each.candidate.finding.id in above or each.verdict.rule.startswith("child/"):
            continue
        own = next((event for event in told if _is_one(event[0], each, concluded) or _follow(event, each)), None)
        if own is None:
            told.append([each])
        else:
            own.append(each)
    return told


def _follow(event: Sequence[Found], each: Found) -> bool:
    """Whether it follows from one of the event's findings."""
    leads = _FOLLOWS_FROM.get(each.candidate.finding.id, frozenset())
    return any(one.candidate.finding.id in leads for one in event)


def _follows(name: str, named: set[str]) -> bool:
    """Whether it is led by another of the findings; of bleeds none leads another."""
    leads = _FOLLOWS_FROM.get(name, frozenset()) - {name}
    return not named.isdisjoint(leads - _BLEEDS if name in _BLEEDS - {"intraventricular_hemorrhage"} else leads)


def _is_one(first: Found, second: Found, concluded: Sequence[frozenset[str]]) -> bool:
    """Whether one follows from the other, both rest on one sentence, or one sentence of the impression names both."""
    one, other = first.candidate, second.candidate
    if one.finding.id in _FOLLOWS_FROM.get(other.finding.id, ()):
        return True
    if _overlap(first.verdict.quotes, second.verdict.quotes):
        return True
    if {one.finding.id, other.finding.id} <= _AT_ONE_LEVEL and _levels(first) & _levels(second):
        return True
    if any(_named_in(said, _names(one)) and _named_in(said, _names(other)) for said in concluded):
        return True
    its, others = heads(one), heads(other)
    return any(its - others & said and others - its & said for said in concluded)


def _levels(found: Found) -> frozenset[str]:
    """The vertebrae its sentences name; a disc is both of its vertebrae."""
    said = (
        word
        for each in found.mentions
        for word in (*each.sentence.context, *(part for token in each.sentence.tokens for part in token.canon))
        if is_level(word)
    )
    return frozenset(vertebra for word in said for vertebra in word.split("-"))


def heads(candidate: Candidate) -> frozenset[str]:
    """The last word of each of its names, canonical."""
    return _last_words((candidate.finding.name, *candidate.synonyms))


@lru_cache(maxsize=1024)
def _last_words(names: tuple[str, ...]) -> frozenset[str]:
    phrases = map(words_of, names)
    return frozenset(words[-1].canon[-1] for words in phrases if words)


def canon(part: str) -> frozenset[str]:
    """The canonical words of a part of the text."""
    return frozenset(word for each in words_of(part) for word in each.canon)


def _names(candidate: Candidate) -> tuple[frozenset[str], ...]:
    return _words_of((candidate.finding.name, *candidate.synonyms))


@lru_cache(maxsize=1024)
def _words_of(names: tuple[str, ...]) -> tuple[frozenset[str], ...]:
    return tuple(canon(name) - STOP for name in names)


def _named_in(said: frozenset[str], names: Sequence[frozenset[str]]) -> bool:
    return any(name and name <= said for name in names)


def _overlap(first: Sequence[Quote], second: Sequence[Quote]) -> bool:
    return any(one.start < other.end and other.start < one.end for one in first for other in second)

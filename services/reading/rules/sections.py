"""Which part of the report a span belongs to: headings found in the text, or sections given by the source."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from integration.canonical import Section, SectionKind
from services.reading.rules.anatomy import ANATOMY
from services.reading.rules.tokens import words_of
from services.reading.rules.wordset import wordset

_NAMES: dict[SectionKind, str] = {
    SectionKind.INDICATION: r"(?:clinical )?indications?(?: for (?:exam(?:ination)?|study|procedure))?"
    r"|reason (?:for|of) (?:the )?(?:exam(?:ination)?|study|order|visit|referral|test|procedure)|reason"
    r"|clinical (?:information|data|question|details|context|statement|concern|background|presentation)"
    r"|presenting complaint|chief complaint|symptoms|clinical|referral",
    SectionKind.HISTORY: r"(?:(?:relevant|pertinent|past|clinical|patient|medical|surgical|brief|family|additional"
    r"|past medical|past surgical|interval) )?(?:hx|history)|pmh|patient'?s history",
    SectionKind.TECHNIQUE: r"(?:imaging |exam(?:ination)? |scan(?:ning)? |procedure )?techniques?"
    r"|(?:imaging )?protocol|contrast(?: (?:material|media|agent|administration))?"
    r"|(?:radiation )?dose(?: (?:reduction|report|information))?|ctdi(?:vol)?|dlp|sequences|views?"
    r"|medications?|procedure (?:comments|details|description)|image quality|number of views",
    SectionKind.COMPARISON: r"comparisons?(?: (?:stud(?:y|ies)|exams?|examinations?|made))?"
    r"|(?:prior|previous|relevant prior)(?: (?:stud(?:y|ies)|exams?|examinations?|imaging|report))?s?"
    r"|compared (?:to|with)",
    SectionKind.FINDINGS: r"(?:imaging |radiographic |ct |mri? |sonographic |detailed |additional |other "
    r"|pertinent |incidental |mammographic |ultrasound |radiologic(?:al)? |clinical )?findings(?: and discussion)?"
    r"|observations?|results?|report|description|discussion|body of report|narrative|limitations?|quality"
    r"|(?:report|exam) findings|technical quality",
    SectionKind.IMPRESSION: r"(?:final |overall |initial |preliminary |updated |revised |radiologic(?:al)? |clinical "
    r"|diagnostic )?(?:impressions?|conclusions?|opinion|assessment|diagnos[ei]s|interpretation)|imp"
    r"|summary(?: of findings)?|impression and recommendations?|impression/recommendations?|conclusion/recommendation"
    r"|(?:critical|key) findings?",
    SectionKind.RECOMMENDATION: r"recommendations?|(?:follow[- ]?up )?recommendations?|follow[- ]?up"
    r"|management(?: recommendations?)?|advice|plan|suggestions?|recommended follow[- ]?up",
    SectionKind.ADDENDUM: r"(?:\*+ ?)?(?:addend(?:um|a|ums)|amend(?:ment|ed report)|correct(?:ion|ed report)|revision)"
    r"(?: ?#? ?\d+)?(?: (?:to|dated|by|on|created)\b[^:\n]{0,60})?",
    SectionKind.OTHER: r"exam(?:ination)?s?(?: (?:date|type|performed|name|description))?"
    r"|stud(?:y|ies)(?: (?:date|type))?"
    r"|procedures?(?: performed)?|(?:electronically )?signed(?: by)?|dictated(?: by)?|attending(?: radiologist)?"
    r"|radiologist|reported by|transcribed by|transcriptionist|accession(?: number| #| no)?|patient(?: name| id)?"
    r"|dob|mrn|date(?: of (?:exam|service|birth|study))?|ordering (?:provider|physician)"
    r"|referring (?:provider|physician)|requested by|pending review by|communication|notification|modality"
    r"|exam title|body part|site|workstation|critical results?(?: communication)?|attestation|disclaimer",
}
_ALONE = wordset(
    """imp report body reason site date clinical quality plan views view dose contrast narrative results result
    patient prior priors modality follow-up sequences protocol history hx"""
)
_ANY = "|".join(f"(?P<{kind.value}>{names})" for kind, names in _NAMES.items())
_NAME = re.compile(_ANY, re.IGNORECASE)
_LINE = re.compile(
    r"^[ \t>*#_=-]*(?:\d{1,2}[.)][ \t]*)?(?P<name>[A-Za-z][^:\n–]{1,70}?)[ \t*_=]*(?P<mark>:|-(?=\s)|–|$)",
    re.MULTILINE,
)
_INLINE = re.compile(r"(?<![A-Za-z])(?P<name>[A-Z][A-Za-z'/# -]{1,60}?)[ \t]*:")
_BEFORE_FINDINGS = (
    SectionKind.INDICATION,
    SectionKind.HISTORY,
    SectionKind.TECHNIQUE,
    SectionKind.COMPARISON,
    SectionKind.OTHER,
)
_LABEL = re.compile(r"^[ \t]*(?P<label>[A-Z][A-Za-z /,&-]{2,40}):", re.MULTILINE)
_TELLING = wordset("is are was were has have no not without there shows demonstrates seen noted")
_LONG = 20
# In a report of one paragraph ("Indication: cough. Lungs clear.") the indication is one sentence.
_FULL_STOP = re.compile(r"(?<=[a-z)?])[.?]\s+(?=[A-Z])")
# A line that ends before a new one begins with a capital, a number or a list mark ("Hx: pain\nNo fx.").
_NEXT_LINE = re.compile(r"(?<=\S)[ \t]*\n(?=[ \t]*(?:[A-Z0-9(]|[-•*] ))")
_BLANK = re.compile(r"\n[ \t\r]*\n")


class Block(NamedTuple):
    """A span [start, end) of one section's words, its heading left out."""

    kind: SectionKind
    start: int
    end: int


class Heading(NamedTuple):
    """A heading at [start, end), the mark after it included."""

    kind: SectionKind
    start: int
    end: int


def headings(text: str) -> list[Heading]:
    """Every heading of the text, in order."""
    found = [heading for match in _LINE.finditer(text) if (heading := _at_line(match))]
    taken = {heading.end for heading in found}
    inline = (heading for match in _INLINE.finditer(text) if (heading := _in_line(match)))
    found.extend(heading for heading in inline if heading.end not in taken)
    return sorted(found, key=lambda heading: heading.start)


def _at_line(match: re.Match[str]) -> Heading | None:
    kind = _named(match.group("name"))
    if kind is None or not _stands(match.group("name"), match.group("mark")):
        return None
    return Heading(kind, match.start(), match.end())


def _stands(name: str, mark: str) -> bool:
    """A name without a colon is a heading only alone on its line and unlikely to be prose."""
    if mark == ":":
        return True
    return name.isupper() or (not mark and name.lower() not in _ALONE)


def _in_line(match: re.Match[str]) -> Heading | None:
    """In the middle of a line "FINDINGS:" is a heading, also after other words without a stop."""
    words = match.group("name")
    starts = [0, *(at + 1 for at, char in enumerate(words) if char == " ")]
    for start in starts:
        kind = _named(words[start:]) if words[start : start + 1].isupper() else None
        if kind is not None:
            return Heading(kind, match.start("name") + start, match.end())
    return None


@lru_cache(maxsize=4096)
def _named(words: str) -> SectionKind | None:
    """The section a heading of these words opens; None: they are no heading."""
    name = _NAME.fullmatch(words)
    return SectionKind(str(name.lastgroup)) if name else None


def blocks(text: str, given: Sequence[Section] = ()) -> list[Block]:
    """The report as consecutive blocks; headings in the text refine what the source gave."""
    edges = _edges(text, given)
    ends = [start for _, start in edges[1:]] + [len(text)]
    found: list[Block] = []
    for (kind, start), end in zip(edges, ends, strict=True):
        found += _under_headings(text, kind, start, end)
    return _open_findings(text, _after_addendum(_told_procedures(text, _labelled(text, found))))


def _edges(text: str, given: Sequence[Section]) -> list[tuple[SectionKind, int]]:
    edges: list[tuple[SectionKind, int]] = []
    at = 0
    for section in sorted(given, key=lambda item: item.start):
        start, end = max(at, section.start), min(section.end, len(text))
        if end <= start:
            continue
        if text[at:start].strip():
            edges.append((SectionKind.FINDINGS, at))
        edges.append((section.kind, start))
        at = end
    if not edges or text[at:].strip():
        edges.append((SectionKind.FINDINGS, at))
    return edges


def _under_headings(text: str, kind: SectionKind, start: int, end: int) -> list[Block]:
    marks = headings(text[start:end])
    found = [_opening(text, kind, start, start + marks[0].start, marks) if marks else Block(kind, start, end)]
    ends = [start + mark.start for mark in marks[1:]] + [end]
    for mark, stop in zip(marks, ends, strict=False):
        found.append(Block(mark.kind, start + mark.end, max(stop, start + mark.end)))
    return [block for block in found if text[block.start : block.end].strip()]


def _opening(text: str, kind: SectionKind, start: int, end: int, marks: list[Heading]) -> Block:
    """What stands before the first heading: a title and not findings, where findings follow and it tells nothing."""
    words = {word.strip(".,;:").lower() for word in text[start:end].split()}
    follows = any(mark.kind in (SectionKind.FINDINGS, SectionKind.IMPRESSION) for mark in marks)
    told = words & _TELLING
    return Block(SectionKind.OTHER if follows and not told else kind, start, end)


def _labelled(text: str, found: list[Block]) -> list[Block]:
    """A line labelled with an organ ("LUNGS:") under the indication or technique begins the findings."""
    result: list[Block] = []
    for block in found:
        label = _organ_label(text, block) if block.kind in _BEFORE_FINDINGS else -1
        if label > block.start:
            result += [block._replace(end=label), Block(SectionKind.FINDINGS, label, block.end)]
        else:
            result.append(block)
    return [block for block in result if text[block.start : block.end].strip()]


def _organ_label(text: str, block: Block) -> int:
    for match in _LABEL.finditer(text, block.start, block.end):
        words = {part for token in words_of(match.group("label")) for part in token.canon}
        if words & ANATOMY:
            return match.start()
    return -1


def _told_procedures(text: str, found: list[Block]) -> list[Block]:
    """A long "PROCEDURE" in a report without findings tells what was found."""
    if any(
        block.kind is SectionKind.FINDINGS and len(text[block.start : block.end].split()) > _LONG for block in found
    ):
        return found
    return [
        block._replace(kind=SectionKind.FINDINGS)
        if text[: block.start].rstrip().lower().endswith(("procedure:", "description:", "procedure"))
        and len(text[block.start : block.end].split()) > _LONG
        else block
        for block in found
    ]


def _after_addendum(found: list[Block]) -> list[Block]:
    """Headings inside an addendum that follows the impression still belong to the addendum."""
    result: list[Block] = []
    concluded = inside = False
    for block in found:
        inside = inside or (block.kind is SectionKind.ADDENDUM and concluded)
        concluded = concluded or block.kind is SectionKind.IMPRESSION
        speaks = block.kind in (SectionKind.FINDINGS, SectionKind.IMPRESSION)
        result.append(block._replace(kind=SectionKind.ADDENDUM) if inside and speaks else block)
    return result


def _open_findings(text: str, found: list[Block]) -> list[Block]:
    """Without a findings heading, the paragraphs after indication, technique or comparison are the findings."""
    if any(block.kind is SectionKind.FINDINGS and block.start > 0 and _headed(text, block) for block in found):
        return found
    result: list[Block] = []
    last = max((at for at, block in enumerate(found) if block.kind in _BEFORE_FINDINGS), default=-1)
    for at, block in enumerate(found):
        gap = _BLANK.search(text, block.start, block.end) if block.kind in _BEFORE_FINDINGS else None
        if gap is None and at == last:
            one_line = "\n" not in text[block.start : block.end].strip()
            gap = (_FULL_STOP if one_line else _NEXT_LINE).search(text, block.start, block.end)
        if gap and text[block.start : gap.start()].strip() and text[gap.end() : block.end].strip():
            result.append(block._replace(end=gap.start()))
            result.append(Block(SectionKind.FINDINGS, gap.end(), block.end))
        else:
            result.append(block)
    return result


def _headed(text: str, block: Block) -> bool:
    return (
        text[max(0, block.start - 2) : block.start].rstrip(" \t*")[-1:] in (":", "-")
        or "\n" in text[block.start : block.start + 2]
    )

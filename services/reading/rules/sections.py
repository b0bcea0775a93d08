"""Which part of the report a span belongs to: headings found in the text, or sections given by the source."""

from __future__ import annotations

import re
from collections.abc import Sequence

from integration.canonical import Section, SectionKind
from services.reading.rules.anatomy import ANATOMY
from services.reading.rules.corrections import without_superseded
from services.reading.rules.headings import EXAM_WORDS, Block, Heading, headings
from services.reading.rules.heads import FINDINGS
from services.reading.rules.lines import wraps
from services.reading.rules.tokens import words_of
from services.reading.rules.wordset import wordset

_BEFORE_FINDINGS = (
    SectionKind.INDICATION,
    SectionKind.HISTORY,
    SectionKind.TECHNIQUE,
    SectionKind.COMPARISON,
    SectionKind.OTHER,
)
_LABEL = re.compile(r"^[ \t]*(?P<label>[A-Z][A-Za-z /,&-]{2,40}):", re.MULTILINE)
_TELLING = wordset("is are was were has have no not without there shows demonstrates seen noted")
_TOLD_UNDER = ("procedure:", "description:", "procedure")
_LONG = 20
_TITLE_WORDS = 8
_LOOK_BACK = 40
# In a report of one paragraph ("Indication: cough. Lungs clear.") the indication is one sentence.
_FULL_STOP = re.compile(r"(?<=[A-Za-z)?])[.?]\s+(?=[A-Z])")
# A new line begins with a capital, a number or a list mark ("Hx: pain\nNo fx.").
_NEW_LINE = re.compile(r"\n(?=[ \t]*(?:[A-Z0-9(]|[-•*] ))")
_ORIGINAL = re.compile(r"(?:original|initial|previous|full) report[ \t]*:?\s*\Z", re.IGNORECASE)
# "Mammography: 28 mm spiculate mass in the left breast": a modality with what it showed, and no title.
_MODALITY = re.compile(
    r"^[ \t]*(?:mammogra(?:phy|ms?)|tomosynthesis|ultrasound|uss?|mri|ct)[ \t]*:[ \t]*(?:[^\s:]+[ \t]+){5}(?=\S)",
    re.IGNORECASE | re.MULTILINE,
)
_BLANK = re.compile(r"\n[ \t\r]*\n")


def blocks(text: str, given: Sequence[Section] = ()) -> list[Block]:
    """The report as consecutive blocks; headings in the text refine what the source gave."""
    edges = _edges(text, given)
    ends = [start for _, start in edges[1:]] + [len(text)]
    found: list[Block] = []
    for (kind, start), end in zip(edges, ends, strict=True):
        found += _under_headings(text, kind, start, end)
    told = _open_findings(text, _after_addendum(text, _told_procedures(text, _labelled(text, found))))
    return without_superseded(text, told)


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
        found.append(Block(mark.kind, start + mark.end, max(stop, start + mark.end), headed=True))
    return [block for block in found if text[block.start : block.end].strip()]


def _opening(text: str, kind: SectionKind, start: int, end: int, marks: list[Heading]) -> Block:
    """What stands before the first heading: a title and not findings, where findings follow and it tells nothing."""
    words = {word.strip(".,;:").lower() for word in text[start:end].split()}
    follows = any(mark.kind in (SectionKind.FINDINGS, SectionKind.IMPRESSION) for mark in marks)
    told = words & _TELLING or _finds(text[start:end]) or _MODALITY.search(text, start, end)
    return Block(SectionKind.OTHER if follows and not told else kind, start, end)


def _finds(opening: str) -> bool:
    """Whether an opening that names no exam names findings in more words than a title has."""
    tokens = words_of(opening)
    if len(tokens) < _TITLE_WORDS or any(token.text in EXAM_WORDS for token in tokens):
        return False
    return any(not FINDINGS.isdisjoint(token.canon) for token in tokens)


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
        if text[max(0, block.start - _LOOK_BACK) : block.start].rstrip().lower().endswith(_TOLD_UNDER)
        and len(text[block.start : block.end].split()) > _LONG
        else block
        for block in found
    ]


def _after_addendum(text: str, found: list[Block]) -> list[Block]:
    """Headings inside an addendum that follows the report belong to it, up to where the first report begins again."""
    result: list[Block] = []
    concluded = inside = False
    for block in found:
        speaks = block.kind in (SectionKind.FINDINGS, SectionKind.IMPRESSION)
        inside = (inside and not _ORIGINAL.search(text, max(0, block.start - _LOOK_BACK), block.start)) or (
            block.kind is SectionKind.ADDENDUM and concluded
        )
        concluded = concluded or (speaks and bool(text[block.start : block.end].strip()))
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
        gap = _first_end(text, block) if gap is None and at == last else gap
        if gap and text[block.start : gap.start()].strip() and text[gap.end() : block.end].strip():
            result.append(block._replace(end=gap.start()))
            result.append(Block(SectionKind.FINDINGS, gap.end(), block.end))
        else:
            result.append(block)
    return result


def _first_end(text: str, block: Block) -> re.Match[str] | None:
    """Where what was told first ends: at a line end that was meant, or at the full stop of a single paragraph."""
    start = block.start + len(text[block.start : block.end]) - len(text[block.start : block.end].lstrip())
    soft = wraps(text)
    breaks = (each for each in _NEW_LINE.finditer(text, start, block.end) if each.start() not in soft)
    return next(breaks, None) or _FULL_STOP.search(text, start, block.end)


def _headed(text: str, block: Block) -> bool:
    return (
        text[max(0, block.start - 2) : block.start].rstrip(" \t*")[-1:] in (":", "-")
        or "\n" in text[block.start : block.start + 2]
    )

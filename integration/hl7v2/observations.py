"""The OBX segments of one report as text with its marked sections, its status, and what stands beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from integration.canonical import ReportStatus, Section, SectionKind
from integration.copies import Told
from integration.hl7v2.documents import NoText, document_text
from integration.hl7v2.lines import DATA, NARRATIVE, Line, What, as_lines, is_measurement, tidy
from integration.hl7v2.segments import Parts, Segment
from integration.hl7v2.senders import SenderMap
from integration.hl7v2.spill import gathered
from integration.hl7v2.titles import is_title, section_titled
from integration.notes import Note

DICOM_STUDY = "113014"
GONE = frozenset({ReportStatus.ENTERED_IN_ERROR, ReportStatus.CANCELLED})
_RAW_BREAK = re.compile(r"\\(?:\.br|\.sp\d*|X0[AD]\w*)\\")


@dataclass
class Body:
    """`text` and its sections; `prose` tells whether any OBX holds words, `statuses` what OBX-11 said.

    `gone`: every line with words was taken back (D, W) or cancelled (X).
    """

    text: str = ""
    sections: tuple[Section, ...] = ()
    kinds: frozenset[SectionKind | None] = frozenset()
    prose: bool = False
    statuses: tuple[ReportStatus, ...] = ()
    study_uid: str = ""
    notes: tuple[Note, ...] = ()

    @property
    def gone(self) -> bool:
        """Whether nothing is left of what once was text."""
        return not self.text and not GONE.isdisjoint(self.statuses)


@dataclass
class _Writer:
    """Joins lines and remembers which stretch the source marked as which section."""

    lines: list[str] = field(default_factory=list)
    spans: list[tuple[SectionKind | None, int, int]] = field(default_factory=list)
    length: int = 0

    def add(self, text: str, kind: SectionKind | None) -> None:
        start = self.length + 1 if self.lines else 0
        self.lines.append(text)
        self.length = start + len(text)
        if self.spans and self.spans[-1][0] == kind:
            start = self.spans.pop()[1]
        self.spans.append((kind, start, self.length))

    def sections(self, text: str) -> tuple[Section, ...]:
        """The marked stretches that hold anything but blanks."""
        return tuple(
            Section(kind=kind, start=start, end=end)
            for kind, start, end in self.spans
            if kind is not None and text[start:end].strip()
        )


@dataclass
class _Entry:
    """What one line adds to the text; `coded`: a code of OBX-3 marks its section."""

    line: Line
    text: str
    kind: SectionKind | None
    title: str = ""
    coded: bool = False


def read_body(observations: Sequence[Segment], sender: SenderMap, exam: str = "") -> Body:
    """One report's text, its OBX joined in the order sent, one line or more each.

    A line whose OBX-11 is D or W (entered in error) or X (cancelled) is left out. `exam` names what OBX-3 may
    repeat without naming a section.
    """
    notes: list[Note] = []
    statuses: list[ReportStatus] = []
    entries: list[_Entry] = []
    uids = [obx.value(5) for obx in observations if obx.value(3) == DICOM_STUDY]
    lines = as_lines([gathered(obx, sender) for obx in observations if obx.value(3) != DICOM_STUDY])
    for line in lines:
        word = line.obx.value(11)
        said = sender.status_of(word) if word else None
        if word and said is None:
            notes.append(Note(f"OBX-11 of {line.place}: a status word that is not known"))
        if said and line.what in (What.WORDS, What.DOCUMENT, What.CODED):
            statuses.append(said)
        if said not in GONE:
            entries += _entries(line, sender, notes)
    _name(entries, exam)
    return _body(entries, lines, tuple(statuses), next(filter(None, uids), ""), notes)


def _body(
    entries: list[_Entry], lines: list[Line], statuses: tuple[ReportStatus, ...], uid: str, notes: list[Note]
) -> Body:
    writer = _Writer()
    for entry in _once(entries, notes):
        writer.add(f"{entry.title}: {entry.text}" if entry.title else entry.text, entry.kind)
    text = "\n".join(writer.lines)
    return Body(
        text=text if text.strip() else "",
        sections=writer.sections(text),
        kinds=frozenset(kind for kind, start, end in writer.spans if text[start:end].strip()),
        prose=any(map(_is_prose, lines)) or any(entry.kind and entry.line.what is What.CODED for entry in entries),
        statuses=statuses,
        study_uid=uid,
        notes=tuple(notes),
    )


def _is_prose(line: Line) -> bool:
    return line.what in (What.WORDS, What.DOCUMENT) and not is_measurement(line.obx)


def _entries(line: Line, sender: SenderMap, notes: list[Note]) -> list[_Entry]:
    """What a line adds to the text: nothing or one entry; what is not read of it becomes a note."""
    kind = line.obx.value(2).upper()
    if line.what is What.WORDS and kind not in NARRATIVE:
        odd = "words under a type of data" if kind in DATA else "a type that is not known"
        notes.append(Note(f"OBX-2 of {line.place}: {odd}; read as text"))
    if line.obx.odd:
        notes.append(Note(f"{line.place}: {line.obx.odd}"))
    text = _text(line, notes)
    if text is None:
        return []
    code = _by_code(line.obx, sender)
    return [_Entry(line, text, code or _by_words(line), coded=code is not None)]


def _text(line: Line, notes: list[Note]) -> str | None:
    """What a line adds to the text, None if it adds nothing."""
    if line.what is What.DOCUMENT:
        return _document(line, notes)
    if line.what is What.CODED:
        return _coded(line.obx)
    if line.what is What.WORDS:
        if _RAW_BREAK.search(line.text):
            notes.append(Note(f"OBX-5 of {line.place}: line ends escaped twice stand in the text as they were sent"))
        return _with_unit(line) if line.text or not line.obx.raw(5).strip() else None
    if line.obx.raw(5).strip():
        refers = line.what is What.REFERENCE
        notes.append(Note(f"{line.place} refers to a document", line.obx.value(5)) if refers else _datum(line.obx))
    return None


def _with_unit(line: Line) -> str:
    unit = line.obx.value(6) if is_measurement(line.obx) else ""
    return f"{line.text} {unit}" if unit else line.text


def _datum(obx: Segment) -> Note:
    """A value that is no prose stays beside the text, with its title and unit."""
    value = " ".join(" ".join(obx.text(5).replace(obx.marks.component, " ").split()).split("\n"))
    title = obx.value(3, 2) or obx.value(3)
    said = " ".join(filter(None, (f"{title}:" if title else "", value, obx.value(6))))
    return Note(f"{obx.place}: data beside the text ({obx.value(2)[:3]})", said)


def _document(line: Line, notes: list[Note]) -> str | None:
    try:
        return tidy(document_text(line.pieces))
    except NoText as fault:
        notes.append(Note(f"OBX-5 of {line.place}: {fault}"))
        return None


def _coded(obx: Segment) -> str | None:
    """A coded answer with the words of its question, without which "Yes" says nothing."""
    answers = [_words(parts) for parts in obx.repeats(5)]
    answer = ", ".join(filter(None, answers))
    if not answer:
        return None
    question = obx.value(3, 2)
    return f"{question}: {answer}" if question else answer


def _words(parts: Parts) -> str:
    return parts.value(9) or parts.value(2) or parts.value(5) or parts.value(1)


def _by_code(obx: Segment, sender: SenderMap) -> SectionKind | None:
    """By suffix (`&GDT`, `12345&IMP`, `GDT`), by the code itself, or by the alternate code."""
    code = obx.parts(3)
    return sender.section_of(code.value(1, 2), code.value(1), code.value(4, 2), code.value(4))


def _by_words(line: Line) -> SectionKind | None:
    """By what OBX-3 says in words; a coded answer ("Symptoms: fever") is a section only where it tells findings."""
    found = next(filter(None, map(section_titled, _titles(line.obx))), None)
    return found if line.what is not What.CODED or found in _TOLD else None


_TOLD = (SectionKind.FINDINGS, SectionKind.IMPRESSION)


def _titles(obx: Segment) -> list[str]:
    code = obx.parts(3)
    return [words for words in (code.value(2), code.value(1), code.value(5), code.value(9)) if words]


def _name(entries: list[_Entry], exam: str) -> None:
    """The titles of OBX-3 as headings, where they tell the lines of a report apart and no code marks the section."""
    told = [entry for entry in entries if entry.line.what in (What.WORDS, What.DOCUMENT)]
    titles = [_title(entry) for entry in told]
    if len({entry.line.obx.raw(3) for entry in told}) < _SEVERAL:
        return
    before = ""
    for entry, title in zip(told, titles, strict=True):
        begins = entry.text.lstrip().casefold().startswith(title.casefold())
        if title and title != before and title.casefold() != exam.casefold() and entry.text.strip() and not begins:
            entry.title = title.rstrip(": ")
        before = title


def _title(entry: _Entry) -> str:
    return "" if entry.coded else next((title for title in _titles(entry.line.obx) if is_title(title)), "")


_SEVERAL = 2


def _once(entries: list[_Entry], notes: list[Note]) -> list[_Entry]:
    """The entries without the documents that repeat the rest; what these have beside it is kept."""
    documents = [entry for entry in entries if entry.line.what is What.DOCUMENT]
    told = Told()
    told.add("\n".join(entry.text for entry in entries if entry.line.what is not What.DOCUMENT) if documents else "")
    for entry in documents:
        found = told.compared(entry.text)
        if found.copy:
            where = f"OBX-5 of {entry.line.place}: the document"
            notes.append(Note(f"{where} repeats the text and is not read twice"))
            notes += [Note(f"{where} has beside it", each) for each in found.others]
            entry.text, entry.title = "\n".join(found.prose), ""
        told.add(entry.text)
    return [entry for entry in entries if entry.text or entry.line.what is not What.DOCUMENT]

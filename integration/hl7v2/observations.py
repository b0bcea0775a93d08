"""The OBX segments of one report as text with its marked sections, its status, and what stands beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from integration.canonical import ReportStatus, Section, SectionKind
from integration.hl7v2.documents import NoText, document_text
from integration.hl7v2.segments import NULL, Parts, Segment
from integration.hl7v2.senders import SenderMap

DICOM_STUDY = "113014"
_NARRATIVE = frozenset({"", "TX", "FT", "ST", "ED"})
_CODED = frozenset({"CE", "CWE", "CNE", "CF"})
_REFERENCES = frozenset({"RP"})
_NUMBER = re.compile(r"[<>=~ ]*[+-]?\d+(?:[.,]\d+)?%?")
_GONE = frozenset({ReportStatus.ENTERED_IN_ERROR, ReportStatus.CANCELLED})


@dataclass
class Body:
    """`text` and its sections; `prose` tells whether any OBX holds words, `statuses` what OBX-11 said."""

    text: str = ""
    sections: tuple[Section, ...] = ()
    kinds: frozenset[SectionKind | None] = frozenset()
    prose: bool = False
    statuses: tuple[ReportStatus, ...] = ()
    study_uid: str = ""
    notes: tuple[str, ...] = ()


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


def read_body(observations: Iterable[Segment], sender: SenderMap) -> Body:
    """One report's text, its OBX joined in the order sent, one line or more each.

    A line whose OBX-11 is D or W (entered in error) or X (cancelled) is left out.
    """
    writer, notes = _Writer(), _Notes()
    statuses: list[ReportStatus] = []
    study_uid, prose = "", False
    for place, obx in enumerate(observations, 1):
        if _is_study_uid(obx):
            study_uid = study_uid or obx.value(5)
            continue
        kind, word = obx.value(2).upper(), obx.value(11)
        said = sender.status_of(word) if word else None
        prose = prose or (kind in _NARRATIVE and not is_measurement(obx))
        if said and kind in _NARRATIVE | _CODED:
            statuses.append(said)
        if said in _GONE:
            continue
        text = _text(obx, kind, notes, place)
        if text is not None:
            writer.add(text, _section(obx, sender))
    text = "\n".join(writer.lines)
    return Body(
        text=text if text.strip() else "",
        sections=writer.sections(text),
        kinds=frozenset(kind for kind, start, end in writer.spans if text[start:end].strip()),
        prose=prose,
        statuses=tuple(statuses),
        study_uid=study_uid,
        notes=tuple(notes.lines),
    )


@dataclass
class _Notes:
    lines: list[str] = field(default_factory=list)


def _is_study_uid(obx: Segment) -> bool:
    return obx.value(3) == DICOM_STUDY


def is_measurement(obx: Segment) -> bool:
    """A number sent as a string (ST), as monitors and analysers do: alone it is no report."""
    return obx.value(2).upper() == "ST" and bool(obx.value(6) or _NUMBER.fullmatch(obx.value(5)))


def _section(obx: Segment, sender: SenderMap) -> SectionKind | None:
    """By suffix (`&GDT`, `12345&IMP`, `GDT`), by the code itself, or by the alternate code."""
    code = obx.parts(3)
    return sender.section_of(code.value(1, 2), code.value(1), code.value(4, 2), code.value(4))


def _text(obx: Segment, kind: str, notes: _Notes, place: int) -> str | None:
    """What an OBX adds to the text, None if it adds nothing."""
    if kind == "ED":
        return _document(obx, notes, place)
    if kind in _NARRATIVE:
        return _prose(obx, notes, place)
    if kind in _CODED:
        return _coded(obx)
    if kind in _REFERENCES:
        notes.lines.append(f"OBX {place} refers to a document: {obx.value(5)}")
    return None


def _prose(obx: Segment, notes: _Notes, place: int) -> str | None:
    """A text field; some programs put RTF there."""
    text = _tidy(obx.text(5))
    if text.strip() == NULL:
        return None
    if not text.lstrip().startswith("{\\rtf"):
        return text
    try:
        return _tidy(document_text(text, "A", "RTF"))
    except NoText as fault:
        notes.lines.append(f"OBX-5 of OBX {place}: {fault}")
        return None


def _tidy(text: str) -> str:
    """Without NUL, and with one kind of line end."""
    return text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")


def _document(obx: Segment, notes: _Notes, place: int) -> str | None:
    """ED: source, type, subtype, encoding, data (HL7 v2.8 §2A.2.24)."""
    parts = obx.parts(5)
    data, encoding = parts.whole(5), parts.value(4)
    if not data.strip():
        notes.lines.append(f"OBX-5 of OBX {place}: the document is empty")
        return None
    try:
        return _tidy(document_text(data, encoding, parts.value(3) or parts.value(2)))
    except NoText as fault:
        notes.lines.append(f"OBX-5 of OBX {place}: {fault}")
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

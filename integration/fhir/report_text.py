"""The words of a DiagnosticReport, from wherever its sender put them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from integration.canonical import Section, SectionKind
from integration.copies import Told
from integration.documents import READABLE, Unreadable, read_as, text_of
from integration.fhir.collection import Collection
from integration.fhir.lenient import element, elements, text, words
from integration.fhir.observed import lines_of
from integration.fhir.systems import Json
from integration.html_text import html_text
from integration.notes import Note

# What is written for the patient, or is no report: read only where there is nothing else.
_BESIDE = re.compile(
    r"patient(?:en)?[- ]?(?:letter|summary|version|friendly|information|instructions?|brief)|lay (?:summary|version)"
    r"|letter to (?:the )?patient|after[- ]visit|discharge instructions|cover (?:letter|sheet|page)|invoice|consent"
    r"|appointment|thumbnail|key image",
    re.I,
)
# A narrative's lines that repeat the resource's own elements (Inferno: "Document Category: Radiology").
_HEADER = re.compile(
    r"(?:diagnostic ?report|(?:document |report )?(?:category|status|type|code|title|id(?:entifier)?s?|date(?: ?time)?"
    r"|subject|patient(?: name)?|encounter|performers?|issued|effective(?: ?(?:date ?time|period))?|based ?on|results?"
    r"|results ?interpreter|specimen|imaging ?study|media|name|language|version|profile"
    r"|last ?updated|accession(?: number)?"
    r"|author|organization|mrn|dob|gender|birth ?date))\W*(?::.*)?",
    re.I,
)


@dataclass
class Words:
    """The report's text, the elements it came from, and notes on what could not be read or stands beside it."""

    text: str = ""
    path: str = ""
    sections: tuple[Section, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass
class _Writer:
    """Texts one after the other, each once."""

    told: Told = field(default_factory=Told)
    parts: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def add(self, words: str, path: str, kind: SectionKind | None = None) -> None:
        """A further text, but for what was said before."""
        if self.says(words):
            return
        found = self.told.compared(words)
        if found.copy:
            self.notes.append(Note(f"DiagnosticReport.{path} says the same again"))
            self.notes += [Note(f"DiagnosticReport.{path} has beside it", each) for each in found.others]
            words = "\n".join(found.prose)
        if words:
            start = sum(len(part) + 2 for part in self.parts)
            self.parts.append(words)
            self.told.add(words)
            self.paths.append(path)
            self.sections += [Section(kind=kind, start=start, end=start + len(words))] if kind else []

    def says(self, words: str) -> bool:
        """Whether every word was said before, in this order."""
        return f" {_folded(words)} " in f" {_folded(' '.join(self.parts))} "

    def beside(self, words: str, path: str) -> None:
        """A note of what is not read, unless it was said before."""
        if words.strip() and not self.says(words):
            self.notes.append(Note(f"DiagnosticReport.{path} stands beside the text", words))

    def words(self) -> Words:
        paths = ", ".join(f"DiagnosticReport.{path}" for path in dict.fromkeys(self.paths))
        return Words("\n\n".join(self.parts), paths, tuple(self.sections), tuple(self.notes))


def report_words(collection: Collection) -> Words:
    """presentedForm, then what conclusion says beside it; else the result Observations and the conclusion; else the
    narrative.

    A narrative that was generated from the resource says nothing more than it, and a header alone is no report; one
    that a person wrote is read before the results.
    """
    report = collection.report
    writer = _Writer()
    for form in _presented(collection, writer.notes):
        writer.add(form, "presentedForm")
    if not writer.parts and not _is_generated(report):
        writer.add(_narrative(report), "text")
    if not writer.parts:
        writer.add(_results(collection), "result")
    writer.beside(_results(collection), "result")
    writer.add(text(report, "conclusion").strip(), "conclusion", SectionKind.IMPRESSION)
    coded = "\n".join(filter(None, map(words, elements(report, "conclusionCode"))))
    (writer.beside if writer.parts else writer.add)(coded, "conclusionCode")
    if not writer.parts:
        writer.add(_narrative(report), "text")
    return writer.words()


def _folded(words: str) -> str:
    return " ".join(re.findall(r"\w+", words.casefold()))


def _is_generated(report: Json) -> bool:
    return text(element(report, "text"), "status") not in ("additional", "extensions")


def _narrative(report: Json) -> str:
    """The narrative's words, "" where they are a header alone."""
    said = html_text(text(element(report, "text"), "div"))
    lines = [line for line in said.splitlines() if line.strip()]
    return "" if all(_HEADER.fullmatch(line.strip()) for line in lines) else said


@dataclass(frozen=True)
class _Form:
    """A readable attachment."""

    index: int
    kind: str
    title: str
    text: str

    @property
    def beside(self) -> bool:
        """Whether it calls itself something else than the report."""
        return bool(_BESIDE.search(self.title))


def _presented(collection: Collection, notes: list[Note]) -> Iterator[str]:
    """The attachments that are the report, preferred types first where two say the same; the others become notes."""
    forms: list[_Form] = []
    for index, form in enumerate(elements(collection.report, "presentedForm")):
        try:
            kind, words = _attachment(form, collection)
            forms.append(_Form(index, kind, text(form, "title"), words))
        except Unreadable as why:
            notes.append(Note(f"DiagnosticReport.presentedForm[{index}]: {why}"))
    reports = [form for form in forms if not form.beside] or forms
    for each in (form for form in forms if form not in reports):
        where = f"DiagnosticReport.presentedForm[{each.index}]"
        notes.append(Note(f"{where} is not the report by its title", each.text))
    first = _preferred(reports)
    yield from (form.text for form in ([first] if first else []))
    yield from (form.text for form in reports if form is not first)


def _preferred(forms: list[_Form]) -> _Form | None:
    """The fullest text; among those nearly as full, the type that keeps its text best."""
    longest = max((len(form.text) for form in forms), default=0)
    full = [form for form in forms if len(form.text) * 10 >= longest * 8]
    return min(full, key=lambda form: READABLE.index(form.kind), default=None)


def _attachment(form: Json, collection: Collection) -> tuple[str, str]:
    """(type, text). Raises Unreadable."""
    holder = form if text(form, "data") else collection.named(text(form, "url"))
    if not text(holder, "data"):
        raise Unreadable("the attachment holds no data and its url was not among what was read")
    try:
        data = base64.b64decode("".join(text(holder, "data").split()), validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable("the attachment's data is not base64") from None
    named = text(form, "contentType") or text(holder, "contentType")
    words = text_of(data, named)
    return read_as(data, named), words


def _results(collection: Collection) -> str:
    lines = (line for each in collection.all_of(collection.report, "result") for line in lines_of(each, collection))
    return "\n".join(filter(None, lines))

"""The words of a DiagnosticReport, from wherever its sender put them."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from integration.canonical import Section, SectionKind
from integration.documents import READABLE, Unreadable, html_text, text_of
from integration.fhir.collection import Collection
from integration.fhir.lenient import element, elements, text, words
from integration.fhir.systems import Json


@dataclass(frozen=True)
class Words:
    """The report's text, the element it came from, and notes on what could not be read."""

    text: str = ""
    path: str = ""
    sections: tuple[Section, ...] = ()
    notes: tuple[str, ...] = ()


def report_words(collection: Collection) -> Words:
    """presentedForm, else conclusion, else the narrative, else the result Observations."""
    report = collection.report
    presented, notes = _presented(collection)
    conclusion = text(report, "conclusion").strip()
    if presented:
        return Words(presented, "DiagnosticReport.presentedForm", (), notes)
    if conclusion:
        whole = Section(kind=SectionKind.IMPRESSION, start=0, end=len(conclusion))
        return Words(conclusion, "DiagnosticReport.conclusion", (whole,), notes)
    narrative = html_text(text(element(report, "text"), "div"))
    if narrative:
        return Words(narrative, "DiagnosticReport.text", (), notes)
    return Words(_results(collection), "DiagnosticReport.result", (), notes)


def _presented(collection: Collection) -> tuple[str, tuple[str, ...]]:
    """The best form we can read: all attachments of the first readable type, in order, one after the other."""
    forms = elements(collection.report, "presentedForm")
    notes: list[str] = []
    read: dict[str, list[str]] = {}
    for index, form in enumerate(forms):
        try:
            read.setdefault(_kind(form), []).append(_attachment(form, collection))
        except Unreadable as why:
            notes.append(f"DiagnosticReport.presentedForm[{index}]: {why}")
    best = next((read[kind] for kind in READABLE if kind in read), [])
    return "\n\n".join(best), tuple(notes)


def _kind(form: Json) -> str:
    return text(form, "contentType").split(";")[0].strip().lower()


def _attachment(form: Json, collection: Collection) -> str:
    holder = form if text(form, "data") else collection.named(text(form, "url"))
    if not text(holder, "data"):
        raise Unreadable("the attachment holds no data and its url was not among what was read")
    try:
        data = base64.b64decode("".join(text(holder, "data").split()), validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable("the attachment's data is not base64") from None
    return text_of(data, text(form, "contentType") or text(holder, "contentType"))


def _results(collection: Collection) -> str:
    found = collection.all_of(collection.report, "result")
    return "\n".join(line for line in map(_result_line, found) if line)


def _result_line(observation: Json) -> str:
    value = text(observation, "valueString") or words(element(observation, "valueCodeableConcept"))
    said = [value, *(text(note, "text") for note in elements(observation, "note"))]
    spoken = " ".join(part.strip() for part in said if part.strip())
    title = words(element(observation, "code"))
    return f"{title}: {spoken}" if title and spoken else spoken

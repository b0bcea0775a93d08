"""What no database, calendar or codec holds is refused with its place, or does without: no fifth try will mend it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, select

from integration.hl7v2.mllp import whole
from integration.hl7v2.senders import Senders
from services.settings import Mllp, Queue, Settings
from services.store import jobs
from services.store.tables import job, message
from services.workflow.context import Site, systems
from services.workflow.intake import opened, take_in
from services.workflow.receive import Arrival
from services.workflow.receive_resource import receive_resource
from tests.fhir_examples import SYSTEMS
from tests.messages import diagnostic_report, oru
from tests.receiving import receive

# PostgreSQL compresses what repeats; this does not.
LONG = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(9_000))
HUGE = "9" * 9_000
MERGE = "MSH|^~\\&|RIS|NORTHSIDE|||2026||ADT^A40|{}|P|2.5\rPID|1||P1^^^{a}^MR\rMRG|{m}^^^{a}^MR\r"


def field(segment: str, number: int, value: str) -> bytes:
    """A report with one field of its first such segment replaced."""
    lines = oru("A1").decode().split("\r")
    at = next(at for at, line in enumerate(lines) if line.startswith(segment))
    fields = lines[at].split("|")
    fields += [""] * (number + 1 - len(fields))
    fields[number] = value
    return "\r".join([*lines[:at], "|".join(fields), *lines[at + 1 :]]).encode()


# The message, and the state and the words of the reason it ends with.
HL7: dict[str, tuple[bytes, str, str]] = {
    "NUL in OBR-31": (field("OBR", 31, "^pain\\X00\\here"), "done", ""),
    "a bare NUL": (field("OBR", 31, "^pain\x00here"), "done", ""),
    "NUL in an order number": (field("OBR", 18, "A\\X00\\1"), "done", ""),
    "half a surrogate pair": (field("PID", 5, "DO\\XEDA080\\E^ANY"), "done", ""),
    "a name": (field("PID", 5, f"{LONG}^ANY"), "quarantined", "PID-5: found 9000 characters, expected 200 at most"),
    "a given name": (field("PID", 5, f"DOE^{LONG}"), "quarantined", "PID-5: found 9000"),
    "a patient's number": (field("PID", 3, f"{LONG}^^^NORTHSIDE^MR"), "quarantined", "PID-3, PID-2: found 9000"),
    "who gave the number": (field("PID", 3, f"P1^^^{LONG}^MR"), "quarantined", "sender's `patient`"),
    "an accession number": (field("OBR", 18, HUGE), "done", ""),
    "a filler number": (field("OBR", 3, f"{LONG}^RIS"), "quarantined", "expected 255 at most; the sender's `filler`"),
    "a modality": (field("OBR", 24, LONG), "quarantined", "OBR-24: found 9000"),
    "an exam's code and name": (field("OBR", 4, f"{LONG}^{LONG}^L"), "done", ""),
    "the end of the calendar": (field("OBR", 22, "99991231235959.9999-1200"), "done", ""),
    "its beginning": (field("OBR", 7, "00010101000000+1400"), "done", ""),
    "a time of 9,000 digits": (field("MSH", 6, HUGE), "done", ""),
    "a character set that is a codec": (field("MSH", 17, "undefined"), "done", "MSH-18: the character set is not"),
    "a control id": (field("MSH", 9, LONG), "done", "MSH-10 is longer than 200 bytes"),
    "a sender": (field("MSH", 2, LONG), "done", ""),
    "a merged number": (MERGE.format("M1", a="H", m=LONG).encode(), "quarantined", "PID-3, MRG-1: found a number"),
    "a merge's authority": (MERGE.format("M1", a=LONG, m="P2").encode(), "quarantined", "PID-3, MRG-1: found"),
}


def settled(engine: Engine) -> tuple[str, str]:
    """Takes in what waits, as the worker does; (state, reason) of the last message."""
    settings = Settings(mllp=Mllp())
    site = Site(settings, Senders(()), systems(settings))
    with engine.begin() as connection:
        ready = select(job.c.id).where(job.c.state == "ready", job.c.kind == "intake").order_by(job.c.id)
        for number in connection.scalars(ready).all():
            claimed = jobs.claim(connection, number, "test", Queue())
            assert claimed is not None
            take_in(connection, claimed, opened(claimed, site), site)
        row = connection.execute(select(message.c.state, message.c.reason).order_by(message.c.id.desc())).first()
    assert row is not None
    return row[0], row[1]


@pytest.mark.parametrize("name", HL7)
def test_a_message_ends_at_once_and_says_where(engine: Engine, name: str) -> None:
    body, state, words = HL7[name]
    with engine.begin() as connection:
        (answer,) = receive(connection, [Arrival(whole(body))], Mllp())
    assert b"\rMSA|AA|" in answer.answer
    found = settled(engine)
    assert found[0] == state and words in found[1]
    assert LONG[:20] not in found[1] and HUGE[:20] not in found[1]


Change = Callable[[dict[str, Any], dict[str, Any]], None]


def collection(change: Change) -> dict[str, Any]:
    patient, report = (each["resource"] for each in diagnostic_report("A1")["entry"])
    patient["id"], report["id"] = "1", "2"
    report |= {"meta": {"versionId": "1"}, "subject": {"reference": "Patient/1"}}
    change(patient, report)
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": report}, {"resource": patient}]}


def attached(kind: str, text: str = "Small left pleural effusion.") -> Change:
    data = base64.b64encode(text.encode()).decode()
    return lambda _, report: report.update(presentedForm=[{"contentType": kind, "data": data}])


def patient(**values: Any) -> Change:
    return lambda person, _: person.update(values)


def report(**values: Any) -> Change:
    return lambda _, resource: resource.update(values)


CODECS = ("undefined", "idna", "punycode", "unicode_escape", "rot13", "zlib", "mbcs", "utf-7", "x" * 9_000, "-")
ACSN = {"coding": [{"code": "ACSN"}]}
FHIR: dict[str, tuple[Change, str, str]] = {
    **{f"charset={each[:9]}": (attached(f"text/plain; charset={each}"), "done", "") for each in CODECS},
    "HTML of no charset": (attached("text/html; charset=undefined", "<p>Effusion.</p>"), "done", ""),
    "a name": (patient(name=[{"family": LONG}]), "quarantined", "Patient.name: found 9000 characters"),
    "a number": (patient(identifier=[{"value": LONG}]), "quarantined", "Patient.identifier: found 9000"),
    "a system": (patient(identifier=[{"value": "1", "system": LONG}]), "quarantined", "expected 255 at most"),
    "an accession number": (report(identifier=[{"value": LONG, "type": ACSN}]), "quarantined", "(ACSN): found 9000"),
    "a code": (report(code={"coding": [{"code": LONG, "display": LONG}]}), "done", ""),
    "NUL": (patient(name=[{"family": "A\x00"}]), "done", ""),
    "a version": (report(meta={"versionId": LONG}), "done", ""),
    "NUL in a version": (report(meta={"versionId": "1\x00"}), "done", ""),
    "half a surrogate pair in a version": (report(meta={"versionId": "\ud800"}), "done", ""),
    "meta that is a list": (report(meta=[1]), "done", ""),
    "the end of the calendar": (report(issued="9999-12-31T23:59:59-14:00"), "done", ""),
    "its beginning": (report(effectiveDateTime="0001-01-01T00:00:00+14:00"), "done", ""),
    "a status": (report(status=LONG), "quarantined", "DiagnosticReport.status: found a word of 9000 letters"),
    "no status": (report(status=None), "quarantined", "DiagnosticReport.status: found nothing"),
    "no number": (patient(identifier=[]), "quarantined", "Patient.identifier: found none with a value"),
    "no patient": (report(subject=None), "quarantined", "DiagnosticReport.subject: found no patient"),
    "a patient of elsewhere": (report(subject={"reference": "https://else/Patient/1"}), "quarantined", "SMART__SCOPE"),
}


@pytest.mark.parametrize("name", FHIR)
def test_a_resource_ends_at_once_and_says_where(engine: Engine, name: str) -> None:
    change, state, words = FHIR[name]
    with engine.begin() as connection:
        assert receive_resource(connection, collection(change), "ehr", "default", SYSTEMS) == "queued"
    found = settled(engine)
    assert found[0] == state and words in found[1]
    assert LONG[:20] not in found[1]

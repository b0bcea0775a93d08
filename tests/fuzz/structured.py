"""Reports made of the pieces that messages and resources are really made of, in every wrong order: on demand.

    python -m tests.fuzz.structured --count 1000000 --seed 1

Each must end as reports, ignored or quarantined, with sections inside the text and nothing unstorable in it. Says how
many ended how, and which took longest.
"""

from __future__ import annotations

import argparse
import base64
import random
import time
from collections import Counter
from typing import Any

from integration.canonical import Report
from integration.characters import storable
from integration.fhir.report import read_report
from integration.hl7v2.report import read_whole
from integration.hl7v2.senders import SenderMap
from tests.fhir_examples import SYSTEMS

RTF = r"{\rtf1\ansi {\b FINDINGS:} Large left pneumothorax.\par No effusion \'e4.\par}"
HTML = "<html><body><h3>FINDINGS</h3><table><tr><td>Large</td><td>left</td></tr></table><p>a &amp; b</p></body></html>"
CDA = (
    "<?xml version='1.0'?><ClinicalDocument><title>t</title><component><structuredBody><section><title>F</title>"
    "<text><paragraph>Clear.</paragraph></text></section></structuredBody></component></ClinicalDocument>"
)
MIME = (
    "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/xml\n\n"
    + CDA
    + "\n--b--"
)
DOCUMENTS = [RTF, HTML, CDA, MIME, "Plain words of a report.", "%PDF-1.4 broken", "\x89PNG\r\n", "PK\x03\x04zip"]
WORDS = [
    "Large left pneumothorax.", "FINDINGS:", "No effusion", "8 mm", "<br>", "\\.br\\", "\\X0D0A\\", "\\XE2\\\\X89\\",
    "\\P\\", "\\E\\", "\\F\\", "\\H\\", "~", "^", "&", '""', "\\", "é", "“", "\x93", "|", "\t", "\n", "EXAM: CT HEAD",
    "<p", "</html>", "{", "}", "\\par", "= ", "JVBERi0", "\ufeff", "\x00",
]  # fmt: skip
STATUS = ["F", "P", "C", "X", "D", "W", "", "Final", "Prelim", "R", "ZZ", '""', "F~P"]
TYPES = ["TX", "FT", "ST", "ED", "CE", "CWE", "NM", "RP", "", "RT", "tx", "SN", "TS", "ED^X"]
TITLES = [
    "",
    "&GDT",
    "59776-5^F^LN",
    "Question",
    "^Klinische Angaben",
    "71046^CXR",
    "113014^DICOM Study^DCM",
    "^Report",
]
NAMES = ["OBX", "OBX", "OBX", "OBX", "OBR", "OBR", "ORC", "NTE", "TXA", "PID", "ADD", "DSC", "ZDS", "ZPF", "obx",
         "OBX ", "TQ1", "PV1", "IPC", "EVN", "MSH", "BHS", "OBXX", ""]  # fmt: skip
CHARSETS = ["", "UNICODE UTF-8", "8859/1", "ASCII", "ISO IR87", "UNICODE UTF-16", "NOSUCH", "8859/2", "GB 18030-2000"]


class Maker:
    """Makes one input after the other from a seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def text(self) -> str:
        return " ".join(self.chance.choices(WORDS, k=self.chance.randrange(8)))

    def document(self) -> str:
        whole = self.chance.choice(DOCUMENTS)
        data = base64.b64encode(whole.encode()).decode() if self.chance.random() < 0.6 else whole
        start = self.chance.randrange(len(data)) if self.chance.random() < 0.3 else 0
        return (
            data[start : start + self.chance.randrange(len(data) + 1)] if self.chance.random() < 0.4 else data[start:]
        )

    def value(self, kind: str) -> str:
        if kind.startswith("ED") or self.chance.random() < 0.25:
            coding, subtype = self.chance.choice(["Base64", "A", "Hex", ""]), self.chance.choice(["RTF", "PDF", ""])
            return f"RIS^{self.chance.choice(['TEXT', 'AP', ''])}^{subtype}^{coding}^{self.document()}"
        return self.document() if self.chance.random() < 0.15 else self.text()

    def segment(self) -> str:
        choose = self.chance.choice
        name = choose(NAMES)
        if name.strip().upper() == "OBX":
            kind = choose(TYPES)
            return f"{name}|1|{kind}|{choose(TITLES)}||{self.value(kind)}||||||{choose(STATUS)}"
        code, accession = choose(["7^CT HEAD", ""]), choose(["A1", "A2", ""])
        service, standing = choose(["CT", "LAB", ""]), choose(["AU", "DI", "ZZ", ""])
        obr = f"OBR|1|P|{choose(['F1^RIS', 'F2', ''])}|{code}||||||||||||||{accession}||||||{service}|{choose(STATUS)}"
        fields = {
            "OBR": obr,
            "NTE": f"NTE|1|L|{self.text()}",
            "TXA": f"TXA|1|RAD|TX|2026||||||||DOC||P|F1^RIS||{standing}||{choose(['AV', 'CA', 'OB', 'UN', ''])}",
            "PID": f"PID|1||{choose(['1^^^H^MR', '2^^^H', '', chr(34) * 2])}||DOE^J",
            "ADD": f"ADD|{self.text()}||||||F",
            "DSC": f"DSC|{choose(['C1', '', ''])}|F",
        }
        return fields.get(name, f"{name}|{self.text()}|{self.text()}")

    def message(self) -> bytes:
        choose = self.chance.choice
        kind = choose(["ORU^R01", "MDM^T02", "MDM^T11", "ORU"])
        marks = choose(["^~\\&", "^~\\&#", "^~&", "", "^~\\&"])
        pointer = "C1" if self.chance.random() < 0.03 else ""
        tail = f"{choose('PTD')}|2.5||{pointer}||||{choose(CHARSETS)}"
        head = f"MSH|{marks}|RIS|H|||{choose(['20260101', '20260329023000+0200', 'x'])}||{kind}|M1|{tail}"
        order = ["OBR|1||F1^RIS|7^CT HEAD||||||||||||||A1|||||||F"] if self.chance.random() < 0.8 else []
        body = [head, "PID|1||1^^^H^MR||DOE^J", *order, *(self.segment() for _ in range(self.chance.randrange(12)))]
        return choose(["\r", "\r", "\n", "\r\n"]).join(body).encode(choose(["utf-8", "cp1252"]), "replace")

    def resource(self) -> dict[str, Any]:
        """A DiagnosticReport's Bundle with attachments, results and a narrative of any kind."""
        choose = self.chance.choice
        forms = [
            {"contentType": choose(["text/plain", "text/html", "application/pdf", ""]),
             "title": choose(["", "Patient letter"]),
             "data": base64.b64encode(self.document().encode()).decode()}
            for _ in range(self.chance.randrange(3))
        ]  # fmt: skip
        report = {
            "resourceType": "DiagnosticReport",
            "id": "1",
            "status": choose(["final", "registered", "x", "entered-in-error"]),
            "subject": {"reference": "Patient/1"},
            "presentedForm": forms,
            "conclusion": self.text(),
            "text": {"status": choose(["generated", "additional"]), "div": self.document()},
            "category": [{"coding": [{"code": choose(["RAD", "LAB", "x"])}]}],
            "result": [{"reference": "#o"}],
            "contained": [
                {
                    "resourceType": "Observation",
                    "id": "o",
                    "valueString": self.text(),
                    "hasMember": [{"reference": "#o"}],
                }
            ],
        }
        patient = {"resourceType": "Patient", "id": "1", "identifier": [{"value": "1"}]}
        return {"entry": [{"resource": report}, {"resource": patient}]}


def check(report: Report) -> None:
    """What must hold of every report, whatever it was made of."""
    assert all(0 <= each.start < each.end <= len(report.text) for each in report.sections)
    said = (report.text, *report.notes)
    assert all(storable(words) == words for words in said)
    report.model_dump_json()


def one(maker: Maker, number: int) -> str:
    """Makes and reads one input; how it ended."""
    if number % 5 == 0:
        found = read_report(maker.resource(), "main", "ehr", SYSTEMS)
        if found.report:
            check(found.report)
        return f"fhir {found.disposition.value}"
    parts = [maker.message() for _ in range(1 + (number % 17 == 0))]
    understood = read_whole(parts, "main", SenderMap())
    assert understood.reports or understood.ignored or understood.quarantined
    for report in understood.reports:
        check(report)
    return "hl7 read" if understood.reports else "hl7 ignored" if understood.ignored else "hl7 quarantined"


def main() -> None:
    """Runs as many inputs as are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    ends: Counter[str] = Counter()
    slowest = (0.0, 0)
    for number in range(asked.count):
        maker = Maker(asked.seed * 10_000_000 + number)
        began = time.process_time()
        try:
            ends[one(maker, number)] += 1
        except Exception:
            print(f"input {number} of seed {asked.seed}", flush=True)
            raise
        slowest = max(slowest, (time.process_time() - began, number))
    print(dict(ends), f"slowest: input {slowest[1]}, {slowest[0] * 1000:.1f} ms")


if __name__ == "__main__":
    main()

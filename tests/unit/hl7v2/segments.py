"""Segments to make messages of, and what is read of them."""

from __future__ import annotations

import base64

from integration.canonical import Report
from integration.hl7v2.report import Understood, read_reports
from integration.hl7v2.senders import SenderMap

MSH = "MSH|^~\\&|RIS|HOSP|||20260102030405||ORU^R01|ID-7|P|2.5"
PID = "PID|1||42^^^HOSP^MR~99^^^STATE&1.2.3&ISO^SS||DOE^JANE^Q||19800304|F"
OBX = "OBX|1|TX|||Lungs are clear.||||||F"
FINDINGS = "Large left pneumothorax with shift to the right."
TXA = "TXA|1|RAD|TX|20260101||||||||DOC1||P1|F1^RIS||"
T02 = MSH.replace("ORU^R01", "MDM^T02")


def obr(**fields: str) -> str:
    """An OBR with fields by number: obr(_3="F-1")."""
    values = {"_1": "1", "_3": "F-1^RIS", "_4": "71046^XR CHEST 2 VIEWS^C4", "_25": "F"} | fields
    last = max(int(name[1:]) for name in values)
    return "|".join(["OBR", *(values.get(f"_{number}", "") for number in range(1, last + 1))])


def read(*segments: str, sender: SenderMap | None = None, msh: str = MSH, pid: str = PID) -> Understood:
    body = "\r".join([msh, *([pid] if pid else []), *segments]).encode() + b"\r"
    return read_reports(body, "main", sender or SenderMap())


def report(*segments: str, sender: SenderMap | None = None, msh: str = MSH, pid: str = PID) -> Report:
    understood = read(*segments, sender=sender, msh=msh, pid=pid)
    assert len(understood.reports) == 1, understood
    return understood.reports[0]


def obx(number: int, value: str, kind: str = "TX", name: str = "", status: str = "F", sub: str = "") -> str:
    return f"OBX|{number}|{kind}|{name}|{sub}|{value}||||||{status}"


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def pdf(text: str) -> bytes:
    """A one-page PDF with a text layer, written by hand."""
    stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    body, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    tail = b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(body)
    return body + b"xref\n0 6\n0000000000 65535 f \n" + table + tail

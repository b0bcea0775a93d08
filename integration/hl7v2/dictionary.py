"""What segments and fields are called, and of which data type: as the standard has it (HL7 v2.8.2, by hl7apy)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

# The newest the library has: fields keep their places from version to version, and later ones are only added.
_VERSION = "v2_8_2"
# 'PID_3': ('sequence', …, 'CX', 'PATIENT_IDENTIFIER_LIST', None, -1),
_FIELD = re.compile(r"'(\w+_\d+)': \(.*, '(\w+)', '(\w+)', (?:None|'\w+'), -?\d+\)")
# hl7apy names fields, not segments.
SEGMENTS = {
    "ADD": "Addendum",
    "AL1": "Patient allergy",
    "BHS": "Batch header",
    "BTS": "Batch trailer",
    "CTI": "Clinical trial identification",
    "DG1": "Diagnosis",
    "DSC": "Continuation pointer",
    "ERR": "Error",
    "EVN": "Event type",
    "FHS": "File header",
    "FT1": "Financial transaction",
    "FTS": "File trailer",
    "GT1": "Guarantor",
    "IN1": "Insurance",
    "IPC": "Imaging procedure control",
    "MRG": "Merge patient information",
    "MSA": "Message acknowledgement",
    "MSH": "Message header",
    "NK1": "Next of kin",
    "NTE": "Notes and comments",
    "OBR": "Observation request",
    "OBX": "Observation/result",
    "ORC": "Common order",
    "PD1": "Patient additional demographic",
    "PID": "Patient identification",
    "PRT": "Participation",
    "PV1": "Patient visit",
    "PV2": "Patient visit, additional information",
    "ROL": "Role",
    "SFT": "Software",
    "SPM": "Specimen",
    "TQ1": "Timing/quantity",
    "TXA": "Transcription document header",
    "ZDS": "Additional identification (IHE: study UID)",
}


@dataclass(frozen=True, slots=True)
class Definition:
    """ "Patient Identifier List", "CX"; both "" for a field the standard does not have."""

    name: str = ""
    datatype: str = ""


@cache
def field(segment: str, number: int) -> Definition:
    """The definition of a field: field("PID", 3)."""
    name, datatype = fields().get(f"{segment}_{number}", ("", ""))
    return Definition(_words(name), datatype)


def segment_title(name: str) -> str:
    """ "Patient identification"; that a site's own segment is one; "" for a name nobody knows."""
    return SEGMENTS.get(name, "a site's own segment" if name.startswith("Z") else "")


@cache
def fields() -> dict[str, tuple[str, str]]:
    """Name and data type by "PID_3", as the library writes them.

    Read from its source: imported it takes a quarter of a second, for which a page would wait, and 26 MB.
    """
    library = find_spec("hl7apy")
    assert library and library.origin
    source = Path(library.origin).with_name(_VERSION) / "fields.py"
    return {found[1]: (found[3], found[2]) for found in _FIELD.finditer(source.read_text())}


def _words(name: str) -> str:
    """ "PATIENT_IDENTIFIER_LIST" as the standard prints it."""
    small = {"OF", "AND", "OR", "TO", "FOR", "THE", "IN", "ON", "BY"}
    known = {"ID", "PID", "OBR", "SSN", "UPIN"}
    words = name.replace("_", " ").split()
    made = [word.lower() if word in small else word if word in known else word.capitalize() for word in words]
    return " ".join(made)

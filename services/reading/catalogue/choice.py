"""Which catalogues fit an order."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from services.reading.catalogue.files import Applies
from services.reading.catalogue.phrases import normalise

# DICOM modality codes (PS3.3 C.7.3.1.1.1) and the words orders use instead.
MODALITIES = {
    "XR": ("CR", "DX", "DR", "XR", "RG", "RF", "XRAY", "X RAY", "RADIOGRAPH", "RADIOGRAPHS", "RADIOGRAPHY"),
    "CT": ("CT", "CTA", "CAT", "CTPA", "HRCT", "COMPUTED TOMOGRAPHY", "PT CT"),
    "MR": ("MR", "MRI", "MRA", "MRV", "MAGNETIC RESONANCE"),
    "US": ("US", "ULTRASOUND", "SONOGRAM", "SONOGRAPHY", "DUPLEX", "USG"),
    "MG": ("MG", "MAMMO", "MAMMOGRAM", "MAMMOGRAPHY", "TOMOSYNTHESIS", "DBT"),
}


@dataclass(frozen=True)
class Exam:
    """What the order says was examined; any part may be empty."""

    procedure_code: str = ""
    procedure: str = ""
    modality: str = ""
    body_part: str = ""


def fits(exam: Exam, rules: dict[str, Applies]) -> list[str]:
    """Ids of the catalogues for the exam, in rule order; a procedure code a rule lists decides alone."""
    code = exam.procedure_code.strip().casefold()
    by_code = [key for key, rule in rules.items() if code and code in map(str.casefold, rule.procedure_codes)]
    if by_code:
        return by_code
    wanted = modality(exam)
    text = f" {normalise(exam.procedure)} {normalise(exam.body_part)} "
    return [key for key, rule in rules.items() if applies(rule, wanted, text)]


def applies(rule: Applies, wanted: str, text: str) -> bool:
    """Whether the modality is one of the rule's and the text names one of its words and no other's."""
    families = {family(each) for each in rule.modalities}
    if wanted not in families:
        return False
    return any(f" {word} " in text for word in rule.words) and not any(f" {word} " in text for word in rule.unless)


# Words of an order that mean an x-ray when nothing names another modality.
PLAIN_FILM = ("VIEW", "VIEWS", "1V", "2V", "3V", "4V", "PORTABLE", "PA", "AP", "LATERAL", "LAT")


def modality(exam: Exam) -> str:
    """The modality family: of the modality field, else of the words of the procedure; "" when unknown."""
    named = [exam.modality, *words(exam.procedure)]
    found = next((found for word in named if (found := family(word))), "")
    film = any(word.upper() in PLAIN_FILM for word in words(exam.procedure))
    return found or ("XR" if film else "")


def family(text: str) -> str:
    """XR, CT, MR, US or MG for a code or word; "" for others."""
    upper = normalise(text).upper()
    return next((key for key, names in MODALITIES.items() if upper in names), "")


def words(text: str) -> list[str]:
    """Single words, then neighbouring pairs ("x ray")."""
    single = normalise(text).split()
    return single + [" ".join(pair) for pair in pairwise(single)]

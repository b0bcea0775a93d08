"""The names of the sections of a report."""

from __future__ import annotations

import re
from functools import lru_cache

from integration.canonical import SectionKind
from services.reading.rules.wordset import wordset

_NAMES: dict[SectionKind, str] = {
    SectionKind.INDICATION: r"(?:clinical )?indications?(?: for (?:exam(?:ination)?|study|procedure))?"
    r"|reason (?:for|of) (?:the )?(?:exam(?:ination)?|study|order|visit|referral|test|procedure)|reason"
    r"|(?:relevant )?clinical (?:information|info|data|questions?|details|context|statement|concern|background"
    r"|presentation|notes?|summary|diagnos[ei]s|particulars|problem|profile)|clinicals?"
    r"|(?:relevant|patient|request) (?:information|details)|request|questions?(?: to be answered)?|presentation"
    r"|(?:pre[- ]?(?:procedure|procedural|op|operative|test)|provisional|working|admitting|admission|referring"
    r"|referral|suspected) diagnos[ei]s|presenting (?:complaints?|problem)|chief complaints?|complaints?|symptoms"
    r"|referral|background|c/o|reason for referral",
    SectionKind.HISTORY: r"(?:(?:relevant|pertinent|past|clinical|patient|medical|surgical|brief|family|additional"
    r"|past medical|past surgical|interval|social|oncologic(?:al)?|treatment|drug) )*(?:hx|history)"
    r"|(?:past )?pmhx?|psh|h/o|k/c/o|patient'?s history",
    SectionKind.TECHNIQUE: r"(?:imaging |exam(?:ination)? |scan(?:ning)? |procedure )?techniques?"
    r"|(?:imaging )?protocol|contrast(?: (?:material|media|agent|administration))?"
    r"|(?:radiation )?dose(?: (?:reduction|report|information))?|ctdi(?:vol)?|dlp|sequences|views?"
    r"|medications?|procedure (?:comments|details|description)|image quality|number of views",
    SectionKind.COMPARISON: r"comparisons?(?: (?:stud(?:y|ies)|exams?|examinations?|made))?"
    r"|(?:prior|previous|relevant prior)(?: (?:stud(?:y|ies)|exams?|examinations?|imaging|report))?s?"
    r"|compared (?:to|with)",
    SectionKind.FINDINGS: r"(?:imaging |radiographic |ct |mri? |sonographic |detailed |additional |other "
    r"|pertinent |incidental |mammographic |ultrasound |radiologic(?:al)? |clinical )?findings(?: and discussion)?"
    r"|observations?|results?|report|description|discussion|body of report|narrative|limitations?|quality"
    r"|(?:report|exam) findings|technical quality|(?:original|initial|unamended) (?:report|text|dictation|findings)",
    SectionKind.IMPRESSION: r"(?:final |overall |initial |preliminary |updated |revised |radiologic(?:al)? |clinical "
    r"|diagnostic )?(?:impressions?|conclusions?|opinion|assessment|diagnos[ei]s|interpretation)|imp"
    r"|summary(?: of findings)?|impression and recommendations?|impression/recommendations?|conclusion/recommendation"
    r"|(?:critical|key) findings?",
    SectionKind.RECOMMENDATION: r"recommendations?|(?:follow[- ]?up )?recommendations?|follow[- ]?up"
    r"|management(?: recommendations?)?|advice|plan|suggestions?|recommended follow[- ]?up",
    SectionKind.ADDENDUM: r"(?:\*+ ?)?(?:addend(?:um|a|ums)|amend(?:ment|ed report)|correct(?:ion|ed report)|revision)"
    r"(?: ?#? ?\d+)?(?: (?:to|dated|by|on|created)\b[^:\n]{0,60})?",
    SectionKind.OTHER: r"exam(?:ination)?s?(?: (?:date|type|performed|name|description))?"
    r"|stud(?:y|ies)(?: (?:date|type))?"
    r"|procedures?(?: performed)?|(?:electronically )?signed(?: by)?|dictated(?: by)?|attending(?: radiologist)?"
    r"|radiologist|reported by|transcribed by|transcriptionist|accession(?: number| #| no)?|patient(?: name| id)?"
    r"|dob|mrn|date(?: of (?:exam|service|birth|study))?|ordering (?:provider|physician)"
    r"|referring (?:provider|physician)|requested by|pending review by|communication|notification|modality"
    r"|exam title|body part|site|workstation|critical results?(?: communication)?|attestation|disclaimer",
}
ALONE = wordset(
    """imp report body reason site date clinical quality plan views view dose contrast narrative results result
    patient prior priors modality follow-up sequences protocol history hx"""
)
_ANY_NAME = "|".join(f"(?P<{kind.value}>{names})" for kind, names in _NAMES.items())
_NAME = re.compile(_ANY_NAME, re.IGNORECASE)


@lru_cache(maxsize=4096)
def named(words: str) -> SectionKind | None:
    """The section a heading of these words opens; None: they are no heading."""
    name = _NAME.fullmatch(words)
    return SectionKind(str(name.lastgroup)) if name else None

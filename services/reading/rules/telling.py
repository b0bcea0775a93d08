"""Whether a sentence tells that somebody was told: who, how or when, and that it is done."""

from __future__ import annotations

import re

from services.reading.rules.patterns import any_of

_SOMEBODY = any_of(
    r"""drs? | doctors? | physicians? | teams? | nurses? | rn | np | providers? | ed | er | a&e | casualty
    \w{0,5}icu | nurse practitioner | aprn | itu | hdu
    pa(?! (?:and|view|chest|lateral|projection|radiograph)) | service | clinicians? | surgeons? | surgery | surgical
    neurosurg\w+ | vascular | ent | residents? | attending | registrar | consultant | fellow | sho | spr
    houseman | intern
    house officer | medical officer | referr(?:er|ing) | gp | pcp | ward | on[- ]?call | oncolog\w+ | neurolog\w+
    urolog\w+
    orthop\w+ | cardiolog\w+ | ha?ematolog\w+ | obstetric\w+ | gyna?ecolog\w+ | ob/gyn | pa?ediatric\w+ | hospitalist
    gastroenterolog\w+ | pulmonolog\w+ | an(?:a)?esthe\w+ | intensivist | practice | clinic | midwife | sister
    prof
    triage | floor | mr\.? [A-Z]\w+ | ms\.? [A-Z]\w+ | miss [A-Z]\w+ | bay | resus\w* | nsgy | nsg | ortho
    co-?ordinator | pathway | gynae | radiographer | chief | ref(?:erring)? doc | matron
    neuro | neuros | gastro | resp | onc | cardio | gen surg | vasc | paeds | peds | uro | ha?em | obs | lead"""
)
_HOW = any_of(
    r"""at \d{1,2}[:.]?\d\d | at \d{1,2}\s?[ap]\.?m\b | \d{1,2}[:.]\d\d\b | \d{4} ?(?:h\b|hrs|hours) | telephon\w+
    (?:by|via|over|on) (?:the )?(?:tele)?phone | secure (?:chat|message) | page[rd]?\b | read[- ]?back | in person"""
)
_TELLS = any_of(
    r"""discussed | d/w | communicated | conveyed | notified | called | telephoned | phoned | contacted | spoke | spoken
    relayed | informed | intimated | intimation | paged | bleeped | bleep | alerted | reported (?:\w+ ){0,3}to
    told | advised by | given (?:\w+ ){0,4}to | verbal communication with
    handed (?:over|to) | passed (?:on )?to | escalated | messaged | texted | aware | verbally
    rang | rung
    acknowledged | read[- ]?back | critical (?:findings?|results?) to | reviewed (?:in person )?with | shown to
    flagged to | faxed | conferenced | verbal (?:results?|findings) to | conversation with | reviewed at | alerts? sent
    e-?mailed | whatsapp\w* | (?<!patient )(?<!patient was )(?<!been )sent (?:to|via)
    reached | notifications? | verbal report"""
)
_WAS_TOLD = any_of(
    r"""notified | informed | aware | called | alerted | contacted | told | bleeped | paged | intimated
    advised by | rung
    spoken to | read[- ]?back | acknowledged | activated | e-?mailed | messaged | texted | telephoned
    conferenced | verbali[sz]ed | accepted | was shown | were shown | has seen | have seen | saw the | reviewed the
    present (?:at|during|while|when|in (?:the )?(?:scan|control|reading|resus|room))
    (?:standing|sitting|stood|sat) (?:by|beside|with|next) | beside me | with me
    at the (?:scanner|console|work-?station|pacs) | in the (?:scan(?:ner|ning)?|control|reading|reporting) room
    came to the reading room | watching
    phoned | consulted | at (?:the )?bedside | responded | took (?:the|my|this) call | reviewing (?:at|on|with)"""
)
_BY = r"(?:(?:tele)?phone|pager|secure (?:chat|message)|in person)"
_TOLD = re.compile(
    rf"\b{_TELLS}\b.{{0,160}}?\b(?:{_SOMEBODY}\b|{_HOW})|\b{_SOMEBODY}\b.{{0,80}}\b{_WAS_TOLD}\b"
    rf"|\b{_SOMEBODY}\b.{{0,40}}\b{_BY}\b",
    re.IGNORECASE | re.DOTALL,
)
# Told without a word of whom: "Critical result communicated.", "Verbally conveyed."
_DONE = re.compile(
    r"\b(?:(?:critical|urgent|significant|unexpected|these|above) (?:\w+ )?(?:results?|findings?|values?|alerts?)"
    r" (?:\w+ ){0,2}(?:communicated|conveyed|relayed|notified|phoned|called|telephoned|sent)"
    r"|verbally (?:communicated|conveyed|informed|relayed|notified))\b(?! to be)"
    r"|\bcritical (?:results?|findings?|values?): dr\b"
    r"|\A\W*(?:informed|notified|communicated|phoned|telephoned|called)\W*\Z",
    re.IGNORECASE,
)
_PATIENT = re.compile(
    r"\b(?:discussed|reviewed|shared|explained|communicated)\b.{0,30}\b(?:with|to) the patient\b", re.IGNORECASE
)
_NOT_TOLD = re.compile(
    r"\b"
    + any_of(
        r"""will be | to be | should be | being | attempt\w* | unable | could not | not yet | pending | await\w*
        please | message (?:was |has been )?left | voice-?mail | without success | no response | failed to reach
        not (?:been )?(?:possible|reached|told|informed) | left (?:a )?message | no (?:answer|communication)
        unsuccessful\w* | needs to be | no (?:\w+ ){1,3}(?:could|was able|were able|has been|have been)"""
    )
    + r"\b",
    re.IGNORECASE,
)
# One of these stands in whatever tells of a call.
_TELLING = (
    *("discussed", "communicat", "conveyed", "notif", "called", "phoned", "relayed", "informed", "paged", "reported"),
    *("alerted", "aware", "verbal", "acknowledged", "read", "d/w", "contacted", "spoke", "intimat", "rang", "rung"),
    *("reviewed", "shown", "mail", "whatsapp", "sent", "reached", "activated", "person", "told", "bleep", "advised"),
    *("given", "handed", "passed", "escalated", "messaged", "texted", "critical", "call", "consulted", "bedside"),
    *("faxed", "conferenced", "conversation", "verbali", "accepted", "seen", "saw", "present", "standing", "sitting"),
    *("stood", "beside", "with me", "at the", "in the", "came", "watching", "conveyed", "sent"),
    *("respond", "flagged", "shared", "discuss", "phone", "pager", "secure"),
)


def is_told(sentence: str) -> bool:
    """Whether it records a communication that took place; one still to be made is none."""
    found = _holds_one(sentence, _TELLING) and (_TOLD.search(sentence) or _DONE.search(sentence))
    return bool(found) and not _NOT_TOLD.search(sentence)


def _holds_one(words: str, stems: tuple[str, ...]) -> bool:
    """A quick look, before a long pattern is searched."""
    lower = words.lower()
    for stem in stems:  # noqa: SIM110 - a generator takes twice the time
        if stem in lower:
            return True
    return False


def tells_patient(sentence: str) -> bool:
    """Whether it records that the patient was told."""
    return "patient" in sentence and bool(_PATIENT.search(sentence)) and not _NOT_TOLD.search(sentence)

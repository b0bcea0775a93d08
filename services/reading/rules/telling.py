"""Whether a sentence tells that somebody was told: who, how or when, and that it is done.

The patterns are searched in lower case: without regard to case an alternative is ruled out far more slowly.
"""

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
    triage | floor | mr\.? [a-z]\w+ | ms\.? [a-z]\w+ | miss [a-z]\w+ | bay | resus\w* | nsgy | nsg | ortho
    co-?ordinator | pathway | gynae | radiographer | chief | ref(?:erring)? doc | matron
    neuro | neuros | gastro | resp | onc | cardio | gen surg | vasc | paeds | peds | uro | ha?em | obs | lead
    office | secretary | bleep holder | outreach | pert | rrt | met call | code stroke | stroke call | trauma call
    cardiothoracic | thoracic | hepatobiliary | hpb | plastics | max ?fax | maxillofacial | burns | transplant
    interventional | ir | cath lab | sau | amu | mau | ccu | acu | ambulatory | fy?[12] | st[1-8] | ct[12] | rmo | srmo
    anp | acp | cns | intensive care | critical care | theatre | bed manager | site manager | transfer cent(?:re|er)
    retrieval | paramedics? | cancer lead | macmillan"""
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
    acknowledged | read[- ]?back | critical (?:findings?|results?) to | reviewed (?:in person |together |jointly )?with
    (?:seen|viewed|looked at) (?:\w+ ){0,3}?(?:together )?with (?!contrast) | shown to
    flagged to | faxed | conferenced | verbal (?:results?|findings) to | conversation with | reviewed at | alerts? sent
    e-?mailed | whatsapp\w*
    (?<!patient )(?<!patient was )(?<!been )sent (?:to(?! worklist| the worklist| pacs)|via|by|through|over)
    reached | notifications? | verbal report | closed[- ]loop | taken by | hand[- ]?over
    message to | confirmed receipt | receipt confirmed | received by | updated"""
)
_WAS_TOLD = any_of(
    r"""notified | informed | aware | called | alerted | contacted | told | bleeped | paged | intimated
    advised by | rung
    spoken to | read[- ]?back | acknowledged | activated | e-?mailed | messaged | texted | telephoned
    conferenced | verbali[sz]ed | accepted | was shown | were shown | has seen | have seen | saw the | reviewed the
    in attendance | know | knew
    present (?:at|during|while|when|in (?:the )?(?:scan|control|reading|resus|room))
    (?:standing|sitting|stood|sat) (?:by|beside|with|next) | beside me | with me
    at (?:the )?(?:scanner|console|work-?station|pacs)
    in (?:the )?(?:scan(?:ner|ning)?|control|reading|reporting) room
    came to the reading room | watching
    phoned | consulted | at (?:the )?bedside | responded | answered and
    (?:seen|read|opened) and (?:answered|acknowledged|replied) | took (?:the|my|this) call | confirmed receipt
    (?:was|were|been) given | updated | reviewing (?:at|on|with)"""
)
_BY = r"(?:(?:tele)?phone|pager|secure (?:chat|message)|in person)"
_TOLD = re.compile(
    rf"\b{_TELLS}\b.{{0,160}}?\b(?:{_SOMEBODY}\b|{_HOW})|\b{_SOMEBODY}\b.{{0,80}}\b{_WAS_TOLD}\b"
    rf"|\b{_SOMEBODY}\b.{{0,40}}\b{_BY}\b",
    re.DOTALL,
)
# Told without a word of whom: "Critical result communicated.", "Verbally conveyed."
_DONE = re.compile(
    r"\b(?:(?:critical|urgent|significant|unexpected|these|above) (?:\w+ )?(?:results?|findings?|values?|alerts?)"
    r" (?:\w+ ){0,2}(?:communicated|conveyed|relayed|notified|phoned|called|telephoned|sent)"
    r"|verbally (?:communicated|conveyed|informed|relayed|notified))\b(?! to be)"
    r"|\bcritical (?:results?|findings?|values?): dr\b"
    r"|\b(?:results?|findings?|report) (?:(?:was|were|has been|have been) )?(?:tele)?(?:phoned|called|rung) through\b"
    r"|(?<!\bbe )(?<!\bto )\b(?:spoken|spoke|discussed) (?:to|with) you\b"
    r"|\bsame (?:conversation|(?:tele)?phone call|discussion)\b"
    r"|\A\W*(?:informed|notified|communicated|phoned|telephoned|called)\W*\Z",
)
# Nothing but who and when: "Vascular centre + ED cons 23:15."
_ROLE = any_of(
    r"""team | drs? | registrar | reg | consultant | cons | sho | spr | fellow | resident | attending | surgeon
    surgery | surg | nurse | sister | matron | lead | coordinator | gp | ward | unit | centre | center | ed | er | a&e
    \w{0,5}icu | itu | hdu | on[- ]?call | trauma | stroke | medic(?:al|ine) | med | vascular | vasc | neurosurg\w*
    neuro\w* | ortho\w* | cardio\w* | uro\w* | resp\w* | onc\w* | gen | paeds | peds | gynae | obs"""
)
_WHO_AND_WHEN = re.compile(
    rf"\A\W*(?:{_ROLE}\b(?:[\s,.+&/]|and\b){{1,5}}){{2,8}}(?:at )?\d{{1,2}}[:.]\d\d\b(?:\s?(?:h|hrs))?\W*\Z",
)
_PATIENT = re.compile(
    r"\b(?:discussed|reviewed|shared|explained|communicated)\b.{0,30}\b(?:with|to) the patient\b"
    r"|\b(?:patient|she) (?:(?:was|has been|is) )?(?:told|informed|counsel+ed|(?:made )?aware)\b",
)
_PATIENT_NOT_TOLD = re.compile(
    r"\bnot (?:yet |been )*(?:told|informed|aware|discussed)\b|\b(?:to|will|should) be (?:told|informed|discussed)\b",
)
_TELL = (
    r"(?:communicat|inform|notif|call|contact|told|tell|convey|discuss|phon|telephon|alert|relay|pag(?:e|ing)|bleep|messag"
    r"|ensure|advis|report|sent\b|send|forward|escalat|rung|ring|reach|made aware)\w*"
)
_KIN = r"(?:patient|relatives?|family|attendants?|parents?|mother|father|wife|husband|son|daughter)"
# A call that is still to be made, or reached nobody.
_NOT_TOLD = re.compile(
    r"\b"
    + any_of(
        r"""(?<!who )(?:will|to|should|must|shall|needs? to|has to|have to) (?:\w+ )?be (?:\w+ ){0,2}?@TELL
        (?<!who )(?<!, )(?:will|shall) (?:\w+ )?@TELL | (?:is|are) being @TELL | please (?:\w+ ){0,4}?@TELL
        (?:recommend|suggest|advis|request)\w* (?:\w+ ){1,5}?be @TELL | call-?back pending
        to be (?:\w+ )?(?:aware|informed) | for (?:urgent |immediate |prompt )?(?:notification|communication)
        (?:notification|communication|call|acknowledg\w+|response|reply) (?:is |was |still )?(?:pending|awaited)
        pending (?:notification|communication|call|acknowledg\w+|response|reply) | await\w*
        (?<!second )(?<!third )(?<!next )attempt\w*
        tried | unable | could not | couldn't | cannot be reached | not yet | not as yet | failed to reach
        message (?:was |has been )?left | left (?:a )?message | voice-?mail | answer-?phone | without success
        unsuccessful\w*
        (?:no|without(?: an?)?) (?:answer|response|reply|return|call[- ]?back|acknowledg\w+|communication)
        unanswered | unreturned | rang out | engaged | nobody | no one | none | neither
        no (?:\w+ ){1,3}(?:could|was able|were able|has been|have been)
        (?:did|does|do|has|have|had|was|were|is|are) not (?:\w+ ){0,2}?(?:@TELL|answer\w*|pick\w*|respond\w*)
        (?:did|does|do|has|have|had|was|were|is|are) not (?:\w+ ){0,2}?(?:repl\w+|return\w*)
        not (?:been )?(?:possible|returned|answered|read|opened|seen|acknowledged|@TELL)
        no (?:\w+ )?(?:contact|communication|conversation) (?:was )?(?:made|possible|documented|recorded)
        @KIN (?:(?:was|were|has been|have been) )?(?:told|informed|advised|instructed|asked|counsel+ed)
        communicated: no | communication: no | notified: no | informed: no
        discussed (?:\w+ )?with (?:\w+[.,]? ){0,4}?radiologist
        (?:reviewed|read) (?:\w+ )?(?:with|by) (?:\w+[.,]? ){0,4}?radiologist
        (?:regarding|about) (?:the )?(?:protocol|indication|contrast)""".replace("@TELL", _TELL).replace("@KIN", _KIN)
    )
    + r"\b",
)
# What takes back the message told of just before.
_UNANSWERED = re.compile(
    r"\b"
    + any_of(
        r"""await\w* | (?:no|without(?: an?)?) (?:answer|response|reply|return|call[- ]?back|acknowledg\w+)
        no (?:\w+ )?(?:contact|communication|conversation) (?:was )?(?:made|possible|documented|recorded)
        unanswered | unreturned | unsuccessful\w* | without success | rang out | voice-?mail | left (?:a )?message
        message left | unable | could not | not (?:\w+ )?(?:read|opened|seen|acknowledged|answered?)
        not (?:\w+ )?(?:returned|repl\w+|respond\w*)
        (?:acknowledg\w+|response|reply) pending"""
    )
    + r"\b",
)
_CLAUSES = re.compile(r";|\b(?:but|then|subsequently|eventually|finally|later)\b")
# One of these stands in whatever tells of a call.
_TELLING = (
    *("attend", "know", "knew", "viewed", "looked"),
    *("discussed", "communicat", "conveyed", "notif", "called", "phoned", "relayed", "informed", "paged", "reported"),
    *("alerted", "aware", "verbal", "acknowledged", "read", "d/w", "contacted", "spoke", "intimat", "rang", "rung"),
    *(
        "reviewed",
        "shown",
        "mail",
        "whatsapp",
        "sent",
        "reached",
        "activated",
        "person",
        "same ",
        "told",
        "bleep",
        "advised",
    ),
    *("given", "handed", "passed", "escalated", "messaged", "texted", "critical", "call", "consulted", "bedside"),
    *("faxed", "conferenced", "conversation", "verbali", "accepted", "seen", "saw", "present", "standing", "sitting"),
    *("stood", "beside", "with me", "at the", "in the", "came", "watching", "conveyed", "sent"),
    *("respond", "flagged", "shared", "discuss", "phone", "pager", "secure"),
    *("taken", "answered", "message", "receipt", "receiv", "updat", "hand", "loop", " room", "scanner", "console"),
)


def is_told(sentence: str) -> bool:
    """Whether it records a communication that took place; one still to be made, or never answered, is none."""
    lower = sentence.lower()
    told = _WHO_AND_WHEN.match(lower) is not None
    for clause in map(str.lower, _CLAUSES.split(sentence)) if _holds_one(lower, _TELLING) else ():
        if _NOT_TOLD.search(clause):
            told = told and not _UNANSWERED.search(clause)
        else:
            told = told or bool(_TOLD.search(clause) or _DONE.search(clause))
    return told


def is_unanswered(sentence: str) -> bool:
    """Whether it tells that the message told of just before reached nobody ("Awaiting acknowledgement.")."""
    return bool(_UNANSWERED.search(sentence.lower())) and not is_told(sentence)


def _holds_one(lower: str, stems: tuple[str, ...]) -> bool:
    """A quick look, before a long pattern is searched."""
    for stem in stems:  # noqa: SIM110 - a generator takes twice the time
        if stem in lower:
            return True
    return False


def tells_patient(sentence: str) -> bool:
    """Whether it records that the patient was told."""
    lower = sentence.lower()
    return "patient" in lower and bool(_PATIENT.search(lower)) and not _PATIENT_NOT_TOLD.search(lower)

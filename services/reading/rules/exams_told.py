"""Exams that a report tells of and does not ask for: made, compared with, denied, booked, the help of a biopsy."""

from __future__ import annotations

import re

FILM = r"(?:(?:hr|ld)?cta?|mr[aiv]?|us|ultrasound|scan|films?|cxr|x-?rays?|mammogram)\b"
_NEEDED = r"(?:needed|required|necessary|recommended|indicated|warranted|advised|suggested|mandatory|called for)"
_NO_MORE = (
    r"(?:not|no longer) (?:(?:currently|routinely|clinically|deemed|felt|considered|generally|strictly|further)"
    rf" (?:to be )?)?{_NEEDED}"
)
_WITHDRAWN = r"(?:withdrawn|retracted|cancel\w+|rescinded|no longer (?:applies|stands))"
# Searched in lower case: without regard to case an alternative is ruled out far more slowly.
_NOT_ASKED = re.compile(
    r"\bno (?:further |additional |imaging |specific |routine |dedicated |radiolog\w+ )*(?:follow[- ]?up|imaging"
    r"|evaluation|workup|work-up|surveillance)\b"
    rf"|\bno (?:\w+ ){{0,3}}?{FILM}[^.;,\n]{{0,20}}?\b{_NEEDED}\b"
    r"|\bclinically indicated\s*\Z"
    rf"|\b{_NO_MORE}\b"
    r"|\b(?:was|were|had been|has been) (?:considered|recommended|advised|suggested|performed|obtained|done)\b"
    r"|\bno (?:need|indication) for\b|\bnot for (?:\w+ )?(?:imaging|follow[- ]?up|surveillance)\b"
    r"|\b(?:needs?|requires?) (?:no|nothing)\b|\bwithout (?:the )?need for\b"
    r"|(?<!not )\balready (?:been )?(?:booked|scheduled|arranged|requested|planned|performed|done|obtained|organi[sz]ed"
    r"|ordered)\b"
    r"|\b(?:is|are|has been|have been) (?:now |provisionally )?(?:booked|scheduled|pending|under ?way)\b"
    rf"|\b{FILM} (?:\w+ ){{0,3}}?(?:is |are )?(?:awaited|pending|in progress)\b"
    r"|\b(?:would|will|does|is) not (?:be )?(?:alter|change|add|influence|help|likely to)"
    r"|\bunlikely to (?:add|help|change|alter|be (?:helpful|of|useful))\b"
    r"|\bof no (?:added |additional )?(?:value|benefit)\b"
    rf"|\brecommend\w*\b[^.\n]{{0,60}}?\b{_WITHDRAWN}|\b(?<!if )(?:patient|she|he) (?:\w+ )?(?:declin|refus)\w+",
)
_WITHDRAWS = re.compile(
    r"\b(?:recommend\w*|advice|suggestion|follow[- ]?up|request)\b[^.\n]{0,60}?"
    rf"\b(?:{_WITHDRAWN}|{_NO_MORE})\b"
    r"|\b(?:withdraw|retract|cancel|disregard|rescind)\b[^.\n]{0,40}?"
    r"\b(?:recommend\w*|advice|suggestion|follow[- ]?up)\b"
    r"|\bno (?:further |additional |imaging |\w+ )?(?:follow[- ]?up|imaging|surveillance)\b[^.\n]{0,30}"
    rf"\b{_NEEDED}\b|\b(?:is|are) {_NO_MORE}\b",
    re.IGNORECASE,
)
_BARRED = re.compile(r"\b(?:is|are|remains) (?:\w+ly )?contra-?indicated\b")
_IF = re.compile(r"\b(?:if|where|when|unless)\b")
# An exam to look at again, not one to make.
_OF_OLD = re.compile(
    r"\b(?:compar\w+|correlat\w+) (?:with|to) (?:\w+ ){0,4}?(?:prior|previous|outside|old)(?:[ /-]\w+){0,3}"
    r"|\bcompared (?:with|to)\b[^.;,\n]*"
    rf"|\b(?:follow[- ]?up|repeat|interval|surveillance) (?:\w+ )?{FILM}(?: (?:from|of|dated)\b[^.;,\n]{{0,30}}?)?"
    r" (?:shows?|showed|demonstrate[sd]?|reveal(?:s|ed)|confirm(?:s|ed))\b[^.;,\n]*"
    rf"|\b(?:follow[- ]?up|repeat|interval|surveillance) (?:\w+ )?{FILM}[^.;:\n]{{0,40}}:\s+(?:partial|complete|stable"
    r"|mixed|no\b|good|progress\w+|residual|resolved|unchanged|improved)[^.;\n]*"
    r"|\battention (?:on|at|to|in) [^.;,\n]{0,30}?follow[- ]?up(?: (?:imaging|stud(?:y|ies)|exams?|scans?))?\b"
    r"(?! (?:ct|mri?|us|in|at)\b)"
    rf"|\bno [^.;,\n]{{3,60}}? (?:by|on) {FILM}|\b(?:normal|negative|unremarkable) {FILM}"
    r"|(?<!\bbe )\b(?:performed|obtained|done|acquired) (?:at|on|in|today|yesterday)\b[^.;,\n]*"
    r"|\b(?:see|refer to|reported (?:in|on|with)|described (?:in|on)) [^.;\n]*\breports?\b|\breported separately\b"
    r"|\b(?:on|from|at) (?:this|these|that|an?|the|today's)"
    r"(?: (?!next|follow|repeat|subsequent|dedicated|further)[a-z][\w-]*){0,3}?"
    rf" {FILM}"
    r"|\b(?:see|refer to) (?:the )?(?:\w+ ){0,4}?(?:separate(?:ly)?|dictated|concurrent|accompanying)\b[^.;\n]*"
    r"|\b(?:proceeded|went on|taken|transferred) (?:directly |straight )?(?:to|for) [^.;,\n]*"
    r"|\b(?:since|than) (?:the |an? )?(?:\w+ )?(?:follow[- ]?up|repeat|recent|interval|last)\b[^.;,\n]*",
    re.IGNORECASE,
)
_TAKEN = r"(?:biops\w+|aspirat\w+|fna\w?|fnac|drainage|ablation|locali[sz]ation|injection|intervention)"
# What is done with the help of imaging is no imaging.
_GUIDED = re.compile(
    r"\bendoscopic (?:ultrasound|us)\b|\bunder (?:ct|us|ultrasound|fluoroscop\w+) (?:guidance|control)\b"
    r"|\b(?:(?:ct|mri?|usg?|ultrasound)(?:\s?/\s?|\s+or\s+))?(?:image|imaging|usg?|ultrasound|sonograph\w+|ct|mri?"
    r"|stereotactic(?:ally)?|fluoroscop\w+|tomosynthesis)[- ]?"
    r"(?:guided|directed|targeted)\b[^.;,\n]*"
    r"|\b(?:usg?|ultrasound|ct|mri?|tomosynthesis)[-/ ](?:(?:core|needle|vacuum|fluid|fine|cyst|node) ){0,2}"
    rf"{_TAKEN}\b"
    r"|\b(?:mri?[-/ ])?(?:trus|us|ultrasound|mri?)[- ]fusion\b[^.;,\n]*",
    re.IGNORECASE,
)
# "Sonographic Murphy sign", "absent Doppler flow": of a sign, no exam; a follow-up of the kind is one.
_OF_A_SIGN = re.compile(
    r"\b(?:mammo|sono|ultrasono|angio|scinti)graphic(?:ally)?\b(?! (?:follow|surveillance|evaluation|assessment"
    r"|correlat|screening|re-?assess|review|examination|monitoring|characteri[sz]))"
    r"|\b(?:colou?r |spectral )?doppler (?:flow|signals?|waveforms?|vascularity|findings)\b|\bfilm of\b|\bUS-[1-3]\b"
    r"|\bfrom (?:an? )?(?:radiological|imaging) point of view\b|\bin view of\b",
    re.IGNORECASE,
)
_CLAUSES = re.compile(r"(?<=;)\s+|\s+(?=(?:but|however|although|otherwise)\b)", re.IGNORECASE)


def asked_part(words: str) -> str:
    """The words without the exams that are only told of, and without the clauses that deny or bar one.

    "NO CT IS NEEDED, but MRI in 6 months", "compared with CT OF 2021".
    """
    kept = _GUIDED.sub("", _OF_OLD.sub("", _OF_A_SIGN.sub("", words)))
    return " ".join(clause for clause in _CLAUSES.split(kept) if not _denies(clause.lower()))


def withdraws(words: str) -> bool:
    """Whether an addendum's words withdraw what was asked for: "the recommended CT is no longer needed"."""
    return _WITHDRAWS.search(words) is not None


def _denies(clause: str) -> bool:
    barred = _BARRED.search(clause) is not None and not _IF.search(clause)
    return barred or _NOT_ASKED.search(clause) is not None

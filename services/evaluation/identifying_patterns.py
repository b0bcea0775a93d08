"""What identifies people in any text, record or no record: the kinds of 45 CFR 164.514(b)(2) (HIPAA Safe Harbor).

Each pattern's group `it`, or the whole match where it has none, is taken out. Repetitions are bounded or possessive
(`*+`), so that no text costs more than in proportion to its length.
"""

from __future__ import annotations

import re

MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
LONG_MONTH = r"(?:January|February|March|April|June|July|August|September|October|November|December)"
CLOCK = r"\d{1,2}[:.]\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s*[AP]\.?M\b\.?)?(?:\s*(?:hours|hrs|h|UTC|GMT|[ECMP][SD]?T)\b)?"
NUMBER_DATE = r"(?:(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:(?:19|20)\d\d|\d\d))"
CAPITAL = r"(?:[A-ZÀ-ÖØ-Þ][^\W\d_]{0,40}(?:['’-][^\W\d_]{1,40}){0,4})"
NAMES = rf"{CAPITAL}(?:\.?(?:,[ \t]*|[ \t]+){CAPITAL}){{0,3}}"
STREET = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Way|Place|Pl|Highway|Hwy|Parkway|Pkwy"
    r"|Square|Terrace|Circle)"
)
HOUSE = (
    r"(?:Hospitals?|Medical (?:Center|Centre|Group)|Clinics?|Infirmary|Health (?:System|Centre|Center)|Healthcare"
    r"|University|Institute|Imaging (?:Center|Centre)|Radiology (?:Associates|Group|Partners)|Nursing Home|Hospice)"
)
SAID_TO = (
    r"(?:dictated|signed|read|interpreted|reviewed|verified|transcribed|approved|finali[sz]ed|authenticated|performed"
    r"|supervised|discussed|communicated|conveyed|relayed|reported|notified|called|telephoned|paged|spoke(?:n)?"
    r"|acknowledged|requested|ordered|referred|informed|results?|findings)"
)
PERSON_LABEL = (
    r"(?:patient(?:'s)? name|patient|pt|name|attending|radiologist|resident|fellow|referring(?: \w+)?|ordering(?: \w+)?"
    r"|requesting(?: \w+)?|technologist|sonographer|transcriptionist|cc|(?:[\w-]+[ \t]+){1,6}by)"
)
NUMBER_LABEL = (
    r"(?:mrn|medical record|record|accession|acc|account|acct|ssn|social security|visit|encounter|csn|order|exam|study"
    r"|request|requisition|case|chart|nhs|hospital|insurance|policy|member|license|licence|npi|serial|lot|device)"
)


def _compiled(*patterns: str, fold: bool = True) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE if fold else 0) for pattern in patterns)


PATTERNS: tuple[tuple[str, tuple[re.Pattern[str], ...]], ...] = (
    (
        "physician name",
        (
            re.compile(
                rf"\b(?:(?i:drs?|doctor|mrs|miss|prof(?:essor)?|nurse|sister)|Mr|Ms|(?:MR|MS)(?=\.))(?!\w)\.?[ \t]+"
                rf"(?P<it>{NAMES}|[^\W\d_]{{2,}})"
            ),
            re.compile(
                rf"(?P<it>{NAMES}),?[ \t]+"
                r"(?:M\.?D|D\.?O|MBBS|MBChB|Ph\.?D|R\.?N|N\.?P|P\.?A(?:-C)?|FRCR|FACR|R\.?T|ARRT)\b"
            ),
            re.compile(
                rf"\b(?i:{SAID_TO})\b[ \t]+"
                r"(?:(?i:verbally|directly|by|with|to|from|electronically|the|and|telephone|phone)"
                rf"[ \t]+)+(?P<it>{NAMES})"
            ),
        ),
    ),
    (
        "name",
        (re.compile(rf"^[ \t]*(?i:{PERSON_LABEL})[ \t]*[:=][ \t]*(?P<it>\S[^\r\n;]*)", re.MULTILINE),),
    ),
    (
        "date",
        _compiled(
            rf"(?<![\w./-]){NUMBER_DATE}(?:[T ,]+(?:at )?{CLOCK})?(?:Z|[+-]\d\d:?\d\d)?(?![\w/-])",
            rf"\b{MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s+(?:19|20)\d\d\b)?(?!\s*(?:mm|cm)\b)",
            rf"\b\d{{1,2}}(?:st|nd|rd|th)?[\s-]+(?:of\s+)?{MONTH}(?:[\s,-]+(?:(?:19|20)\d\d|\d\d)\b)?",
            rf"\b{MONTH},?\s+(?:of\s+)?(?:19|20)\d\d\b",
            rf"\b{LONG_MONTH}\b",
            r"(?<![\w./-])(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{0,6}(?![\w/-])",
            r"(?<![\w./:-])(?:0?[1-9]|1[0-2])/(?:19|20)\d\d(?![\w/-])",
            r"(?<![\w./-])(?<!image )(?<!series )(?<!grade )(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12]\d|3[01])(?![\w/-])",
        ),
    ),
    ("time", _compiled(rf"(?<![\w.:-]){CLOCK}(?![\w:])(?!\s*(?:mm|cm|x\b|×))", r"\b\d{4}\s*(?:hours|hrs)\b")),
    (
        "phone number",
        _compiled(
            r"(?<![\w.])(?:\+\d{1,3}[\s.-]*)?\(?\d{2,5}\)?[\s.-]{1,2}\d{3,4}[\s.-]?\d{3,4}(?![\w])",
            r"\b(?:phone|tel(?:ephone)?|fax|pager|beeper|mobile|cell|ext(?:ension)?|x)\b\.?\s*+(?:no\.?|number|#|:)*+\s*+"
            r"(?P<it>\+?\(?\d[\d\s().-]{2,}\d)",
        ),
    ),
    ("e-mail address", _compiled(r"(?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]+)*")),
    ("web address", _compiled(r"\b(?:https?://|www\.)\S+", r"\b\d{1,3}(?:\.\d{1,3}){3}\b")),
    (
        "address",
        (
            re.compile(rf"\b\d{{1,5}}\s+(?:[NSEW]\.?\s+)?(?:{CAPITAL}\s+){{1,3}}{STREET}\b\.?"),
            re.compile(rf"\b(?:{CAPITAL},?[ \t]+){{0,2}}[A-Z]{{2}}\s+\d{{5}}(?:-\d{{4}})?\b"),
            re.compile(r"\bP\.?\s?O\.?\s+Box\s+\d+", re.IGNORECASE),
            re.compile(r"\b(?:room|rm|bed|ward|apartment|apt|suite)\s*+#?\s*+[A-Z]?-?\d+\w*", re.IGNORECASE),
        ),
    ),
    (
        "identifier",
        _compiled(
            rf"\b{NUMBER_LABEL}\b\s*+(?:no\b\.?|number|num|id|#)*+\s*+[:#=]?\s*+"
            r"(?P<it>[A-Z]{0,4}-?\d[\w./-]{0,80}\d|\d)"
            r"(?=[\s.,;)\]]|$)",
            r"\b\d{3}-\d{2}-\d{4}\b",
            r"(?<![\w.])\d(?:(?:-+| )?\d){4,}(?![\w%])(?!\s*(?:mm|cm|ml|mg|mGy|HU)\b)",
            r"(?<![\w.])(?=(?:[A-Z-]{0,40}\d){3})(?=[\d-]{0,40}[A-Z])[A-Z0-9]{2,}+(?:-[A-Z0-9]++)*(?<=[A-Z0-9-]{5})"
            r"(?!\w)",
            r"\b\d+(?:\.\d+){5,}\b",
        ),
    ),
    ("institution", _compiled(rf"(?:{CAPITAL}\.?[ \t]+){{1,5}}{HOUSE}\b", fold=False)),
    (
        "age over 89",
        _compiled(
            r"\b(?P<it>9\d|1[0-2]\d)[\s-]*(?:years?|yrs?|y)\b[\s-]*(?:old|o\b)?",
            r"\b(?:age|aged)\s*+:?\s*+(?P<it>9\d|1[0-2]\d)\b",
        ),
    ),
)

"""Scores exactly as the report writes them; none is ever assigned."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from integration.canonical import Advisory, AdvisoryKind, Quote
from services.reading.rules.sentences import Sentence

_VALUE = (
    r"(?:\s|:|=|-|,|®|™|\(|score|category|cat\.?|assessment|final|overall|code|class|version|v?\d{4}|v\d(?:\.\d)?"
    r"|is|of|grade|type|level|group|scale|stage|mri|us|\(r\)|\d points,?)*"
)
_ROMAN = r"(?:iv|i{1,3}f?|[1-4]f?)"
_SCALES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (scale, re.compile(pattern, re.IGNORECASE))
    for scale, pattern in (
        ("BI-RADS", rf"\bbi-?\s?rads\b{_VALUE}(?P<value>[0-6][abc]?|vi|iv|v|i{{1,3}})\b(?![./]\d|\s?(?:mm|cm))"),
        ("Lung-RADS", rf"\blung-?\s?rads\b{_VALUE}(?P<value>[0-4][abxs]?(?:[\s/+-]?s)?)\b(?![./]\d|\s?(?:mm|cm))"),
        (
            "LI-RADS",
            # As few words as possible: the "US" of "LI-RADS US-3" belongs to the grade.
            rf"(?<!us )(?<!us-)\bli-?\s?rads\b{_VALUE}?(?P<value>(?:lr-?\s?)?(?:[1-5]|m|tiv|nc)|us-?\s?[1-3])\b"
            rf"|\b(?P<short>lr-(?:[1-5]|m|tiv|nc|tr[ -](?:non-?viable|viable|equivocal))|us-[1-3])\b",
        ),
        ("US LI-RADS", rf"\bus[- ]li-?\s?rads\b{_VALUE}(?P<value>(?<!us-)[1-3])\b"),
        ("TI-RADS", rf"\bti-?\s?rads\b{_VALUE}(?P<value>(?:tr-?\s?)?[1-5][abc]?)\b|\b(?P<short>tr-?[1-5])\b(?!-)"),
        ("PI-RADS", rf"\bpi-?\s?rads\b{_VALUE}(?P<value>[1-5])\b"),
        ("O-RADS", rf"\bo-?\s?rads\b{_VALUE}(?P<value>[0-5])\b"),
        ("CAD-RADS", rf"\bcad-?\s?rads\b{_VALUE}(?P<value>[0-5][ab]?)\b"),
        ("NI-RADS", rf"\bni-?\s?rads\b{_VALUE}(?P<value>[0-4][ab]?)\b"),
        ("VI-RADS", rf"\bvi-?\s?rads\b{_VALUE}(?P<value>[1-5])\b"),
        ("ASPECTS", rf"\b(?:aspects|aspect score)\b{_VALUE}(?P<value>10|\d)\b"),
        ("Bosniak", rf"\bbosniak\b{_VALUE}(?P<value>{_ROMAN})\b"),
        ("Deauville", rf"\bdeauville\b{_VALUE}(?P<value>[1-5])\b"),
        ("Fazekas", rf"\bfazekas\b{_VALUE}(?P<value>[0-3]|i{{1,3}})\b"),
        ("Hinchey", rf"\bhinchey\b{_VALUE}(?P<value>(?:iv|i{{1,3}}|[0-4])[ab]?)\b"),
        (
            "Kellgren-Lawrence",
            rf"\b(?:kellgren(?:[- ]and)?[-– ]lawrence|k-?l)\b{_VALUE}(?P<value>iv|i{{1,3}}|[0-4](?:-[0-4])?)\b",
        ),
        # Grades of injury (American Association for the Surgery of Trauma); "grade IV laceration" names no scale.
        ("AAST", r"\baast\b(?:[\s:,-]|grade)*(?P<value>iv|v|i{1,3}|[1-5])\b"),
        ("Mirels", rf"\bmirels?(?:'s?)?{_VALUE}(?P<value>1[0-2]|\d)\b"),
        ("Lund-Mackay", rf"\blund[- ]mackay\b{_VALUE}(?P<value>\d{{1,2}})\b"),
        ("Keros", rf"\bkeros\b{_VALUE}(?P<value>iii|ii|i|[1-3])\b"),
        ("Knosp", rf"\bknosp\b{_VALUE}(?P<value>[0-4][ab]?)\b"),
        ("Scheltens", rf"\b(?:scheltens(?: mta)?|mta)\b{_VALUE}(?P<value>[0-4])\b"),
        ("Koedam", rf"\bkoedam\b{_VALUE}(?P<value>[0-3])\b"),
        ("Graf", rf"\bgraf\b{_VALUE}(?P<value>(?:iv|iii|ii|i|[1-4])[abc]?)\b"),
        ("FIGO", rf"\bfigo\b{_VALUE}(?P<value>[0-8](?:-[0-8])?)\b"),
        ("Agatston", rf"\bagatston\b{_VALUE}(?P<value>\d{{1,4}})\b"),
        ("Agatston", r"\bcalcium score\b(?:\s|:|=|is|of)*(?P<value>\d{1,4})\b"),
        ("Modic", r"\bmodic\b(?:\s|:|type)*(?P<value>(?:i{1,3}|[1-3])(?:\s?[/-]\s?(?:i{1,3}|[1-3]))?)\b"),
        ("CT severity", r"\bct severity score\b(?:\s|:|=|of|is)*(?P<value>\d{1,2}\s?/\s?\d{2})\b"),
        ("CTSI", rf"\b(?:m?ctsi|ct severity index)\b{_VALUE}(?P<value>\d{{1,2}}(?:\s?/\s?10)?)\b"),
    )
)
# The same letter of the British Thyroid Association for a nodule of the thyroid.
_THYROID = re.compile(r"\b(?P<value>U[1-5][a-d]?)\b")
_OF_THYROID = re.compile(r"\bthyroid\b", re.IGNORECASE)
# The five grades of breast imaging of the Royal College of Radiologists (M mammography, U ultrasound, R either; P is
# the hand's that sent her); "M1" of an artery is none.
_BREAST = re.compile(r"\b(?P<value>[MRU][1-5])\b(?!\s*(?:segment|branch|occlusion|stenosis|lead|division))")
_OF_BREAST = re.compile(r"\b(?:breast|mammogra\w+|axilla\w*|nipple|areola\w*)\b", re.IGNORECASE)
# In a report that does not name BI-RADS: "Category 4C".
_CATEGORY = re.compile(r"(?<!density )(?<!composition )\b(?P<value>category [0-6][abc]?)\b", re.IGNORECASE)
_OTHERS = (
    "rads",
    "lr-",
    r"tr-?\d",
    r"\bus-",
    r"\bk-?l\b",
    "kellgren",
    "aspect",
    "calcium",
    "mta",
    "severity",
    *(name for name, _ in _SCALES[10:]),
)
# Grading scales that are written the same way: their name, and a grade in figures or Roman numerals.
_NAMED = (
    r"(?:modified )?fisher|hunt(?:[- ]and| &)?[- ]hess|wfns|spetzler[- ]martin|pfirrmann|meyerding|goutallier|gustilo"
    r"|outerbridge|icrs|bilsky|escc|sins|balthazar|co-?rads|c-rads|gca|garden|schatzker|salter[- ]harris|kellgren|cac"
    r"|ficat(?:[- ](?:and[- ])?arlet)?|(?:bt|node|st|my|onco|met|lu|gb|gi|pi-?rr)-rads|modic|brooker|schizas|castellvi"
    r"|sfu|utd|epe|schatzker|gartland|tlics|slic|risser|bismuth(?:[- ]corlette)?|strasberg|todani|mirizzi|de ?bakey"
    r"|borden|cognard|koos|graeb|m?tici|pi-?qual|t[oö]nnis|eaton(?:[- ]littler)?|arco|catterall|pipkin|sanders|pauwels"
    r"|anderson(?:[- ]and| &)?[- ]d'?alonzo|levine(?:[- ]and| &)?[- ]edwards|danis[- ]weber|cac-drs|qanadli|genant"
)
_GRADED = re.compile(
    rf"\b(?P<scale>{_NAMED})\b{_VALUE}"
    r"(?P<value>(?:[cp](?=\d))?(?:\d{1,4}|iv|v|i{1,3})[abc]?|(?-i:[A-E])[1-3]?)\b(?![./]\d|\s?(?:mm|cm)\b)",
    re.IGNORECASE,
)
# Scales that bear the name of a person or a town: the grade is called one, or is the scale's letter.
_TYPED = re.compile(
    r"\b(?P<scale>lee|evans|neer|mason|hawkins|marshall|rotterdam|koos|crawford|stanford|vancouver|weber|sanders"
    r"|visuali[sz]ation)(?:'s)?(?: ct)?[\s:]+(?:score|grade|type|class|stage|category|group)\b[\s:=]*"
    r"(?P<value>\d{1,2}[abc]?|iv|v|i{1,3}[abc]?|(?-i:[A-D])[1-3]?)\b(?![./:]\d|\s?(?:mm|cm)\b)"
    r"|\b(?P<town>stanford|vancouver|weber)\s+(?P<letter>(?-i:[A-D])[1-3]?)\b",
    re.IGNORECASE,
)
# "BI-RADS ASSESSMENT:" over its answer is a heading, and no part of the sentence.
_HEADED = re.compile(r"\b[\w-]{1,7}rads\b[^.\n]{0,30}:\s*\Z", re.IGNORECASE)
_PLACES = "lee|evans|neer|mason|hawkins|marshall|rotterdam|crawford|stanford|vancouver|weber|visuali[sz]ation"
_SCORED = re.compile("|".join((*_OTHERS, _NAMED, _PLACES)), re.IGNORECASE)
# One of these stands in whatever `_SCORED` finds; quick to look for.
_HINTS = (
    *(
        "rads",
        "lr-",
        "tr-",
        "tr1",
        "tr2",
        "tr3",
        "tr4",
        "tr5",
        "us-",
        "kl",
        "k-l",
        "kellgren",
        "aspect",
        "calcium",
        "mta",
    ),
    *("severity", "bosniak", "deauville", "fazekas", "hinchey", "mackay", "keros", "knosp", "scheltens", "koedam"),
    *("aast", "mirel", "graf"),
    *("figo", "agatston", "ctsi", "fisher", "hess", "wfns", "spetzler", "pfirrmann", "meyerding", "goutallier"),
    *("gustilo", "outerbridge", "icrs", "bilsky", "escc", "sins", "balthazar", "gca", "garden", "schatzker", "salter"),
    *("cac", "ficat", "modic", "brooker", "schizas", "castellvi", "sfu", "utd", "epe ", "gartland", "tlics", "slic "),
    *("risser", "bismuth", "strasberg", "todani", "mirizzi", "bakey", "borden", "cognard", "koos", "graeb", "tici"),
    *(
        "pi-qual",
        "piqual",
        "nnis",
        "eaton",
        "arco ",
        "catterall",
        "pipkin",
        "sanders",
        "pauwels",
        "alonzo",
        "edwards",
        "weber",
    ),
    *(
        "qanadli",
        "genant",
        "lee ",
        "evans",
        "neer",
        "mason",
        "hawkins",
        "marshall",
        "rotterdam",
        "crawford",
        "stanford",
    ),
    *("vancouver", "alization", "alisation"),
)
_EARLIER = re.compile(
    r"\b(?:prior|previous|previously|formerly|earlier|last|outside)\s+(?:(?:was|as|called|rated|graded|scored|report"
    r"|screening|assessment|exam|study)\s+){0,2}\Z",
    re.IGNORECASE,
)
# "Kellgren-Lawrence 2 FROM 2018".
_LONG_AGO = re.compile(
    r"\s*(?:\(?(?:in|from|of)\s+(?:\w+\s+)?(?:19|20)\d\d\b|previously\b|at last\b|\?\s?[-–]?\s?corrected\b)",
    re.IGNORECASE,
)
_LOOK_BACK = 40
# "Grade IV (modified Fisher)".
_BEHIND = re.compile(
    r"\b(?P<value>grade\s+(?:iv|v|i{1,3}|[0-6])[abc]?\s*(?:\(|on |by )(?:the )?"
    rf"(?:{_NAMED}|aast|hinchey|fazekas)\b\)?)"
    # "Type 2 Modic change".
    rf"|\b(?P<short>(?:grade|type|stage|class)\s+(?:iv|v|i{{1,3}}|[0-6])(?:/[1-3])?[abc]?\s+(?:{_NAMED}|aast)\b)(?!\s+\d)",
    re.IGNORECASE,
)
# "Hinchey III/IV", "KL 2-3".
_RANGE = re.compile(
    r"\s?[/–-]\s?(?:iv|v|i{1,3})[abc]?\b|[–-][0-5][abc]?(?![\w./]|\s?(?:mm|cm|points)\b)", re.IGNORECASE
)
# "KL grade III right, II left" is one score of two sides.
_OTHER_SIDE = re.compile(
    r"\s+(?:on the )?(?:right|left)\s*(?:,|;|and|&|/)\s*(?:iv|i{1,3}|\d)[abc]?\s+(?:on the )?(?:right|left)\b",
    re.IGNORECASE,
)
# "MTA right 3, left 2".
_EACH_SIDE = re.compile(
    rf"\b(?P<scale>mta|scheltens|k-?l|kellgren[- ]lawrence|{_NAMED})\b(?:\s|:|grade|score|type)*"
    r"(?P<value>(?:right|left|rt|lt|r|l)\s*:?\s*(?:iv|i{1,3}|\d)[abc]?\s*(?:,|;|and|&|/)\s*"
    r"(?:right|left|rt|lt|r|l)\s*:?\s*(?:iv|i{1,3}|\d)[abc]?)\b",
    re.IGNORECASE,
)
# "TI-RADS 4 (TR4)" is one score.
_SHORT_FORM = re.compile(r"\A(?:LR|TR)-?\s?(?=[1-5M])")


def scores(text: str, sentences: Sequence[Sentence]) -> list[Advisory]:
    """Scores exactly as written, each once; one given to a prior exam is not this report's."""
    found: dict[tuple[str, str], Advisory] = {}
    marked = _BREAST if _OF_BREAST.search(text) else _THYROID if _OF_THYROID.search(text) else None
    if marked:
        marks = (each for sentence in sentences for each in marked.finditer(text, sentence.start, sentence.end))
        found = dict(_advisory("", each) for each in marks)
    lower = text.lower()
    if marked is _BREAST and "rads" not in lower:
        named = (each for sentence in sentences for each in _CATEGORY.finditer(text, sentence.start, sentence.end))
        found |= dict(_advisory("", each) for each in named)
    hints = [hint for hint in _HINTS if hint in lower]
    if not hints:
        return [*found.values()]
    for start, end in (_with_heading(text, each) for each in sentences):
        if any(lower.find(hint, start, end) >= 0 for hint in hints) and _SCORED.search(text, start, end):
            for scale, match in _matches(text, start, end):
                earlier = _EARLIER.search(text, max(start, match.start() - _LOOK_BACK), match.start())
                if not earlier and not _LONG_AGO.match(text, match.end()):
                    key, advisory = _advisory(scale, match)
                    found.setdefault(key, advisory)
    return list(found.values())


def _with_heading(text: str, sentence: Sentence) -> tuple[int, int]:
    heading = _HEADED.search(text, text.rfind("\n", 0, sentence.start) + 1, sentence.start)
    return (heading.start() if heading else sentence.start), sentence.end


def _matches(text: str, start: int, end: int) -> Iterator[tuple[str, re.Match[str]]]:
    seen = list[range]()
    for match in _EACH_SIDE.finditer(text, start, end):
        seen.append(range(*match.span()))
        yield match["scale"], match
    for scale, pattern in _SCALES:
        for match in pattern.finditer(text, start, end):
            seen.append(range(*match.span()))
            yield scale, match
    for match in _TYPED.finditer(text, start, end):
        seen.append(range(*match.span()))
        yield (match["scale"] or match["town"]).capitalize(), match
    for match in _BEHIND.finditer(text, start, end):
        seen.append(range(*match.span()))
        yield "", match
    for match in _GRADED.finditer(text, start, end):
        if not any(match.start() in span for span in seen):
            yield " ".join(match["scale"].split()), match


def _advisory(scale: str, match: re.Match[str]) -> tuple[tuple[str, str], Advisory]:
    """The score and what tells it from another; "Hinchey III/IV" and "KL III right, II left" keep both grades."""
    name = next(each for each in ("value", "short", "letter") if match.groupdict().get(each))
    other = _OTHER_SIDE.match(match.string, match.end(name)) or _RANGE.match(match.string, match.end(name))
    value = match.string[match.start(name) : other.end() if other else match.end(name)]
    end = other.end() if other else match.end()
    advisory = Advisory(
        kind=AdvisoryKind.SCORE,
        message=f"{scale} {value}".strip(),
        quotes=(Quote(text=match.string[match.start() : end], start=match.start(), end=end),),
        detail={"scale": scale, "value": value},
    )
    return (scale, _SHORT_FORM.sub("", value.upper())), advisory

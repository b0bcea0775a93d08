"""Why a critical finding raises no alarm: it was there before, grows less, is old, expected, or small."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile

from integration.canonical import Change, SectionKind, Side, Status
from services.reading.rules.anatomy import is_level
from services.reading.rules.critical_finding import Found
from services.reading.rules.mentions import Mention
from services.reading.rules.patterns import any_of
from services.reading.rules.sentences import Sentence
from services.reading.rules.wordset import wordset

_NEW = re.compile(
    r"(?<!no )(?<!not )(?<!without )(?<!nor )\b"
    + any_of(
        r"""new | newly | acute | increas\w+ | enlarging | worsen\w* | worse | larger | progress\w+ | recurren\w+
        re-?bleed\w*
        re-?accumulat\w+ | interval development | has developed | have developed | superimposed | ruptured? | leak\w*
        active (?:extravasation|bleeding|ha?emorrhage) | impending | tension
        not (?:previously|hitherto) (?:known|seen|described|reported|documented|present|diagnosed|recogni[sz]ed)
        not known (?:before|previously)
        (?:previously|hitherto) un(?:known|recogni[sz]ed|diagnosed|suspected|reported)"""
    )
    + r"\b",
    re.IGNORECASE,
)
_STANDS = re.compile(
    r"\b(?:is|are|remains?|appears?|has|have) (?:\w+ly )?"
    r"(?:unchanged|stable|static|similar|smaller|improved|decreased)\b",
    re.IGNORECASE,
)
# Searched in lower case: without regard to case an alternative is ruled out far more slowly.
_CALM = tuple(
    (why, re.compile(rf"\b{any_of(phrases)}\b"))
    for why, phrases in (
        (
            "unchanged",
            r"""unchanged | stable | static | unaltered | similar | as before | for years
            again (?:seen|noted|demonstrated|present)
            redemonstrat\w+ | (?:no|without) (?:significant |interval |appreciable |further )*(?:change|progression)
            (?:no|without) (?:significant |interval |appreciable |further )*(?:enlargement|increase) | same size
            still (?:seen|present|visible|noted|evident|demonstrated|there|apparent)
            remains?(?=\s*(?:[.;)]|\Z))
            persist\w* | (?:the )?same as (?:on|in|before|yesterday|previous\w*|last)
            remains? (?:occluded|thrombosed|present|visible|large|small|moderate|dilated|collapsed|evident)
            not (?:significantly )?(?:changed|increased|progressed|enlarged)""",
        ),
        (
            "decreasing",
            r"""decreas\w+ | improv\w+ | diminish\w+ | smaller | resolving | regress\w+ | reduced | reduction | lessened
            less (?:fluid|air|prominent|extensive|marked|pronounced|conspicuous|dense|severe)
            redistribut\w+ | down from | evolving | shrunk\w*
            (?:near(?:ly)?|almost|partial(?:ly)?)[- ](?:complete(?:ly)? )?resol\w+ | clearing | residual
            recanali[sz]ed""",
        ),
        (
            "old",
            r"""old | remote | chronic | healed | long-?standing | established | sequela\w*
            (?<!not )(?<!never )(?<!not previously )(?<!not hitherto )known | treated
            lacun(?:ar?|es?) | mature | stain(?:s|ed|ing)
            prior | not acute | non-?acute | encephalomalac\w+ | glio(?:sis|tic) | corticated""",
        ),
        ("incidental", r"incidental(?:ly)?"),
        # A rule of this project: slow-growing tumours with names of their own are no emergency by themselves.
        ("benign", r"meningiomas? | (?:macro|micro)?adenomas? | schwannomas? | colloid cysts?"),
        (
            "postoperative",
            r"""post-?\s?op(?:erative)? | post-?\s?surgical
            post-?\s?(?:procedur|biops|aspiration|drainage|thoracentesis)\w* | expected | within expected limits
            (?:after|following|recent|status post|s/p|post) (?:recent |the )?(?:surgery|resection|laparo\w+|evacuation)
            (?:after|following|recent|status post|s/p|post) (?:recent |the )?\w+(?:ectomy|otomy|ostomy|plasty|oscopy)
            resection (?:cavity|margin|bed) | burr holes? | surgical (?:bed|site|cavity)""",
        ),
    )
)
# "Old L2 AND L4 fractures", "chronic right AND LEFT subdural hematomas" are one clause.
_CLAUSES = re.compile(
    r"[,;:]\s|\s(?=(?:and(?!\s(?:[CTLS]\d|left\b|right\b|both\b))|but|with|although|while)\s)", re.IGNORECASE
)
_CONCLUDING = frozenset({SectionKind.IMPRESSION, SectionKind.ADDENDUM})
# Words of a clause that can only qualify what stands before it: "of benign appearance, and old".
_FEW = 4
# In cm. Repair of an abdominal aneurysm is considered from 5.5 cm (SVS practice guidelines 2018).
_HARMLESS_BELOW = {"abdominal_aortic_aneurysm": 5.5}
# Found by chance they call for a call all the same.
_NEVER_INCIDENTAL = frozenset(
    {
        *("pulmonary_embolism", "thrombosis", "portal_vein_thrombosis", "aortic_dissection", "pneumothorax"),
        *("appendicitis", "abdominal_aortic_aneurysm"),
    }
)
# A vessel that is only somewhat narrow is none that is shut.
_NARROW = re.compile(
    r"\b(?:mild|minimal|slight|moderate)(?:ly)?\b[^.;]{0,40}\b(?:narrow\w*|stenos\w*|irregular\w*)", re.IGNORECASE
)
_SHUT = re.compile(
    r"\b(?:occlu\w*|severe\w*|high[- ]grade|critical\w*|cut-?\s?off|thromb\w*|absent|no flow|flow[- ]limiting)\b",
    re.IGNORECASE,
)
_SIZE = re.compile(r"(?P<size>\d{1,3}(?:\.\d{1,2})?)\s?(?:x\s?[\d.]{1,5}\s?)*(?P<unit>mm|cm)\b", re.IGNORECASE)
# What surgery leaves behind for days; alarming only where it is new or grows.
_LEFT_BY_SURGERY = frozenset({"pneumocephalus", "pneumoperitoneum", "pneumomediastinum"})
_OPERATED = re.compile(
    r"\bpost-?\s?op(?:erative(?:ly)?)?\b|\bpod\s?#?\d|\bday \d{1,2} (?:after|following|post|s/p)"
    r"|\bpost(?:-|\s)?(?:evacuation|craniotomy|laparo\w+|surgery)\b"
    r"|\b(?:beneath|under|below|deep to) the (?:bone |craniotomy |craniectomy )?flap\b",
    re.IGNORECASE,
)
# "14 mm, previously 9 mm"; sizes that differ by no more than a millimetre are one.
_THEN = re.compile(
    r"(?P<now>\d{1,3}(?:\.\d{1,2})?)\s?(?P<unit>mm|cm)?(?:\s?x\s?[\d.]{1,5}\s?(?:mm|cm)?)*[^.;\d]{0,30}?"
    r"\b(?:previously|was|formerly|prior|compared (?:with|to)|versus|vs\.?|from|before)\b:?[^.;\d]{0,20}?"
    r"(?P<then>\d{1,3}(?:\.\d{1,2})?)\s?(?:x\s?[\d.]{1,5}\s?)*(?:(?P<old>mm|cm)\b|(?=[).,;]?(?:\s|\Z)(?!\s*(?:days?|weeks?|months?|years?|hours?)\b)))",
    re.IGNORECASE,
)
# An exam made since, not one that is asked for.
_LATER_EXAM = re.compile(
    r"(?<!please )(?<!pls )(?<!for )(?<!advise )(?<!suggest )(?<!recommend )\b"
    r"(?:repeat|rpt|subsequent|later|further|check|post-?(?:drain\w*|procedur\w*|insertion|intubation))"
    r" (?:\w+ ){0,2}?(?:cta?|mri?|films?|cxr|x-?rays?|scan"
    r"|radiographs?|ultrasound)\b(?! (?:recommended|advised|suggested|tomorrow|in|within|at \d+ (?:h|d|w|m)))",
    re.IGNORECASE,
)
# "FILM POST ASPIRATION: the pneumothorax is smaller".
_AFTERWARDS = re.compile(r"\b(?:film|cxr|radiograph|x-?ray|ct|scan) (?:post|after|following) \w+", re.IGNORECASE)
_SAME_SIZE = 1.0
_UNDER_SKIN = wordset(
    "superficial thrombophlebitis cephalic basilic saphenous varicose varicosity varicosities gsv ssv"
)
_DEEP = wordset(
    """deep dvt femoral popliteal iliac axillary subclavian jugular brachial tibial peroneal gastrocnemius soleal
    junction saphenofemoral saphenopopliteal sfj spj portal caval ivc septic"""
)
_DESPITE = re.compile(
    r"\bdespite (?:[\w-]+ ){0,5}?(?:drains?|tubes?|catheter|treatment|anticoagulation|therapy|antibiotics)\b",
    re.IGNORECASE,
)
# What the next sentence says of it: "THIS IS WITHIN EXPECTED LIMITS after yesterday's laparoscopy".
_AS_EXPECTED = re.compile(
    r"\b(?:this|these|it|they|both|which)\b[^.;]{0,40}?\b(?:is|are|was|were|being)\b[^.;]{0,20}?"
    r"(?<!not )(?<!than )(?:within expected limits|expected|normal for|in keeping with recent"
    r"|post-?\s?(?:operative|procedural))\b",
    re.IGNORECASE,
)
# More than the operation explains: "well BEYOND WHAT DAY 6 WOULD EXPLAIN" is not what it left behind.
_BEYOND = re.compile(
    r"(?<!no )(?<!not )(?<!nor )\b(?:beyond|in excess of|exceed\w*|(?:more|greater|larger|longer) than"
    r"|too (?:much|large|many)|out of proportion|not (?:\w+ )?(?:explained|accounted for))\b[^.;]{0,40}?"
    r"\b(?:expect\w*|explain\w*|account\w*|usual|normal|day \d|pod|post-?\s?op\w*|surgery|laparo\w+)|\bunexpected",
    re.IGNORECASE,
)
_BACK = re.compile(r"\s*(?:it|this|these|they)\b", re.IGNORECASE)
_SETTLED = {Change.UNCHANGED: "unchanged", Change.DECREASED: "decreasing", Change.RESOLVED: "resolved"}


def calm(text: str, sentences: Sequence[Sentence], found: Found) -> str:
    """Why it raises no alarm: "unchanged", "decreasing", "old", "postoperative", "small", …; "" where it does.

    What is said of one side or vertebra says nothing of another: an old fracture of L2 does not calm a new one of L1.
    """
    if found.verdict.finding.id in _HARMLESS_BELOW and _is_small(text, found):
        return "small"
    if found.verdict.finding.id == "arterial_occlusion" and _is_narrow(text, found):
        return "mild"
    if found.verdict.finding.id == "thrombosis" and _is_superficial(found):
        return "superficial"
    if _undrained(text, found) or _unexplained(text, found):
        return ""
    mentions = found.before if found.before and _tells_of_later(text, sentences) else found.mentions
    groups = _groups(mentions)
    reasons = [_reason(text, sentences, found, group) for group in groups]
    changed = found.verdict.change if mentions is found.mentions else None
    if len(groups) == 1 and changed and reasons[0] is None:
        return _SETTLED.get(changed, "")
    return reasons[0] or "" if all(reasons) else ""


def _is_superficial(found: Found) -> bool:
    """Whether only veins under the skin are clotted: "THROMBOPHLEBITIS OF THE CEPHALIC VEIN"."""
    asserted = [each for each in found.mentions if each.status is Status.PRESENT]
    said = [{token.text for token in each.sentence.tokens[each.first : each.last]} for each in asserted]
    return bool(said) and all(not _UNDER_SKIN.isdisjoint(words) and _DEEP.isdisjoint(words) for words in said)


def _undrained(text: str, found: Found) -> bool:
    """Whether it is there in spite of a drain: "PERSISTENT PNEUMOTHORAX DESPITE A CHEST TUBE" is no old one."""
    spans = ((each.sentence.start, each.sentence.end) for each in found.mentions)
    return any(_DESPITE.search(text, *span) for span in spans)


def _unexplained(text: str, found: Found) -> bool:
    """Whether there is more of it than an operation leaves behind."""
    left = found.verdict.finding.id in _LEFT_BY_SURGERY
    return left and any(_BEYOND.search(text, each.sentence.start, each.sentence.end) for each in found.mentions)


def _tells_of_later(text: str, sentences: Sequence[Sentence]) -> bool:
    """Whether an addendum reads an exam made since: what that shows smaller was an event before."""
    added = (each for each in sentences if each.kind is SectionKind.ADDENDUM)
    return any(pattern.search(text, each.start, each.end) for each in added for pattern in (_LATER_EXAM, _AFTERWARDS))


def _groups(mentions: Sequence[Mention]) -> list[list[Mention]]:
    """The mentions by the side and the vertebra they speak of; what names none speaks of all."""
    groups = defaultdict[tuple[Side | None, str], list[Mention]](list)
    loose: list[Mention] = []
    for each in mentions:
        key = (None if each.side is Side.BILATERAL else each.side, _level(each))
        (groups[key] if any(key) else loose).append(each)
    return [own + loose for own in groups.values()] or [loose]


def _level(mention: Mention) -> str:
    """The vertebra or disc named nearest to the mention, else that of its label; "" for none."""
    levels = [
        (abs(at - mention.first), word)
        for at, token in enumerate(mention.sentence.tokens)
        for word in token.canon
        if is_level(word)
    ]
    return min(levels)[1] if levels else next(filter(is_level, sorted(mention.sentence.context)), "")


def _reason(text: str, sentences: Sequence[Sentence], found: Found, group: Sequence[Mention]) -> str | None:
    """Why the mentions of one place raise no alarm, "" where they say that it is new, None where they say neither.

    The conclusion's word counts before that of the findings.
    """
    concluded = [each for each in group if each.sentence.kind in _CONCLUDING]
    for mentions in (concluded, group):
        said = [*_said(text, mentions)]
        grown = _compared(text, sentences, mentions)
        if grown == "larger" or any(_is_new(own) for own, _ in said):
            return ""
        why = _called(said) or grown
        if why and not (why == "incidental" and found.verdict.finding.id in _NEVER_INCIDENTAL):
            return why
    if found.verdict.finding.id in _LEFT_BY_SURGERY and _OPERATED.search(text):
        return "postoperative"
    own = {each.sentence.number for each in group}
    after = [next_one for one, next_one in pairwise(sentences) if one.number in own]
    if any(_AS_EXPECTED.search(text, each.start, each.end) for each in after):
        return "postoperative"
    return None


def _called(said: Sequence[tuple[str, str]]) -> str:
    """Why, by a word of their clauses, else by what follows them."""
    for words in (own for own, _ in said), (after for _, after in said if not _NEW.search(after)):
        joined = " ; ".join(words).lower()
        if why := next((name for name, pattern in _CALM if pattern.search(joined)), ""):
            return why
    return ""


def _is_new(clause: str) -> bool:
    """Whether it is said to be new or worse; "the acute hematoma is unchanged" was there before."""
    words = {each.group().lower() for each in _NEW.finditer(clause)}
    return bool(words - {"acute"}) or (bool(words) and not _STANDS.search(clause))


def _said(text: str, mentions: Sequence[Mention]) -> Iterator[tuple[str, str]]:
    """The clause of each mention, and what follows it without naming the finding again."""
    named = {(each.sentence.number, each.sentence.tokens[each.first].start) for each in mentions}
    for number, start in sorted(named):
        sentence = next(each.sentence for each in mentions if each.sentence.number == number)
        ends = [sentence.start, *(each.end() for each in _CLAUSES.finditer(text, sentence.start, sentence.end))]
        at = max(place for place, end in enumerate(ends) if end <= start)
        bounds = [*ends, sentence.end]
        after = [
            text[low:high]
            for low, high in zip(bounds[at + 1 :], bounds[at + 2 :], strict=False)
            if not any(one == number and low <= other < high for one, other in named)
        ]
        brief = takewhile(lambda clause: len(clause.split()) <= _FEW, after[1:])
        yield text[bounds[at] : bounds[at + 1]], " ; ".join((*after[:1], *brief))


def _compared(text: str, sentences: Sequence[Sentence], mentions: Sequence[Mention]) -> str:
    """What the sizes beside it say: "larger", "unchanged", "decreasing"; "larger" also where the next sentence does."""
    own = {each.sentence.number for each in mentions}
    after = [next_one for one, next_one in pairwise(sentences) if one.number in own]
    if any(_BACK.match(said := text[each.start : each.end]) and _NEW.search(said) for each in after):
        return "larger"
    spans = [(each.start, each.end) for each in sentences if each.number in own]
    found = next(filter(None, (_THEN.search(text, *span) for span in spans)), None)
    if found is None:
        return ""
    unit = (found["old"] or found["unit"] or "mm").lower()
    now = float(found["now"]) * (10 if (found["unit"] or unit).lower() == "cm" else 1)
    grown = now - float(found["then"]) * (10 if unit == "cm" else 1)
    return "larger" if grown > _SAME_SIZE else "decreasing" if grown < -_SAME_SIZE else "unchanged"


def _is_narrow(text: str, found: Found) -> bool:
    """Whether each sentence of it tells of a mild or moderate narrowing, and none of more."""
    said = [text[each.sentence.start : each.sentence.end] for each in found.mentions]
    return all(map(_NARROW.search, said)) and not any(map(_SHUT.search, said))


def _is_small(text: str, found: Found) -> bool:
    """Whether no sentence of it gives a size from which it is dangerous, or a sign of rupture."""
    said = " ".join(text[each.sentence.start : each.sentence.end] for each in found.mentions)
    sizes = [float(each["size"]) / (10 if each["unit"].lower() == "mm" else 1) for each in _SIZE.finditer(said)]
    return not _NEW.search(said) and max(sizes, default=0) < _HARMLESS_BELOW[found.verdict.finding.id]

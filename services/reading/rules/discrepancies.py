"""What in a report does not fit: with its order, with the patient, with itself, or left blank."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from integration.canonical import Advisory, AdvisoryKind, Quote, SectionKind, Sex, Side, Verdict
from services.reading.reader import Question
from services.reading.rules.advisories import matched, quote
from services.reading.rules.amendments import changing
from services.reading.rules.anatomy import ANATOMY, is_level, widened
from services.reading.rules.exam import Title, regions, title_of
from services.reading.rules.headings import BODY, Block
from services.reading.rules.sentences import Sentence
from services.reading.rules.side_words import is_side
from services.reading.rules.tokens import Token
from services.reading.rules.unfinished import unfinished
from services.reading.rules.words import SIDES

_OF_ANOTHER = frozenset({SectionKind.COMPARISON, SectionKind.HISTORY, SectionKind.INDICATION})
_ORGANS = {
    Sex.MALE: re.compile(
        r"\b(?:uterus|uterine|ovar(?:y|ies|ian)|adnexa\w*|endometri\w+|myometri\w+|vagin\w+"
        r"|hysterectomy|pregnan\w+|gravid"
        r"|intrauterine|fallopian|salping\w+|postmenopausal|menopaus\w+)\b",
        re.IGNORECASE,
    ),
    Sex.FEMALE: re.compile(
        r"\b(?:prostat\w+|seminal vesicles?|testi(?:s|cle|cles|cular|es)|scrot\w+|penis|penile"
        r"|epididym\w+|vas deferens)\b",
        re.IGNORECASE,
    ),
}
_SEX = r"(?:male|female|man|woman|boy|girl|gentleman|lady)"
_PERSON = re.compile(
    rf"\b(?P<age>\d{{1,3}})[\s-]*(?:years?|yrs?|y)[\s/-]*(?:old|o)\b(?:[\s-]+\w+){{0,2}}?[\s-]+(?P<sex>{_SEX})\b"
    # "46F", "46 yo F"; "6 M" may be metres.
    r"|(?<![.\d])\b(?P<age2>\d{1,3})(?:\s?(?:yo|y/o|y\.o\.)\s?)?(?P<sex2>(?-i:[MF]))\b(?=[\s,.;]|$)"
    # A drain of 28 French.
    r"(?!\s+(?:\w+\s+){0,2}?(?:chest\s+)?(?:drains?|catheters?|tubes?|sheath|foley|pigtail|ett|stent|cannula|thoracostomy)\b)"
    r"|\b(?P<age3>\d{1,3})[\s-]*(?:years?|yrs?)[\s-]*old\b"
    r"(?=\s*(?:[,;.]|$|\n|(?:patient|person|child|adult|with|who|presents|presenting|status|s/p|here)\b))",
    re.IGNORECASE,
)
# "Uterus and adnexa: N.A."
_NOT_APPLICABLE = re.compile(r"[^.;\n]{0,40}?(?:\bn\.?/?a\b|\bnot applicable\b|\babsent\b)", re.IGNORECASE)
# Whose organ it is: a father's prostate is not the patient's.
_RELATIVE = re.compile(
    r"\b(?:family|father|mother|brother|sister|son|daughter|husband|wife|partner|uncle|aunt|cousin|grand\w+"
    r"|maternal|paternal)\b[^.;\n]*\Z",
    re.IGNORECASE,
)
_LOOK_BACK = 80
_OCCULT = re.compile(r"\boccult\b|\bmust be assumed\b|\buntil proven otherwise\b", re.IGNORECASE)
_LEVEL = re.compile(r"\b[CTLS]\d{1,2}\b")
_OWN_LEVEL = re.compile(r"[ \t]*[CTL]\d{1,2}\s?[-/]\s?[CTLS]?\d{1,2}\b")
# The letter of its vertebrae; the first and last of a region are seen on its neighbour's exam too.
_SPINE = {
    "C": re.compile(r"\b(?:cervical|c-?\s?spine|neck)\b", re.IGNORECASE),
    "T": re.compile(r"\b(?:thoracic|dorsal|t-?\s?spine|d-?\s?spine)\b", re.IGNORECASE),
    "L": re.compile(r"\b(?:lumb\w+|l-?\s?s?-?\s?spine|sacr\w+|coccyx)\b", re.IGNORECASE),
    "S": re.compile(r"\b(?:lumb\w+|l-?\s?s?-?\s?spine|sacr\w+|coccyx)\b", re.IGNORECASE),
}
_WHOLE_SPINE = re.compile(r"\b(?:whole|total|complete|entire|full)\b", re.IGNORECASE)
_CAVITIES = frozenset({"intracranial", "chest", "abdomen", "breast"})
# Sentences that must speak of another part of the body before the report is said to.
_ENOUGH = 3
_SIDE = "laterality"
_QUADRANT = frozenset({"quadrant", "abdomen", "abdominal"})
# Part of every match of `_PERSON`, and quick to look for.
_AGED = re.compile(r"\d[\s-]*(?:y|[mf]\b)", re.IGNORECASE)
_MALE = frozenset({"male", "man", "boy", "gentleman", "m"})
_MODALITIES = {
    "CT": re.compile(r"\bCT[A]?\b|computed tomograph", re.IGNORECASE),
    "MR": re.compile(r"\bMR[IA]?\b|magnetic resonance", re.IGNORECASE),
    "US": re.compile(r"\bUS\b|ultrasound|sonogra", re.IGNORECASE),
    "XR": re.compile(r"\b(?:XR|CR|DX|x-?ray)\b|radiograph", re.IGNORECASE),
    "MG": re.compile(r"\bMG\b|mammogra", re.IGNORECASE),
}
# DICOM modality codes (PS3.3 C.7.3.1.1.1) in the words of `_MODALITIES`.
_FAMILIES = {"CR": "XR", "DX": "XR", "DR": "XR", "RG": "XR", "MRI": "MR"}


def discrepancies(
    question: Question, parts: Sequence[Block], sentences: Sequence[Sentence], verdicts: Sequence[Verdict]
) -> list[Advisory]:
    """Every discrepancy found, each with the quote it rests on where there is one."""
    conflicts = [*_own_conflicts(question.text, verdicts)]
    known = any(each.detail["type"] == _SIDE for each in conflicts)
    checks = (
        conflicts,
        [] if known else _wrong_side(question, parts, sentences),
        _wrong_person(question),
        _wrong_exam(question, parts, sentences),
        _changed(question.text, sentences),
        (_advisory("incomplete", message, *quotes) for message, quotes in unfinished(question, parts, sentences)),
    )
    return [advisory for check in checks for advisory in check]


def _advisory(kind: str, message: str, *quotes: Quote) -> Advisory:
    return Advisory(kind=AdvisoryKind.DISCREPANCY, message=message, quotes=quotes, detail={"type": kind})


def _own_conflicts(text: str, verdicts: Sequence[Verdict]) -> Iterator[Advisory]:
    """One for each passage that contradicts another, however many findings it names."""
    seen = set[Quote]()
    for verdict in verdicts:
        if verdict.conflict and seen.isdisjoint(verdict.quotes) and not _agree(text, verdict):
            seen.update(verdict.quotes)
            about = "the side of " if verdict.rule.startswith("conflict/side") else ""
            message = f"Findings and impression disagree on {about}{verdict.finding.name}"
            yield _advisory(_SIDE if about else "findings_vs_impression", message, *verdict.quotes)


def _agree(text: str, verdict: Verdict) -> bool:
    """Whether both may hold: an occult fracture that is not seen, what one level's line denies and another has."""
    if verdict.rule.startswith("conflict/side"):
        return False
    if any(_OCCULT.search(each.text) for each in verdict.quotes):
        return True
    lines = [(each, _OWN_LEVEL.match(text, text.rfind("\n", 0, each.start) + 1)) for each in verdict.quotes]
    levels = {level.group().strip() for _, level in lines if level}
    return len(levels) == 1 and any(not level and not _LEVEL.search(each.text) for each, level in lines)


def _wrong_side(question: Question, parts: Sequence[Block], sentences: Sequence[Sentence]) -> Iterator[Advisory]:
    """The report speaks of the side that was not ordered, and never of the one that was."""
    if question.order_side not in (Side.LEFT, Side.RIGHT):
        return
    other = Side.RIGHT if question.order_side is Side.LEFT else Side.LEFT
    titled = _own_title(question.text, parts)
    said = _sides(titled.tokens)
    if said == {other.value}:
        yield _advisory(_SIDE, f"Ordered {question.order_side}, titled {other}", *titled.quotes(question.text))
        return
    body = [each for each in sentences if each.kind in BODY and not _within(each, titled)]
    sided = [(each, _sides(each.tokens)) for each in body]
    spoken = set().union(*(sides for _, sides in sided)) if sided else set()
    telling = [each for each, sides in sided if sides]
    # Beside a title of the side that was ordered, one sentence may tell of the other, but not conclude on it.
    enough = not said or len(telling) > 1 or any(_concludes_on(each, titled) for each in telling)
    if spoken == {other.value} and enough:
        first = telling[0]
        yield _advisory(_SIDE, f"Ordered {question.order_side}, reported {other}", quote(question.text, first))


def _concludes_on(sentence: Sentence, title: Title) -> bool:
    """Whether an impression's side stands right before the part of the body that the title names: "LEFT wrist"."""
    parts = ANATOMY.intersection(word for token in title.tokens for word in token.canon)
    pairs = itertools.pairwise(sentence.tokens)
    return sentence.kind is SectionKind.IMPRESSION and any(
        first.text in SIDES and not parts.isdisjoint(second.canon) for first, second in pairs
    )


def _within(sentence: Sentence, title: Title) -> bool:
    return any(start <= sentence.start < end for start, end in title.spans)


def _sides(tokens: Sequence[Token]) -> set[str]:
    """The sides spoken of; a quadrant of the abdomen is none."""
    return {
        SIDES[token.text]
        for at, token in enumerate(tokens)
        if token.text in SIDES
        and is_side(tokens, at)
        and not _QUADRANT.intersection(each.text for each in tokens[at + 1 : at + 3])
    }


def _wrong_person(question: Question) -> Iterator[Advisory]:
    """The first words that speak of another sex, and of another age."""
    text, people = question.text, [*_people(question.text)]
    if question.sex in _ORGANS:
        others = (each for each in people if (sex := _sex_of(each)) and (sex in _MALE) != (question.sex is Sex.MALE))
        if said := _organ(text, _ORGANS[question.sex]) or next(others, None):
            yield _advisory("sex", f"The patient is {question.sex}", matched(said))
    if question.age_years is not None:
        aged = (each for each in people if _years_off(each, question.age_years) > 1)
        if said := next(aged, None):
            yield _advisory("age", f"The patient is {question.age_years} years old", matched(said))


def _people(text: str) -> Iterator[re.Match[str]]:
    """Whoever the text gives an age, relatives left out."""
    found = _PERSON.finditer(text) if _AGED.search(text) else iter(())
    return (one for one in found if not _RELATIVE.search(text, max(0, one.start() - _LOOK_BACK), one.start()))


def _sex_of(person: re.Match[str]) -> str:
    return (person.group("sex") or person.group("sex2") or "").lower()


def _years_off(person: re.Match[str], age: int) -> int:
    """How far the age is from that of the patient; 0 where it is only written short ("46F")."""
    years = person.group("age") or person.group("age3")
    return abs(age - int(years)) if years else 0


def _organ(text: str, organs: re.Pattern[str]) -> re.Match[str] | None:
    return next((one for one in organs.finditer(text) if _is_own(text, one)), None)


def _is_own(text: str, organ: re.Match[str]) -> bool:
    """Whether the organ is said to be the patient's: not a relative's, and not one that does not apply."""
    if _RELATIVE.search(text, max(0, organ.start() - _LOOK_BACK), organ.start()):
        return False
    return _NOT_APPLICABLE.match(text, organ.end(), organ.end() + _LOOK_BACK) is None


def _wrong_exam(question: Question, parts: Sequence[Block], sentences: Sequence[Sentence]) -> Iterator[Advisory]:
    """Title or content are of another modality or another part of the body than the order."""
    title = _own_title(question.text, parts)
    named = {name for name, pattern in _MODALITIES.items() if pattern.search(title.text)}
    ordered = question.modality.upper()
    ordered = _FAMILIES.get(ordered, ordered)
    quotes = title.quotes(question.text)
    if ordered in _MODALITIES and named and ordered not in named:
        yield _advisory("procedure", f"Ordered {ordered}, titled {' '.join(sorted(named))}", *quotes)
        return
    wanted = regions(f"{question.procedure} {question.body_site}")
    said = regions(title.text)
    if wanted and said and not (widened(wanted) & widened(said)):
        yield _advisory("procedure", "The report's title names another part of the body than the order", *quotes)
        return
    spoken_of = _other_levels(question, sentences) if "spine" in wanted else None
    strange = spoken_of or _strange(question.text, sentences, wanted)
    if strange:
        yield _advisory("procedure", "The report speaks of another part of the body than the order", strange)


def _own_title(text: str, parts: Sequence[Block]) -> Title:
    """The report's title; a first line that tells of another exam or of the past is none."""
    title = title_of(text, parts)
    told = [part for part in parts if part.kind in _OF_ANOTHER]
    own = all(not any(part.start < end and start < part.end for part in told) for start, end in title.spans)
    return title if own else Title("", (), ())


def _strange(text: str, sentences: Sequence[Sentence], wanted: frozenset[str]) -> Quote | None:
    """The first of several sentences that are all of a cavity that was not ordered.

    Only cavities: a report of a hip may speak of the spine, and none of a head speaks of the liver alone.
    """
    ordered = widened(wanted) & _CAVITIES
    if not ordered or "spine" in wanted:
        return None
    body = (each for each in sentences if each.kind in BODY)
    placed = [(each, cavities) for each in body if (cavities := _cavities(each))]
    if len(placed) < _ENOUGH or any(cavities & ordered for _, cavities in placed):
        return None
    return quote(text, placed[0][0])


def _other_levels(question: Question, sentences: Sequence[Sentence]) -> Quote | None:
    """The first sentence on a level, where all are of a part of the spine that was not ordered: "C3-4" of a lumbar."""
    words = f"{question.procedure} {question.body_site}"
    ordered = {part for part, pattern in _SPINE.items() if pattern.search(words)}
    if not ordered or _WHOLE_SPINE.search(words):
        return None
    told = [
        (each, word[0].upper())
        for each in sentences
        if each.kind in BODY
        for word in (*each.context, *(part for token in each.tokens for part in token.canon))
        if is_level(word)
    ]
    strange = len({each.number for each, _ in told}) >= _ENOUGH and {part for _, part in told}.isdisjoint(ordered)
    return quote(question.text, told[0][0]) if strange else None


def _cavities(sentence: Sentence) -> set[str]:
    words = {part for token in sentence.tokens for part in token.canon}
    return widened(words & ANATOMY) & _CAVITIES


def _changed(text: str, sentences: Sequence[Sentence]) -> Iterator[Advisory]:
    """It says that it changes what an earlier reading told."""
    if found := changing(text, sentences):
        yield _advisory("preliminary_vs_final", "The report changes an earlier reading", quote(text, found))

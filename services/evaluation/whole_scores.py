"""One report's answer over its whole catalogue against its labels: what is counted, and each mistake."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from integration.canonical import Side, Status
from services.evaluation.whole_dataset import GoldAdvisory, GoldSuggestion, WholeReport
from services.reading.rules.follow_up import modality_of

ADVISORIES = {"critical_result": "critical", "follow_up": "follow_up", "discrepancy": "discrepancy", "score": "score"}
_TYPES = {"findings_impression": "findings_vs_impression", "order": "procedure"}
_TEENS = "one two three four five six seven eight nine ten eleven twelve"
_NUMBERS = {word: str(number) for number, word in enumerate(_TEENS.split(), start=1)} | {"eighteen": "18"}
# Two names of one scale.
_SCALES: tuple[tuple[str, str], ...] = (
    ("ROTTERDAMCT", "ROTTERDAM"),
    *(("KELLGRENLAWRENCE", "KL"), ("KELLGRENANDLAWRENCE", "KL"), ("CTSEVERITYINDEX", "CTSI"), ("MODIFIEDCTSI", "CTSI")),
    *(("MCTSI", "CTSI"), ("SCHELTENSMTA", "MTA"), ("SCHELTENS", "MTA"), ("CALCIUM", "AGATSTON"), ("ACRBI", "BI")),
)
# "Type 2 Modic", "grade IV (modified Fisher)".
_GRADE_FIRST = re.compile(r"\A(?:GRADE|TYPE|STAGE|CLASS)\s+(\S+)\s+\(?(?:ON |BY )?(?:THE )?([A-Z][\w -]*)\)?\Z")
_EMPTY = frozenset(
    ("in", "at", "within", "after", "a", "the", "about", "approximately", "every", "preferably", "ideally", "another")
)
# How soon, where, after what or if: words beside an interval, which hands write into it or leave out.
_BESIDE = re.compile(
    r"(?:on an? )?(?:(?:non-?\s?)?(?:urgent|emergent|emergency|elective)(?:ly)?|immediate(?:ly)?|stat|now|asap)"
    r"(?: basis)?"
    r"|as (?:an )?(?:(?:out|in)-?\s?patient|op|ip)|(?:if|when|once|unless|until|before|prior to|after|following|on|at)"
    r" [a-z][a-z/ -]*",
    re.IGNORECASE,
)
_UNIT = re.compile(r"(?:hour|hr|day|week|month|year)s?\b", re.IGNORECASE)
# "After 3 months OF ANTICOAGULATION".
_OF_THEM = re.compile(r"(\b(?:days?|weeks?|months?|years?)) of [a-z][a-z -]*\Z", re.IGNORECASE)
_UNITS = ((r"\b(?:wks?|weeks?)\b", "week"), (r"\b(?:mos?|mths?|months?)\b", "month"), (r"\b(?:yrs?|years?)\b", "year"))


class Mistake(NamedTuple):
    """What went wrong: its kind, the finding or kind of advisory, what was said and what the label wants."""

    kind: str
    about: str
    said: str
    wanted: str
    quote: str


class Claim(NamedTuple):
    """A finding suggested with one status, its sides joined."""

    side: Side | None
    critical: bool
    quote: str


@dataclass
class Tally:
    """Counts of one report by name (`right`, `wrong`, `wanted`, …), and its mistakes."""

    counts: Counter[str] = field(default_factory=Counter)
    mistakes: list[Mistake] = field(default_factory=list)

    def miss(self, kind: str, about: str, said: str, wanted: str, quote: str) -> None:
        """Notes a mistake; `counts[kind]` holds their number."""
        self.counts[kind] += 1
        self.mistakes.append(Mistake(kind, about, said, wanted, " ".join(quote.split())))


def tally(report: WholeReport, answer: Mapping[str, Any], asked: Collection[str]) -> Tally:
    """Counts what is shown of the findings asked; a suggestion that is folded away was not made."""
    found = Tally(Counter(reports=1))
    report = _asked_of(report, asked)
    _suggestions(found, report, answer)
    found.counts["clean"] = int(not found.counts["wrong"] and not found.counts["wrong_side"])
    _advisories(found, report, answer)
    return found


def _asked_of(report: WholeReport, asked: Collection[str]) -> WholeReport:
    """The report without labels of findings that the exam's catalogue does not ask."""
    gold = report.gold
    kept = {
        "suggestions": tuple(each for each in gold.suggestions if each.finding in asked),
        "advisories": tuple(each for each in gold.advisories if not each.finding or each.finding in asked),
    }
    return report.model_copy(update={"gold": gold.model_copy(update=kept)})


def _suggestions(found: Tally, report: WholeReport, answer: Mapping[str, Any]) -> None:
    gold = _joined(map(_labelled, report.gold.suggestions))
    said = _joined(map(_claim, (each for each in answer["suggestions"] if each["shown"])))
    wanted = dict(gold.keys())
    for key, claim in said.items():
        if key in gold:
            _right(found, key, claim, gold[key])
        elif key[0] in report.gold.tolerated and key[0] not in wanted:
            found.counts["tolerated"] += 1
        else:
            found.miss("wrong", key[0], key[1].value, wanted.get(key[0], "nothing"), claim.quote)
            found.counts["wrong_critical"] += claim.critical
    for key, claim in gold.items():
        found.counts["wanted"] += 1
        found.counts["wanted_critical"] += claim.critical
        if key not in said:
            other = next((status.value for finding, status in said if finding == key[0]), "nothing")
            found.miss("missed", key[0], other, key[1].value, claim.quote)


def _right(found: Tally, key: tuple[str, Status], said: Claim, gold: Claim) -> None:
    found.counts["right"] += 1
    found.counts["found_critical"] += gold.critical
    if gold.side or said.side:
        found.counts["sided"] += 1
        if gold.side != said.side:
            found.miss("wrong_side", key[0], str(said.side), str(gold.side), said.quote)


def _labelled(each: GoldSuggestion) -> tuple[str, Status, Claim]:
    return each.finding, each.status, Claim(each.side, each.critical, each.quote)


def _claim(each: Mapping[str, Any]) -> tuple[str, Status, Claim]:
    side = Side(each["side"]) if each["side"] else None
    return each["finding"], Status(each["status"]), Claim(side, each["critical"], next(iter(each["evidence"]), ""))


def _joined(claims: Iterable[tuple[str, Status, Claim]]) -> dict[tuple[str, Status], Claim]:
    """One claim a finding and status; of left and right, bilateral."""
    result: dict[tuple[str, Status], Claim] = {}
    for finding, status, claim in claims:
        known = result.get((finding, status), claim)
        side = _both(known.side, claim.side)
        result[finding, status] = Claim(side, known.critical or claim.critical, known.quote)
    return result


def _both(first: Side | None, second: Side | None) -> Side | None:
    return first if second in (None, first) else second if first is None else Side.BILATERAL


def _advisories(found: Tally, report: WholeReport, answer: Mapping[str, Any]) -> None:
    wanted = list(map(_wanted, report.gold.advisories))
    others: list[_Said] = []
    for each in _said(answer):
        found.counts[f"{each.kind}_said"] += 1
        if (each.kind, each.said) in wanted:
            wanted.remove((each.kind, each.said))
            found.counts[f"{each.kind}_right"] += 1
            _take_alternatives(found, each, wanted)
        else:
            others.append(each)
    events = {each.finding for each in report.gold.suggestions if each.critical}
    for each in others:
        if lead := _other_wording(each, wanted, events):
            wanted.remove(lead)
            found.counts[f"{each.kind}_right"] += 1
            _take_alternatives(found, each, wanted)
        else:
            found.miss(f"{each.kind}_wrong", each.kind, each.said, "", each.quote)
    named = _named_beside(answer)
    for kind, missed in wanted:
        if kind == "critical" and missed in named:
            found.counts["critical_found"] += 1
        else:
            found.miss(f"{kind}_missed", kind, "", missed, "")
    for label in report.gold.advisories:
        found.counts[f"{label.kind}_wanted"] += 1
    for kind in ADVISORIES.values():
        found.counts[f"{kind}_found"] += found.counts[f"{kind}_right"]


def _other_wording(said: _Said, wanted: list[tuple[str, str]], events: Collection[str]) -> tuple[str, str] | None:
    """The label that says the same in other words."""
    match said.kind:
        case "critical":
            return _other_lead(said.said, wanted, events)
        case "follow_up":
            return next((each for each in wanted if each[0] == said.kind and _same_request(said, each[1])), None)
        case _:
            return _other_name(said.kind, said.said, wanted)


def _same_request(said: _Said, label: str) -> bool:
    """Whether it asks for the exam of the label, or for either of two of which the label names one, at that time.

    What one of them says beside the time ("urgently", "if pain persists") and the other does not is no other request.
    """
    wanted, when = label.split(" ", 1)
    own = {one.split(" ", 1)[0] for one in (said.said, *said.either)}
    interval = said.said.split(" ", 1)[1]
    beside = "" in (interval, when) and (interval or when).startswith("~")
    return wanted in own and (interval == when or beside)


def _take_alternatives(found: Tally, said: _Said, wanted: list[tuple[str, str]]) -> None:
    """Counts as found the other exams of one request ("CT or MRI"), where a label stands for each."""
    for other in said.either:
        if label := next((each for each in wanted if each == (said.kind, other)), None):
            wanted.remove(label)
            found.counts["follow_up_found"] += 1


def _named_beside(answer: Mapping[str, Any]) -> frozenset[str]:
    """What the alarms name besides the finding that leads, with whether somebody was told: one event has one alarm."""
    alarms = [each["detail"] for each in answer["advisories"] if each["kind"] == "critical_result"]
    return frozenset(
        f"{finding} {detail.get('communicated', '')}"
        for detail in alarms
        for finding in detail.get("also", "").split(", ")
    )


def _other_lead(said: str, wanted: list[tuple[str, str]], events: Collection[str]) -> tuple[str, str] | None:
    """The alarm of the same event under another of its critical findings: one event has one alarm."""
    finding, _, told = said.partition(" ")
    if finding not in events:
        return None
    return next((each for each in wanted if each[0] == "critical" and each[1].endswith(f" {told}")), None)


def _other_name(kind: str, said: str, wanted: list[tuple[str, str]]) -> tuple[str, str] | None:
    """The side on which findings and impression contradict each other, under the name that other hands gave it."""
    other = (kind, "findings_vs_impression")
    return other if (kind, said) == ("discrepancy", "laterality") and other in wanted else None


class _Said(NamedTuple):
    """A remark in the words of the labels. `either`: the other exams of which one will do."""

    kind: str
    said: str
    quote: str
    either: tuple[str, ...] = ()


def _said(answer: Mapping[str, Any]) -> Iterator[_Said]:
    for each in answer["advisories"]:
        kind = ADVISORIES.get(each["kind"])
        detail = each["detail"]
        quote = (each["evidence"] or [""])[0]
        match kind:
            case "critical":
                yield _Said(kind, f"{detail.get('finding', '')} {detail.get('communicated', '')}", quote)
            case "follow_up":
                asked = (detail.get("modality", ""), *filter(None, detail.get("or", "").split(", ")))
                first, *others = (f"{_modality(name)} {_interval(detail.get('interval', ''))}" for name in asked)
                yield _Said(kind, first, quote, tuple(others))
            case "discrepancy":
                yield _Said(kind, _TYPES.get(detail.get("type", ""), detail.get("type", "")), quote)
            case "score":
                yield _Said(kind, _score(f"{detail.get('scale', '')} {detail.get('value', '')}"), quote)


def _wanted(gold: GoldAdvisory) -> tuple[str, str]:
    match gold.kind:
        case "critical":
            return gold.kind, f"{gold.finding} {gold.communicated}"
        case "follow_up":
            return gold.kind, f"{_modality(gold.modality)} {_interval(gold.interval)}"
        case "discrepancy":
            return gold.kind, gold.type
        case _:
            return gold.kind, _score(gold.value)


def _modality(words: str) -> str:
    """One word for each kind of exam, however it is written; what is none of them as it stands."""
    return modality_of(words) or words.strip().upper()


def _interval(words: str) -> str:
    """ "in 3-6 months", "three to six mos": the same numbers of the same unit; "~" before what gives no time."""
    words = _OF_THEM.sub(r"\1", words)
    text = re.sub(r"[\s–-]*\bto\b[\s–-]*|\s*[–-]\s*", " ", words.lower())
    for pattern, unit in _UNITS:
        text = re.sub(pattern, unit, text)
    kept = [_NUMBERS.get(word, word) for word in re.findall(r"[a-z]+|\d+", text)]
    beside = "~" if _BESIDE.fullmatch(words.strip()) and not _UNIT.search(words) else ""
    return beside + " ".join(word.removesuffix("s") for word in kept if word not in _EMPTY)


def _score(value: str) -> str:
    """ "BI-RADS category 4", "BI-RADS 4", "LR-4" and "LI-RADS LR-4": letters and figures that tell them apart."""
    value = _GRADE_FIRST.sub(r"\2 \1", value.upper().strip())
    letters = re.sub(r"[^A-Z0-9]|CATEGORY|ASSESSMENT|SCORE|GRADE|MRI|TYPE|VISUALI[SZ]ATION|\bUS\b(?= ?\d)", "", value)
    for written, short in _SCALES:
        letters = letters.replace(written, short)
    return (
        re.sub(r"\A(?:LIRADS)?(?=LR|US\d)|\A(?:TIRADS)?(?=TR\d)", "", letters)
        .replace("LIRADS", "LR")
        .replace("TIRADS", "TR")
    )

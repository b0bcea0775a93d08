"""The rules engine as a Reader."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from integration.canonical import Advisory, AdvisoryKind, Engine, Quote, SectionKind, Side, Status, Verdict
from services.reading.grades import holds
from services.reading.injection import flag, flagged
from services.reading.reader import Catalogue, Question, Reading, Usage
from services.reading.rules.advisories import advise
from services.reading.rules.critical import noted
from services.reading.rules.critical_finding import Found
from services.reading.rules.discrepancies import discrepancies
from services.reading.rules.echoes import with_echoes
from services.reading.rules.evidence import change_of, deciding, quotes
from services.reading.rules.exam import Exam, exam_of, is_title
from services.reading.rules.grading import behind_children, grades_of, is_unassessed
from services.reading.rules.headings import Block
from services.reading.rules.language import foreign
from services.reading.rules.lent_sides import lends_last, with_lent_sides
from services.reading.rules.mentions import NAMED_BY_SIZE, Mention, mentions, taken_back, without_exams_side
from services.reading.rules.mimics import without_mimics
from services.reading.rules.normal import may_call_normal, normal_mentions
from services.reading.rules.openings import holding
from services.reading.rules.position import position_mentions
from services.reading.rules.references import learnt, with_references
from services.reading.rules.relative_sides import told_before, with_sides
from services.reading.rules.remainder import Remainder, sections_of, without
from services.reading.rules.resolve import SILENT, Decision, decide
from services.reading.rules.scope import parse
from services.reading.rules.sections import blocks
from services.reading.rules.sentences import Sentence, sentences
from services.reading.rules.short_forms import resolved
from services.reading.rules.silence import UNMENTIONED, silence
from services.reading.rules.targets import Target, Targets, compile_catalogue
from services.reading.rules.topics import Topic, topic_of

VERSION = "4"
_SUGGESTED = frozenset({Status.PRESENT, Status.UNCERTAIN})
# Tokens of a sentence that are read together.
_LONGEST = 300
_SAID = {
    Status.PRESENT: "The report asserts it.",
    Status.ABSENT: "The report denies it.",
    Status.UNCERTAIN: "The report leaves it open.",
}


class RulesReader:
    """Answers by rules alone: same question, same answer; no network, no model, no randomness.

    Suggestions of a grade whose precision is below `threshold` are not shown.
    """

    def __init__(self, threshold: float = 0.9) -> None:
        self._threshold = threshold

    @property
    def engine(self) -> Engine:
        """Name "rules" and the version of the rules."""
        return Engine(name="rules", version=VERSION)

    def _engine_on(self, catalogue: Catalogue) -> Engine:
        return self.engine.model_copy(update={"catalogue": catalogue.id, "catalogue_version": catalogue.version})

    def read(self, question: Question) -> Reading:
        """Decide every candidate of the question. Never raises for any text."""
        began = time.perf_counter()
        suspicious, kept, inner, parts, said, unread, targets, every, decisions = interpret(question)
        grades = grades_of(targets, decisions, every)
        hidden = behind_children(targets, decisions, [self._holds(each) for each in grades])
        verdicts = tuple(
            self._verdict(kept.text, target, decision, grade, number in hidden or is_unassessed(decision))
            for number, (target, decision, grade) in enumerate(zip(targets.targets, decisions, grades, strict=True))
        )
        found = _critical(targets, decisions, verdicts, every)
        calmed = noted(inner.text, said, found)
        verdicts = tuple(calmed.get(each.finding.id, each) for each in verdicts) if calmed else verdicts
        remarks = [] if unread else [*advise(inner, said, found), *discrepancies(inner, parts, said, verdicts)]
        return Reading(
            engine=self._engine_on(question.catalogue),
            verdicts=tuple(_verdict_in(question.text, kept, verdict) for verdict in verdicts)
            if suspicious
            else verdicts,
            advisories=(*_warnings(question.text), *(_advisory_in(question.text, kept, each) for each in remarks)),
            flagged=suspicious,
            unread=unread,
            usage=Usage(seconds=time.perf_counter() - began),
        )

    def _verdict(self, text: str, target: Target, decision: Decision, grade: str, hidden: bool) -> Verdict:
        """The verdict, with its grade, "" where it is no suggestion; `hidden`: it tells a reviewer nothing."""
        if decision.status is Status.NOT_MENTIONED:
            return target.silence if decision.rule == UNMENTIONED else silence(target.candidate.finding, decision.rule)
        return Verdict(
            finding=target.candidate.finding,
            status=decision.status,
            side=_side(target, decision),
            change=change_of(decision),
            quotes=quotes(text, decision),
            rationale=_SAID[decision.status],
            rule=_placed(decision.rule, deciding(text, decision)),
            conflict=decision.conflict,
            grade=grade,
            shown=not grade or (not hidden and self._holds(grade)),
        )

    def _holds(self, grade: str) -> bool:
        return holds(grade, self._threshold)


class Interpretation(NamedTuple):
    """What the rules made of a report, step by step; offsets from `inner` on are into the text `kept`."""

    suspicious: tuple[Quote, ...]
    kept: Remainder
    inner: Question
    parts: list[Block]
    said: list[Sentence]
    unread: str
    targets: Targets
    mentions: list[Mention]
    decisions: list[Decision]


def interpret(question: Question) -> Interpretation:
    """From the text to a decision for each candidate."""
    suspicious = flag(question.text)
    kept = without(question.text, suspicious)
    unread = foreign(kept.text)
    targets = compile_catalogue(question.catalogue)
    inner = question.model_copy(update={"text": kept.text, "sections": sections_of(kept, question.sections)})
    parts = blocks(inner.text, inner.sections)
    said = [] if unread else sentences(inner.text, parts)
    exam = exam_of(inner, parts)
    found = without_exams_side(_mentions(_below_title(inner.text, said), targets, exam), exam)
    return Interpretation(suspicious, kept, inner, parts, said, unread, targets, found, decide(targets, found))


def _critical(
    targets: Targets, decisions: Sequence[Decision], verdicts: Sequence[Verdict], mentions: Sequence[Mention]
) -> list[Found]:
    """The critical findings that the report asserts or leaves open."""
    triples = zip(targets.targets, decisions, verdicts, strict=True)
    return [
        Found(verdict, target.candidate, decision.mentions, _before_addendum(number, decision, mentions))
        for number, (target, decision, verdict) in enumerate(triples)
        if verdict.finding.critical and verdict.status in _SUGGESTED
    ]


def _before_addendum(number: int, decision: Decision, mentions: Sequence[Mention]) -> tuple[Mention, ...]:
    """What the report asserted of a target that its addendum decides."""
    if not decision.rule.startswith("addendum/"):
        return ()
    own = (each for each in mentions if each.target == number and each.status is Status.PRESENT)
    return tuple(each for each in own if each.sentence.kind is not SectionKind.ADDENDUM)


def _below_title(text: str, said: list[Sentence]) -> list[Sentence]:
    """Without a first line in capitals that names the exam ("CT HEAD FOR TUMOR"), where more follows."""
    if len(said) < 2 or not is_title(said[0].tokens):
        return said
    line = text[said[0].start : said[0].end]
    return said[1:] if line.isupper() and text[said[0].end : said[0].end + 1] == "\n" else said


def _mentions(said: Sequence[Sentence], targets: Targets, exam: Exam) -> list[Mention]:
    found: list[Mention] = []
    topic = Topic()
    paragraph = 0
    last: list[Mention] = []
    known: dict[str, Side | None] = {}
    told, in_turn = told_before(said, exam.side), lends_last(exam)
    for sentence in chain.from_iterable(map(pieces, said)):
        if sentence.kind not in SILENT and not sentence.blank:
            if sentence.paragraph != paragraph:
                topic, last = Topic(), []
            spelled, told = with_sides(_spelled(sentence, targets), told, known)
            own = with_echoes(spelled, taken_back(_mentioned(spelled, targets, exam, topic)), last)
            own = with_lent_sides(with_references(own, known), targets.targets, told.last if in_turn else None)
            learnt(spelled, known)
            found += own
            last = own or last
            topic, paragraph = holding(spelled, topic_of(spelled, topic), topic), sentence.paragraph
    return found


def pieces(sentence: Sentence) -> Iterator[Sentence]:
    """The sentence, or pieces of it that take bounded time each: no sentence of a report is so long."""
    tokens = sentence.tokens
    if len(tokens) <= _LONGEST:
        yield sentence
        return
    for start in range(0, len(tokens), _LONGEST):
        own = tokens[start : start + _LONGEST]
        label = sentence.label if start == 0 else 0
        yield sentence._replace(start=own[0].start, end=own[-1].end, tokens=own, label=min(label, len(own)))


def _mentioned(sentence: Sentence, targets: Targets, exam: Exam, topic: Topic) -> list[Mention]:
    """What one sentence says; one that neither names a finding nor calls anything normal is not taken apart."""
    said = set(chain.from_iterable([token.canon for token in sentence.tokens]))
    names = not NAMED_BY_SIZE.isdisjoint(said) or not targets.by_head.keys().isdisjoint(said)
    normal = may_call_normal(sentence)
    if not names and not normal and not targets.positions:
        return []
    parsed = parse(sentence)
    found = without_mimics(parsed, mentions(parsed, targets, exam, topic)) if names else []
    found += position_mentions(parsed, targets)
    return found + normal_mentions(parsed, targets, exam) if normal else found


def _warnings(report: str) -> tuple[Advisory, ...]:
    message = "Text addressed to the reader of the report"
    return tuple(
        Advisory(kind=AdvisoryKind.INJECTION, message=message, quotes=(quote,), detail={"pattern": name})
        for quote, name in flagged(report)
    )


def _spelled(sentence: Sentence, targets: Targets) -> Sentence:
    tokens = resolved(targets.speller.all_spelled(sentence.tokens))
    return sentence if tokens is sentence.tokens else sentence._replace(tokens=tokens)


def _placed(rule: str, span: tuple[int, int] | None) -> str:
    """The rule with the span that decided."""
    return f"{rule}@{span[0]}-{span[1]}" if span else rule


def _side(target: Target, decision: Decision) -> Side | None:
    if target.side:
        return target.side
    if not target.candidate.sides:
        return None
    if decision.rule == "conflict/side":
        return Side.BILATERAL
    sides = {mention.side for mention in decision.mentions if mention.side} | decision.sides
    if len(sides) > 1:
        return Side.BILATERAL
    told = sides or decision.beside or {each.lent_side for each in decision.mentions if each.lent_side}
    return next(iter(told)) if len(told) == 1 else Side.BILATERAL if told else None


def _verdict_in(report: str, kept: Remainder, verdict: Verdict) -> Verdict:
    """The verdict with offsets into the report as received, its rule with the span that decided."""
    if not verdict.quotes:
        return verdict
    name, _, decided = verdict.rule.partition("@")
    start, end = kept.original(*map(int, decided.split("-")))
    return verdict.model_copy(
        update={"quotes": _in_report(report, kept, verdict.quotes), "rule": f"{name}@{start}-{end}"}
    )


def _advisory_in(report: str, kept: Remainder, advisory: Advisory) -> Advisory:
    return advisory.model_copy(update={"quotes": _in_report(report, kept, advisory.quotes)})


def _in_report(report: str, kept: Remainder, found: tuple[Quote, ...]) -> tuple[Quote, ...]:
    spans = [kept.original(quote.start, quote.end) for quote in found]
    return tuple(Quote(text=report[start:end], start=start, end=end) for start, end in spans)

"""The rules engine as a Reader."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import chain

from integration.canonical import Advisory, AdvisoryKind, Engine, Quote, Side, Status, Verdict
from services.reading.injection import flag, flagged
from services.reading.reader import Catalogue, Question, Reading, Usage
from services.reading.rules.advisories import advise
from services.reading.rules.discrepancies import discrepancies
from services.reading.rules.evidence import change_of, quotes
from services.reading.rules.exam import Exam, exam_of, is_title
from services.reading.rules.fit import topic_of
from services.reading.rules.language import foreign
from services.reading.rules.mentions import Mention, mentions
from services.reading.rules.normal import may_call_normal, normal_mentions
from services.reading.rules.remainder import Remainder, sections_of, without
from services.reading.rules.resolve import SILENT, Decision, decide
from services.reading.rules.scope import parse
from services.reading.rules.sections import blocks
from services.reading.rules.sentences import Sentence, sentences
from services.reading.rules.silence import UNMENTIONED, silence
from services.reading.rules.targets import Target, Targets, compile_catalogue

VERSION = "3"
_SAID = {
    Status.PRESENT: "The report asserts it.",
    Status.ABSENT: "The report denies it.",
    Status.UNCERTAIN: "The report leaves it open.",
}


class RulesReader:
    """Answers by rules alone: same question, same answer; no network, no model, no randomness."""

    @property
    def engine(self) -> Engine:
        """Name "rules" and the version of the rules."""
        return Engine(name="rules", version=VERSION)

    def _engine_on(self, catalogue: Catalogue) -> Engine:
        return self.engine.model_copy(update={"catalogue": catalogue.id, "catalogue_version": catalogue.version})

    def read(self, question: Question) -> Reading:
        """Decide every candidate of the question. Never raises for any text."""
        began = time.perf_counter()
        suspicious = flag(question.text)
        kept = without(question.text, suspicious)
        unread = foreign(kept.text)
        targets = compile_catalogue(question.catalogue)
        inner = question.model_copy(update={"text": kept.text, "sections": sections_of(kept, question.sections)})
        parts = blocks(inner.text, inner.sections)
        said = [] if unread else sentences(inner.text, parts)
        telling = _below_title(inner.text, said)
        decisions = decide(targets, _mentions(telling, targets, exam_of(inner, parts)))
        pairs = zip(targets.targets, decisions, strict=True)
        verdicts = tuple(_verdict(kept.text, target, decision) for target, decision in pairs)
        remarks = [] if unread else [*advise(kept.text, said, verdicts), *discrepancies(inner, parts, said, verdicts)]
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


def _below_title(text: str, said: list[Sentence]) -> list[Sentence]:
    """Without a first line in capitals that names the exam ("CT HEAD FOR TUMOR"), where more follows."""
    if len(said) < 2 or not is_title(said[0].tokens):
        return said
    line = text[said[0].start : said[0].end]
    return said[1:] if line.isupper() and text[said[0].end : said[0].end + 1] == "\n" else said


def _mentions(said: Sequence[Sentence], targets: Targets, exam: Exam) -> list[Mention]:
    found: list[Mention] = []
    topic: frozenset[str] = frozenset()
    paragraph = 0
    for sentence in said:
        if sentence.kind not in SILENT and not sentence.blank:
            topic = topic if sentence.paragraph == paragraph else frozenset()
            spelled = _spelled(sentence, targets)
            found += _mentioned(spelled, targets, exam, topic)
            topic, paragraph = topic_of(spelled) or topic, sentence.paragraph
    return found


def _mentioned(sentence: Sentence, targets: Targets, exam: Exam, topic: frozenset[str]) -> list[Mention]:
    """What one sentence says; one that neither names a finding nor calls anything normal is not taken apart."""
    names = not targets.by_head.keys().isdisjoint(chain.from_iterable([token.canon for token in sentence.tokens]))
    normal = may_call_normal(sentence)
    if not names and not normal:
        return []
    parsed = parse(sentence)
    found = mentions(parsed, targets, exam, topic) if names else []
    return found + normal_mentions(parsed, targets, exam) if normal else found


def _warnings(report: str) -> tuple[Advisory, ...]:
    message = "Text addressed to the reader of the report"
    return tuple(
        Advisory(kind=AdvisoryKind.INJECTION, message=message, quotes=(quote,), detail={"pattern": name})
        for quote, name in flagged(report)
    )


def _spelled(sentence: Sentence, targets: Targets) -> Sentence:
    tokens = targets.speller.all_spelled(sentence.tokens)
    return sentence if tokens is sentence.tokens else sentence._replace(tokens=tokens)


def _verdict(text: str, target: Target, decision: Decision) -> Verdict:
    if decision.status is Status.NOT_MENTIONED:
        return target.silence if decision.rule == UNMENTIONED else silence(target.candidate.finding, decision.rule)
    found = quotes(text, decision)
    return Verdict(
        finding=target.candidate.finding,
        status=decision.status,
        side=_side(target, decision),
        change=change_of(decision),
        quotes=found,
        rationale=_SAID[decision.status],
        rule=_placed(decision.rule, found),
        conflict=decision.conflict,
    )


def _placed(rule: str, found: tuple[Quote, ...]) -> str:
    """The rule with the span that decided."""
    return f"{rule}@{found[0].start}-{found[0].end}" if found else rule


def _side(target: Target, decision: Decision) -> Side | None:
    if target.side:
        return target.side
    if not target.candidate.sides:
        return None
    sides = {mention.side for mention in decision.mentions if mention.side}
    if len(sides) > 1:
        return Side.BILATERAL
    return next(iter(sides), None)


def _verdict_in(report: str, kept: Remainder, verdict: Verdict) -> Verdict:
    """The verdict with offsets into the report as received, its rule with the span that decided."""
    if not verdict.quotes:
        return verdict
    found = _in_report(report, kept, verdict.quotes)
    return verdict.model_copy(update={"quotes": found, "rule": _placed(verdict.rule.partition("@")[0], found)})


def _advisory_in(report: str, kept: Remainder, advisory: Advisory) -> Advisory:
    return advisory.model_copy(update={"quotes": _in_report(report, kept, advisory.quotes)})


def _in_report(report: str, kept: Remainder, found: tuple[Quote, ...]) -> tuple[Quote, ...]:
    spans = [kept.original(quote.start, quote.end) for quote in found]
    return tuple(Quote(text=report[start:end], start=start, end=end) for start, end in spans)

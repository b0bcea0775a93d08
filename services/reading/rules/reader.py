"""The rules engine as a Reader."""

from __future__ import annotations

import time

from integration.canonical import Engine, Quote, Side, Status, Verdict
from services.reading.injection import flag
from services.reading.reader import Question, Reading, Usage
from services.reading.rules.evidence import change_of, quotes
from services.reading.rules.exam import exam_of
from services.reading.rules.language import foreign
from services.reading.rules.mentions import Mention, mentions
from services.reading.rules.normal import normal_mentions
from services.reading.rules.remainder import Remainder, sections_of, without
from services.reading.rules.resolve import SILENT, Decision, decide
from services.reading.rules.scope import parse
from services.reading.rules.sections import blocks
from services.reading.rules.sentences import Sentence, sentences
from services.reading.rules.targets import Target, Targets, compile_catalogue

VERSION = "1"
_SAID = {
    Status.PRESENT: "The report asserts it",
    Status.ABSENT: "The report denies it",
    Status.UNCERTAIN: "The report leaves it open",
    Status.NOT_MENTIONED: "The report asserts nothing of it",
}


class RulesReader:
    """Answers by rules alone: same question, same answer; no network, no model, no randomness."""

    @property
    def engine(self) -> Engine:
        """Name "rules" and the version of the rules."""
        return Engine(name="rules", version=VERSION)

    def read(self, question: Question) -> Reading:
        """Decide every candidate of the question. Never raises for any text."""
        began = time.perf_counter()
        suspicious = flag(question.text)
        kept = without(question.text, suspicious)
        unread = foreign(kept.text)
        targets = compile_catalogue(question.catalogue)
        inner = question.model_copy(update={"text": kept.text, "sections": sections_of(kept, question.sections)})
        decisions = decide(targets, [] if unread else _mentions(inner, targets))
        pairs = zip(targets.targets, decisions, strict=True)
        return Reading(
            engine=self.engine,
            verdicts=tuple(_verdict(question.text, kept, target, decision) for target, decision in pairs),
            flagged=suspicious,
            unread=unread,
            usage=Usage(seconds=time.perf_counter() - began),
        )


def _mentions(question: Question, targets: Targets) -> list[Mention]:
    parts = blocks(question.text, question.sections)
    exam = exam_of(question, parts)
    found: list[Mention] = []
    for sentence in sentences(question.text, parts):
        if sentence.kind not in SILENT:
            parsed = parse(_spelled(sentence, targets))
            found += mentions(parsed, targets, exam)
            found += normal_mentions(parsed, targets, exam)
    return found


def _spelled(sentence: Sentence, targets: Targets) -> Sentence:
    return sentence._replace(tokens=tuple(map(targets.speller.spelled, sentence.tokens)))


def _verdict(report: str, kept: Remainder, target: Target, decision: Decision) -> Verdict:
    silent = decision.status is Status.NOT_MENTIONED
    return Verdict(
        finding=target.candidate.finding,
        status=decision.status,
        side=None if silent else _side(target, decision),
        change=None if silent else change_of(decision),
        quotes=() if silent else _in_report(report, kept, quotes(kept.text, decision)),
        rationale=f"{_SAID[decision.status]} ({decision.rule.replace('/', ', ')}).",
        rule=_rule(kept, decision),
        conflict=decision.conflict,
    )


def _side(target: Target, decision: Decision) -> Side | None:
    if target.side:
        return target.side
    if not target.candidate.sides:
        return None
    sides = {mention.side for mention in decision.mentions if mention.side}
    if len(sides) > 1:
        return Side.BILATERAL
    return next(iter(sides), None)


def _in_report(report: str, kept: Remainder, found: tuple[Quote, ...]) -> tuple[Quote, ...]:
    spans = [kept.original(quote.start, quote.end) for quote in found]
    return tuple(Quote(text=report[start:end], start=start, end=end) for start, end in spans)


def _rule(kept: Remainder, decision: Decision) -> str:
    """The rule's id with the offsets of the span that decided: "negated/phrase@120-134"."""
    if not decision.mentions:
        return decision.rule
    mention = decision.mentions[0]
    tokens = mention.sentence.tokens
    start, end = kept.original(tokens[mention.first].start, tokens[mention.last - 1].end)
    return f"{decision.rule}@{start}-{end}"

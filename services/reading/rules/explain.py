"""How the rules came to their verdicts: every statement of a report, and what became of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from integration.canonical import Record, Side, Status
from services.reading.reader import Question
from services.reading.rules.anatomy import ANATOMY, is_level
from services.reading.rules.evidence import change_of
from services.reading.rules.mentions import Mention
from services.reading.rules.reader import Interpretation, interpret
from services.reading.rules.resolve import SILENT, Decision
from services.reading.rules.sentences import Sentence

_TIMES = {"history": "history", "prior-study": "before", "hypothetical": "not yet", "resolved": "over"}


class Said(Record):
    """One statement: `what` in the report's words, `where` and `levels` from the same phrase, its `status` by itself.

    `by`: the rule that judged it and the words that decided; `time`: when, where it is not now, or how it changed;
    `finding`: the candidate it speaks of; `became`: that candidate's verdict; `counted`: whether that rests on it.
    """

    what: str
    where: str
    levels: str
    side: Side | None
    status: Status
    time: str
    by: str
    finding: str
    became: str
    counted: bool


class Explained(Record):
    """A sentence at [start, end) of the text read, the section it counts to, why it is silent, and its statements."""

    section: str
    start: int
    end: int
    text: str
    silent: str
    statements: tuple[Said, ...]


def explain(question: Question) -> Iterator[Explained]:
    """Every sentence in order, with its statements; a report that is not read has none."""
    found = interpret(question)
    by_sentence: dict[int, list[Mention]] = defaultdict(list)
    for mention in found.mentions:
        by_sentence[mention.sentence.number].append(mention)
    for sentence in found.said:
        yield Explained(
            section=sentence.kind.value,
            start=sentence.start,
            end=sentence.end,
            text=" ".join(found.inner.text[sentence.start : sentence.end].split()),
            silent=_silence(sentence),
            statements=tuple(_said(found, each) for each in by_sentence[sentence.number]),
        )


def _silence(sentence: Sentence) -> str:
    if sentence.blank:
        return "a field was left open"
    return f"{sentence.kind.value} asserts nothing" if sentence.kind in SILENT else ""


def _said(found: Interpretation, mention: Mention) -> Said:
    tokens = mention.sentence.tokens[mention.first : mention.last]
    decision = found.decisions[mention.target]
    return Said(
        what=" ".join(found.inner.text[tokens[0].start : tokens[-1].end].split()) if tokens else "",
        where=" ".join(dict.fromkeys(word for token in tokens for word in token.canon if word in ANATOMY)),
        levels=" ".join(token.text for token in mention.sentence.tokens if is_level(token.text)),
        side=mention.side,
        status=mention.status,
        time=_time(mention),
        by=_by(found, mention),
        finding=found.targets.targets[mention.target].candidate.finding.id,
        became=f"{decision.status.value} by {decision.rule}",
        counted=any(each is mention or each == mention for each in decision.mentions),
    )


def _time(mention: Mention) -> str:
    change = change_of(Decision(mention.status, (mention,)))
    kind = mention.rule.partition("/")[0]
    return _TIMES.get(kind, change.value if change else "")


def _by(found: Interpretation, mention: Mention) -> str:
    """The rule, and the words of the report that made it."""
    if mention.scope is None:
        return mention.rule
    hit = mention.scope.hit
    words = mention.sentence.tokens[hit.start : hit.end]
    said = found.inner.text[words[0].start : words[-1].end] if words else ""
    return f'{mention.rule} "{" ".join(said.split())}"' if said else mention.rule

"""Small labelled sets and answers, made to be counted by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from integration.canonical import Status
from services.engines import About
from services.evaluation.answers import Answered, Said
from services.evaluation.contestants import Contestant, Versions
from services.evaluation.dataset import Gold, Labelled, Origin
from services.evaluation.result import Result, result_of
from services.reading.reader import Failing, Usage
from services.reading.rules.reader import RulesReader

WORDS = {"p": Status.PRESENT, "a": Status.ABSENT, "u": Status.UNCERTAIN, "n": Status.NOT_MENTIONED}
AT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def item(number: int, gold: str, tags: tuple[str, ...] = (), catalogue: str = "chest_xray") -> Labelled:
    """A report with one candidate a letter: f0, f1, …"""
    names = tuple(f"f{place}" for place in range(len(gold)))
    labels = {name: Gold(status=WORDS[letter]) for name, letter in zip(names, gold, strict=True)}
    text = f"Report {number}."
    return Labelled(
        id=f"r{number}",
        text=text,
        candidates=names,
        gold=labels,
        tags=tags,
        catalogue=catalogue,
        origin=Origin.SYNTHETIC,
    )


def answer(said: str, usage: Usage | None = None, **more: object) -> Answered:
    """What was said, a letter a candidate, a capital for unsupported; "-" for no answer that could be parsed."""
    given = {"usage": usage or Usage(), "at": AT, **more}
    if said == "-":
        return Answered.model_validate({"failure": Failing.PARSE, **given})
    words = {
        f"f{place}": Said(status=WORDS[letter.lower()], unsupported=letter.isupper())
        for place, letter in enumerate(said)
    }
    return Answered.model_validate({"said": words, **given})


def contestant(name: str, about: About | None = None, **versions: object) -> Contestant:
    """An engine that is never asked: its answers are given."""
    known = {"engine": name, "package": "0", "code": "c0", **versions}
    return Contestant(name, RulesReader(), Versions.model_validate(known), about or About())


def result(
    golds: Sequence[str], said: Mapping[str, Sequence[str]], *, items: Sequence[Labelled] = (), **versions: object
) -> Result:
    """The result of engines that said these letters."""
    chosen = list(items) or [item(number, gold) for number, gold in enumerate(golds)]
    answers = {name: [answer(each) for each in own] for name, own in said.items()}
    return result_of("made", chosen, [contestant(name, **versions) for name in said], [answers], resamples=500)

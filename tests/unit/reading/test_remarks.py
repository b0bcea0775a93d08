"""What the rules remark on a report stands beside a model's verdicts too, each remark once."""

from __future__ import annotations

from integration.canonical import Advisory, AdvisoryKind, Engine, Quote
from services.reading.catalogue import load
from services.reading.reader import Question, Reading
from services.reading.remarks import with_remarks
from services.reading.rules.reader import RulesReader

TEXT = """FINDINGS: Large right pneumothorax. Solid 7 mm nodule, Lung-RADS 4A.
IMPRESSION: Large right pneumothorax, discussed with Dr. Hale at 14:10. Recommend CT in 3 months.
"""
RULES = RulesReader().read(Question(text=TEXT, catalogue=load().catalogues["chest_xray"]))


def reading(*advisories: Advisory) -> Reading:
    """A model's reading with no verdicts."""
    return Reading(engine=Engine(name="model", version="1"), verdicts=(), advisories=advisories)


def remark(kind: AdvisoryKind, words: str, **detail: str) -> Advisory:
    start = TEXT.index(words)
    quote = Quote(text=words, start=start, end=start + len(words))
    return Advisory(kind=kind, message=words, quotes=(quote,), detail=detail)


def test_a_model_that_remarks_nothing_gets_every_remark_of_the_rules() -> None:
    kinds = {each.kind for each in with_remarks(reading(), RULES).advisories}
    assert kinds == {AdvisoryKind.CRITICAL_RESULT, AdvisoryKind.FOLLOW_UP, AdvisoryKind.SCORE}


def test_what_both_remark_is_said_once_in_the_words_of_the_model() -> None:
    own = remark(AdvisoryKind.FOLLOW_UP, "Recommend CT in 3 months", modality="CT", interval="3 months")
    found = with_remarks(reading(own), RULES).advisories
    assert [each for each in found if each.kind is AdvisoryKind.FOLLOW_UP] == [own]


def test_a_score_the_model_wrote_otherwise_stays_beside_the_one_as_written() -> None:
    own = remark(AdvisoryKind.SCORE, "Lung-RADS 4A", scale="Lung-RADS", value="4B")
    values = [each.detail["value"] for each in with_remarks(reading(own), RULES).advisories if "value" in each.detail]
    assert values == ["4B", "4A"]


def test_the_verdicts_stay_the_models() -> None:
    assert with_remarks(reading(), RULES).verdicts == ()


def test_a_call_the_model_claims_and_the_report_does_not_tell_of_is_none() -> None:
    text = "IMPRESSION: Large right pneumothorax."
    rules = RulesReader().read(Question(text=text, catalogue=load().catalogues["chest_xray"]))
    start = text.index("Large")
    quote = Quote(text=text[start:], start=start, end=len(text))
    claimed = Advisory(kind=AdvisoryKind.CRITICAL_RESULT, message="", quotes=(quote,), detail={"communicated": "yes"})
    found = with_remarks(reading(claimed), rules).advisories
    assert [each.detail["communicated"] for each in found] == ["no"]


def test_the_rules_fill_in_what_the_model_left_open() -> None:
    own = remark(AdvisoryKind.FOLLOW_UP, "Recommend CT in 3 months", modality="chest CT", interval="")
    found = with_remarks(reading(own), RULES).advisories
    assert [each.detail for each in found if each.kind is AdvisoryKind.FOLLOW_UP] == [
        {"modality": "chest CT", "interval": "3 months"}
    ]

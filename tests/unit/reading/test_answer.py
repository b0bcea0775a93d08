"""The schema a model's answer is held to, and the way from its text to drafts."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.canonical import Change, Finding, Side, Status
from services.reading.answer import AnswerError, answer_schema, parse_answer
from services.reading.reader import Candidate

CANDIDATES = (
    Candidate(finding=Finding(id="effusion", name="Effusion"), sides=True),
    Candidate(finding=Finding(id="cardiomegaly", name="Cardiomegaly")),
)
SECRET = "Mrs Canary of 12 Yellow Street"


def finding(id_: str, status: str = "present", **more: Any) -> dict[str, Any]:
    said = {"id": id_, "quotes": ["a"], "status": status, "laterality": "none", "change": "none"}
    return said | more


def answer(*findings: dict[str, Any], **more: Any) -> dict[str, Any]:
    remarks: dict[str, Any] = {
        name: [] for name in ("critical_results", "follow_up", "discrepancies", "suspicious_instructions")
    }
    return {"findings": list(findings), **remarks, **more}


WHOLE = answer(finding("effusion", laterality="left", change="new"), finding("cardiomegaly", "absent"))


@pytest.mark.parametrize("grammar", [True, False])
def test_a_whole_answer_fits_the_schema(grammar: bool) -> None:
    schema = answer_schema(CANDIDATES, grammar=grammar)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(WHOLE, schema)


@pytest.mark.parametrize("grammar", [True, False])
@pytest.mark.parametrize(
    "wrong",
    [
        answer(finding("effusion"), finding("pneumothorax")),
        answer(finding("effusion", "maybe"), finding("cardiomegaly")),
        answer(finding("effusion", laterality="up"), finding("cardiomegaly")),
        answer(finding("effusion", certain=True), finding("cardiomegaly")),
    ],
)
def test_another_id_status_side_or_key_does_not_fit_the_schema(grammar: bool, wrong: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, answer_schema(CANDIDATES, grammar=grammar))


@pytest.mark.parametrize(
    "wrong",
    [
        answer(finding("cardiomegaly"), finding("effusion")),
        answer(finding("effusion")),
        answer(finding("effusion"), finding("cardiomegaly"), finding("effusion")),
        answer(finding("effusion", quotes=["a", "b", "c"]), finding("cardiomegaly")),
        answer(finding("effusion", quotes=["a" * 301]), finding("cardiomegaly")),
    ],
)
def test_under_a_grammar_order_completeness_and_lengths_are_part_of_the_schema(wrong: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, answer_schema(CANDIDATES, grammar=True))


def test_the_drafts_come_in_the_order_asked_whatever_the_order_given() -> None:
    drafts = parse_answer(json.dumps(WHOLE | {"findings": WHOLE["findings"][::-1]}), CANDIDATES).verdicts
    assert [draft.finding_id for draft in drafts] == ["effusion", "cardiomegaly"]
    assert (drafts[0].side, drafts[0].change) == (Side.LEFT, Change.NEW)
    assert (drafts[1].status, drafts[1].side) == (Status.ABSENT, None)


def test_a_side_of_a_finding_that_has_none_is_dropped() -> None:
    given_ = answer(finding("effusion"), finding("cardiomegaly", laterality="left"))
    assert parse_answer(json.dumps(given_), CANDIDATES).verdicts[1].side is None


def test_what_is_not_mentioned_keeps_neither_quote_nor_side() -> None:
    given_ = answer(finding("effusion", "not_mentioned", laterality="left"), finding("cardiomegaly"))
    draft = parse_answer(json.dumps(given_), CANDIDATES).verdicts[0]
    assert (draft.quotes, draft.side, draft.change) == ((), None, None)


def test_a_quote_longer_than_a_grammar_allows_points_at_nothing() -> None:
    long, short = "word " * 80, "Small left effusion."
    given_ = answer(finding("effusion", quotes=[long, short]), finding("cardiomegaly", quotes=[long]))
    drafts = parse_answer(json.dumps(given_), CANDIDATES).verdicts
    assert [draft.quotes for draft in drafts] == [(short,), ()]


def test_an_answer_in_a_code_fence_is_read() -> None:
    assert parse_answer(f"```json\n{json.dumps(WHOLE)}\n```\n", CANDIDATES).verdicts


def test_remarks_carry_their_quote_and_their_detail() -> None:
    given_ = WHOLE | {
        "critical_results": [{"quote": "q1", "communicated": True}],
        "follow_up": [{"quote": "q2", "modality": "CT", "interval": "3 months"}],
        "discrepancies": [{"type": "laterality", "quote": "q3"}],
        "suspicious_instructions": [{"quote": "q4"}],
    }
    remarks = parse_answer(json.dumps(given_), CANDIDATES).remarks
    assert [(one.kind, one.quote, one.detail) for one in remarks] == [
        ("critical_result", "q1", {"communicated": "yes"}),
        ("follow_up", "q2", {"modality": "CT", "interval": "3 months"}),
        ("discrepancy", "q3", {"type": "laterality"}),
        ("injection", "q4", {"pattern": "model"}),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "not JSON"),
        (f"{SECRET} has no effusion.", "not JSON"),
        (f'"{SECRET}"', "model_type"),
        (json.dumps({SECRET: 1}), "findings: missing"),
        (json.dumps(answer(finding("effusion", SECRET), finding("cardiomegaly"))), "findings.0.status: enum"),
        (json.dumps(answer(finding(SECRET), finding("effusion"), finding("cardiomegaly"))), "not asked"),
        (json.dumps(answer(finding("effusion"), finding("effusion"))), "given twice ['effusion']"),
        (json.dumps(answer(finding("effusion"))), "missing ['cardiomegaly']"),
        (json.dumps(answer({SECRET: SECRET}, finding("effusion"))), "findings.0.id: missing"),
        (json.dumps(WHOLE | {"follow_up": [{"modality": SECRET}]}), "follow_up.0.quote: missing"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_answer_says_where_and_why_and_never_what_it_held(content: str, said: str) -> None:
    with pytest.raises(AnswerError) as caught:
        parse_answer(content, CANDIDATES)
    assert said in str(caught.value)
    assert "Canary" not in str(caught.value)
    assert caught.value.__cause__ is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["present", "left", "effusion"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(list(finding("x")) + list(WHOLE)), inner),
)


@given(st.text() | JSON.map(json.dumps))
def test_any_text_is_an_answer_or_an_answer_error(content: str) -> None:
    try:
        drafts = parse_answer(content, CANDIDATES).verdicts
    except AnswerError:
        return
    assert [draft.finding_id for draft in drafts] == ["effusion", "cardiomegaly"]


STATUSES = st.sampled_from([status.value for status in Status])


@given(STATUSES, STATUSES, st.lists(st.text(max_size=50), max_size=2))
def test_whatever_fits_the_schema_is_read(first: str, second: str, quotes: list[str]) -> None:
    given_ = answer(finding("effusion", first, quotes=quotes), finding("cardiomegaly", second))
    jsonschema.validate(given_, answer_schema(CANDIDATES))
    drafts = parse_answer(json.dumps(given_), CANDIDATES).verdicts
    assert [draft.status.value for draft in drafts] == [first, second]

"""The way from the text of an answer to drafts."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.canonical import Change, Finding, Side, Status
from services.reading.answer import AnswerError, VerdictDraft, parse_answer
from services.reading.answer_schema import answer_schema
from services.reading.reader import Candidate

CANDIDATES = (
    Candidate(finding=Finding(id="effusion", name="Effusion"), sides=True),
    Candidate(finding=Finding(id="cardiomegaly", name="Cardiomegaly")),
)
SECRET = "Mrs Canary of 12 Yellow Street"


def finding(status: str = "present", **more: Any) -> dict[str, Any]:
    return {"quotes": ["a"], "status": status, "side": "none", "change": "none"} | more


def answer(**findings: Any) -> dict[str, Any]:
    kinds = ("critical_results", "follow_up", "discrepancies", "suspicious_instructions")
    return {"findings": findings, **{kind: [] for kind in kinds}}


WHOLE = answer(effusion=finding(side="left", change="new"), cardiomegaly=finding("absent"))


def drafts(said: Any) -> tuple[VerdictDraft, ...]:
    return parse_answer(said if isinstance(said, str) else json.dumps(said), CANDIDATES).verdicts


def test_the_drafts_come_in_the_order_asked_whatever_the_order_given() -> None:
    effusion, cardiomegaly = drafts(WHOLE | {"findings": dict(reversed(WHOLE["findings"].items()))})
    assert (effusion.finding_id, effusion.side, effusion.change) == ("effusion", Side.LEFT, Change.NEW)
    assert (cardiomegaly.finding_id, cardiomegaly.status, cardiomegaly.side) == ("cardiomegaly", Status.ABSENT, None)


def test_a_side_of_a_finding_that_has_none_is_dropped() -> None:
    assert drafts(answer(effusion=finding(), cardiomegaly=finding(side="left")))[1].side is None


@pytest.mark.parametrize("said", [None, "not_mentioned", finding("not_mentioned", side="left")])
def test_what_is_not_mentioned_keeps_neither_quote_nor_side(said: Any) -> None:
    draft = drafts(answer(effusion=said, cardiomegaly=finding()))[0]
    assert (draft.status, draft.quotes, draft.side, draft.change) == (Status.NOT_MENTIONED, (), None, None)


def test_a_bare_status_is_one_without_a_passage() -> None:
    assert drafts(answer(effusion="present"))[0].quotes == ()


def test_a_quote_longer_than_asked_for_points_at_nothing() -> None:
    long, short = "word " * 80, "Small left effusion."
    given_ = answer(effusion=finding(quotes=[long, short]), cardiomegaly=finding(quotes=[long]))
    assert [draft.quotes for draft in drafts(given_)] == [(short,), ()]


def test_of_many_quotes_and_remarks_the_first_few_are_looked_at() -> None:
    given_ = answer(effusion=finding(quotes=["a"] * 10_000)) | {"follow_up": [{"quote": "q"}] * 10_000}
    read = parse_answer(json.dumps(given_), CANDIDATES)
    assert (len(read.verdicts[0].quotes), len(read.remarks)) == (4, 6)


@pytest.mark.parametrize(
    "said",
    [
        answer(effusion=finding()),
        answer(effusion=finding(), cardiomegaly=finding("maybe")),
        answer(effusion=finding(), cardiomegaly=finding(quotes=None)),
        answer(effusion=finding(), cardiomegaly=[]),
        answer(effusion=finding(), pneumothorax=finding()),
        answer(effusion=finding()) | {"follow_up": [{"modality": "CT"}], "discrepancies": "none"},
    ],
)
def test_what_is_missing_or_malformed_costs_no_other_its_answer(said: dict[str, Any]) -> None:
    assert [draft.finding_id for draft in drafts(said)] == ["effusion"]


def test_of_a_finding_that_is_given_twice_the_first_answer_stands() -> None:
    assert drafts('{"findings": {"effusion": "absent", "effusion": "present"}}')[0].status is Status.ABSENT


@pytest.mark.parametrize(
    "around",
    [
        "```json\n{}\n```\n",
        "Here is my reading of the report:\n{}",
        "The set {{1}} of findings, then:\n\n{}\n\nI hope that this helps {{you}}.",
        'First a draft: {{"report": "x"}}\n{}',
    ],
)
def test_an_answer_among_other_words_is_found(around: str) -> None:
    assert len(drafts(around.format(json.dumps(WHOLE)))) == 2


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
        (f'"{SECRET}"', "not JSON"),
        (json.dumps({SECRET: 1}), "not JSON with findings"),
        (json.dumps({"findings": SECRET}), "findings: not an object"),
        (json.dumps({"findings": [finding()]}), "findings: not an object"),
        (json.dumps(answer(effusion=SECRET, cardiomegaly={SECRET: SECRET})), "none of the 2 asked"),
        (json.dumps(answer(**{SECRET: finding()})), "none of the 2 asked"),
        ('{"findings":' * 100_000, "nested too deeply"),
        ("{" * 100_000, "not JSON"),
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
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*finding(), *WHOLE, "effusion"]), inner),
)


@given(st.text() | JSON.map(json.dumps) | JSON.map(lambda said: json.dumps({"findings": said})))
def test_any_text_is_an_answer_or_an_answer_error(content: str) -> None:
    try:
        read = drafts(content)
    except AnswerError:
        return
    assert read
    assert {draft.finding_id for draft in read} <= {"effusion", "cardiomegaly"}


STATED = st.builds(
    lambda status, side, quotes: finding(status, side=side, quotes=quotes),
    st.sampled_from([status.value for status in Status if status is not Status.NOT_MENTIONED]),
    st.sampled_from([*(side.value for side in Side), "none"]),
    st.lists(st.text(max_size=50), max_size=3),
)


@given(STATED | st.none(), STATED.map(lambda one: {k: v for k, v in one.items() if k != "side"}))
def test_whatever_fits_the_schema_is_read(first: Any, second: Any) -> None:
    given_ = answer(effusion=first, cardiomegaly=second)
    jsonschema.validate(given_, answer_schema(CANDIDATES))
    assert [draft.status.value for draft in drafts(given_)] == [
        first["status"] if first else "not_mentioned",
        second["status"],
    ]

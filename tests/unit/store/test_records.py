"""Records have the columns of their tables, and enums the words of the CHECKs."""

from __future__ import annotations

from dataclasses import fields

import pytest
from sqlalchemy import CheckConstraint, Table

from services.domain import words
from services.domain.deliveries import Delivery, Notice
from services.domain.messages import Job, Message
from services.domain.people import Account, LoginAttempt, SavedView
from services.domain.reports import Source, StoredAdvisory, StoredReport, Suggestion, Version
from services.domain.reviews import Draft, Review, SecondAnswer
from services.store import tables
from services.store.rows import record

PAIRS = [
    (Message, tables.message),
    (Job, tables.job),
    (StoredReport, tables.report),
    (Source, tables.report_source),
    (Version, tables.report_version),
    (Suggestion, tables.suggestion),
    (StoredAdvisory, tables.advisory),
    (Review, tables.review),
    (Draft, tables.draft),
    (SecondAnswer, tables.second_answer),
    (Delivery, tables.delivery),
    (Notice, tables.notice),
    (Account, tables.account),
    (LoginAttempt, tables.login_attempt),
    (SavedView, tables.saved_view),
]
CHECKED = [
    (tables.message, "state", words.MessageState),
    (tables.job, "state", words.JobState),
    (tables.job, "kind", words.JobKind),
    (tables.report_version, "state", words.VersionState),
    (tables.suggestion, "state", words.SuggestionState),
    (tables.suggestion, "origin", words.Origin),
    (tables.review, "state", words.ReviewState),
    (tables.draft, "action", words.DraftAction),
    (tables.delivery, "state", words.DeliveryState),
    (tables.delivery, "kind", words.DeliveryKind),
    (tables.advisory, "state", words.AdvisoryState),
    (tables.second_reading, "state", words.SecondReadingState),
    (tables.circuit, "state", words.CircuitState),
]
BESIDE = {StoredReport: {"order_known", "alias_of"}, Draft: {"name"}}


@pytest.mark.parametrize(("kind", "table"), PAIRS, ids=lambda each: getattr(each, "__name__", ""))
def test_a_record_has_every_column_of_its_table_and_no_other(kind: type, table: Table) -> None:
    # What the database computes of other columns is for its searches alone.
    stored = {column.name for column in table.c if column.computed is None}
    assert {each.name for each in fields(kind)} - BESIDE.get(kind, set()) == stored


@pytest.mark.parametrize(("table", "column", "enum"), CHECKED, ids=lambda each: getattr(each, "__name__", str(each)))
def test_an_enum_has_the_words_of_its_check(table: Table, column: str, enum: type) -> None:
    texts = [str(each.sqltext) for each in table.constraints if isinstance(each, CheckConstraint)]
    listed = ", ".join(f"'{word}'" for word in enum)  # type: ignore[attr-defined]
    assert f"{column} IN ({listed})" in texts


def test_states_become_words_of_their_enum_and_nothing_else_is_accepted() -> None:
    known = {each.name: None for each in fields(SavedView)}
    assert record(SavedView, known).name is None  # type: ignore[arg-type]
    values = {each.name: None for each in fields(Review)} | {"state": "signed"}
    assert record(Review, values).state is words.ReviewState.SIGNED  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="sigend"):
        record(Review, {**values, "state": "sigend"})  # type: ignore[arg-type]

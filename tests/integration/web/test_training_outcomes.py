"""A training instance tells after Sign what was right: what was planted, and what the reader made of it."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from services.store import exercises
from tests import seeding
from tests.integration.web.conftest import MakePerson
from tests.integration.web.test_reviewing import Reviewing


@pytest.mark.parametrize(
    ("kind", "action", "right"),
    [("correct", "approve", True), ("correct", "reject", False), ("wrong_status", "reject", True),
     ("wrong_side", "approve", False), ("omitted", "approve", False)],
)  # fmt: skip
def test_what_was_planted_is_told_once_the_report_is_signed(
    engine: Engine, person: MakePerson, kind: str, action: str, right: bool
) -> None:
    with engine.begin() as connection:
        ada = Reviewing(connection, person(), seeding.put(connection, seeding.Exam(says=(seeding.HEART,))))
        ada.claim()
        suggestion = ada.suggestions()["cardiomegaly"]
        planted = {"site_id": "default", "report_id": ada.row().report_id, "finding_id": "cardiomegaly", "kind": kind}
        of = None if kind == "omitted" else suggestion.id
        exercises.put(connection, [{**planted, "suggestion_id": of, "truth": {"status": "present", "side": None}}])
        assert exercises.outcomes(connection, ada.row().report_id) == []
        ada.decide("cardiomegaly", action, reason="negated" if action == "reject" else "")  # type: ignore[arg-type]
        ada.sign()
        [told] = exercises.outcomes(connection, ada.row().report_id)
        assert (told.kind, told.right) == (kind, right)

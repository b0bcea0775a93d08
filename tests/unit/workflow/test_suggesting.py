"""What a suggestion's row says beside its verdict."""

from __future__ import annotations

import pytest

from services.evaluation.production import question_of
from services.evaluation.whole_dataset import WholeReport
from services.reading.catalogue import load
from services.reading.rules.reader import RulesReader
from services.workflow import suggesting
from tests.benchmarks.marks import SETTINGS, rows_of


@pytest.mark.parametrize(("said", "critical"), [("New small", True), ("Unchanged small", False)])
def test_a_critical_finding_that_raises_no_alarm_is_not_marked(said: str, critical: bool) -> None:
    text = f"FINDINGS: {said} left apical pneumothorax.\n"
    exam = {"id": 1, "text": text, "modality": "DX", "procedure": "Chest", "body_part": "CHEST"}
    report = WholeReport.model_validate(exam | {"gold": {"suggestions": []}})
    reading = RulesReader().read(question_of(report.exam, load()))
    found = {row["finding_id"]: row for row in suggesting.rows(*rows_of(report), reading, reading, SETTINGS, {})}
    assert (found["pneumothorax"]["critical"], found["pneumothorax"]["status"]) == (critical, "present")

"""Every action of the audit trail has words for people and a kind for AuditEvents; one without is not written."""

from __future__ import annotations

import ast
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from integration.canonical import EventKind
from integration.fhir.audit_trail import Trail, audit_event
from integration.fhir.systems import Systems
from services.domain.audit_actions import AuditAction
from services.store import audit
from services.store.tables import audit as trail
from services.web.views.audit_labels import deed, kind

SYSTEMS = Systems("urn:test")


@pytest.mark.parametrize("action", AuditAction)
def test_an_action_has_words_and_a_kind_and_leaves_as_an_audit_event(action: AuditAction) -> None:
    assert action.label.strip()
    assert deed(action.value) == action.label
    row = Trail("1", datetime.now(UTC), "account/1", "A", action.value, kind(action.value), "", "", "")
    event = json.loads(json.dumps(audit_event(row, SYSTEMS)))
    assert event["subtype"][0]["code"] == action.value
    assert event["type"]["code"].startswith("1101")


def test_no_two_actions_look_the_same() -> None:
    assert len({action.label for action in AuditAction}) == len(AuditAction)


@pytest.mark.parametrize("missing", [("did",), ("did", "was done")])
def test_an_action_without_words_or_kind_does_not_come_to_be(missing: tuple[object, ...]) -> None:
    with pytest.raises(TypeError):
        AuditAction._new_member_(AuditAction, *missing)  # type: ignore[attr-defined]


def test_a_bare_word_is_not_written(engine: Engine) -> None:
    for word in ("review.sign", "made.up"):
        with pytest.raises(AttributeError), engine.begin() as connection:
            audit.append(connection, site="s", actor="a", action=word)  # type: ignore[arg-type]
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(trail)) == 0


def test_what_another_release_wrote_reads_as_its_own_words_and_as_a_change() -> None:
    assert (deed("report.fold_up"), kind("report.fold_up")) == ("report fold up", EventKind.CHANGE)


def test_every_action_is_written_somewhere() -> None:
    written: set[str] = set()
    for file in Path("services").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "AuditAction":
                written.add(node.attr)
    drafts = {action.name for action in AuditAction if action.value.startswith("draft.")}
    assert {action.name for action in AuditAction} - drafts <= written

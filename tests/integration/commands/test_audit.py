"""An auditor searches the trail and verifies its chain from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from services.cli import build
from services.domain.audit_actions import AuditAction
from services.settings import Database
from services.store import audit
from tests.databases import environment

Run = Callable[..., str]


@pytest.fixture
def run(engine: Engine, database: Database, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`countersign audit` on a trail of three rows, the third not sealed yet."""
    for name, value in environment(database).items():
        monkeypatch.setenv(name, value)
    with engine.begin() as connection:
        audit.append(connection, site="default", actor="sweeper", action=AuditAction.REVIEW_CLAIM, report_id=7)
        audit.append(connection, site="default", actor="sweeper", action=AuditAction.REVIEW_SIGN, report_id=8)
        audit.seal(connection)
        audit.append(connection, site="default", actor="somebody", action=AuditAction.LOGIN)

    def invoke(*words: str, status: int = 0) -> str:
        result = CliRunner().invoke(build(["audit"]), ["audit", *words], env={"COLUMNS": "200"})
        assert result.exit_code == status, result.output
        return result.stdout

    return invoke


def test_a_whole_chain_is_said_to_be_whole(run: Run) -> None:
    assert run("verify") == "ok   2 rows in an unbroken chain, 1 not sealed yet\n"


def test_a_row_changed_behind_our_back_is_named(run: Run, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        connection.execute(text("UPDATE audit SET actor = 'nobody' WHERE sequence = 2"))
    assert "BAD  audit row 2 was changed after it was sealed; 1 rows before it hold" in run("verify", status=1)


def test_a_search_finds_by_who_what_report_and_day_and_leaves_its_own_row(run: Run) -> None:
    def found(*words: str) -> list[str]:
        return [json.loads(line)["action"] for line in run("list", "--json", *words).splitlines()]

    assert found("--action", "review") == ["review.sign", "review.claim"]
    assert found("--report", "8") == ["review.sign"]
    assert found("--actor", "somebod") == ["login"]
    assert found("--until", "2020-01-01") == []
    assert found("--action", "export", "--since", "2020-01-01") == ["export"] * 4
    assert "review.sign" in run("list", "--action", "review.s")

"""A site's decisions leave as a data set by a named person's command, without people, and in no other way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, select, update
from typer.testing import CliRunner, Result

from services.cli import build
from services.evaluation.dataset import load
from services.settings import Database
from services.store import people
from services.store.tables import audit, review, suggestion
from tests import seeding
from tests.databases import environment
from tests.seeding import Exam

NAMED = seeding.CHEST + "\nInes Moreau, accession A991002, discussed with Dr. Abara on 3 March 2024 at 10:05.\n"


@pytest.fixture
def run(database: Database, monkeypatch: pytest.MonkeyPatch) -> object:
    for name, value in environment(database).items():
        monkeypatch.setenv(name, value)

    def export(*arguments: str) -> Result:
        return CliRunner().invoke(build(["dataset"]), ["dataset", "export", *arguments])

    return export


def signed(connection: Connection, exam: Exam, states: tuple[tuple[str, str], ...]) -> None:
    """A report whose suggestions ended in these (state, reason)."""
    number = seeding.put(connection, exam)
    rows = connection.scalars(select(suggestion.c.id).where(suggestion.c.report_id == number).order_by(suggestion.c.id))
    for row, (state, reason) in zip(list(rows), states, strict=True):
        connection.execute(update(suggestion).where(suggestion.c.id == row).values(state=state, reason=reason))
    values = {"state": "signed", "signed_at": review.c.created_at}
    connection.execute(update(review).where(review.c.report_id == number).values(**values))


def person(connection: Connection, name: str, *roles: str) -> None:
    people.put_account(
        connection, site="default", issuer="urn:test", subject=name, name=name, roles=roles, practitioner=""
    )


@pytest.fixture
def decided(engine: Engine) -> None:
    approved = (("approved", ""), ("approved", ""), ("rejected", "negated"))
    with engine.begin() as connection:
        person(connection, "Ada Admin", "administrator")
        person(connection, "Rita Reviewer", "reviewer", "signer")
        signed(connection, Exam(text=NAMED), approved)
        signed(connection, Exam(text=seeding.CHEST + "\nCompared with the study of Pellegrini.\n"), approved)
        seeding.put(connection, Exam())


@pytest.mark.usefixtures("decided")
def test_decisions_become_labels_and_people_stay(run: object, engine: Engine, tmp_path: Path) -> None:
    out = tmp_path / "ours.jsonl"
    result = run("--out", str(out), "--by", "Ada Admin")  # type: ignore[operator]
    assert result.exit_code == 0, result.output
    assert "removed: patient name" in result.output and "a word is left that may be a name" in result.output
    (item,) = load(str(out))
    assert {finding: gold.status.value for finding, gold in item.gold.items()} == {
        "pneumonia": "present", "pleural_effusion": "present", "cardiomegaly": "absent",
    }  # fmt: skip
    assert item.origin == "deidentified" and all(
        quote in item.text for gold in item.gold.values() for quote in gold.quotes
    )
    assert not any(word in out.read_text() for word in ("Moreau", "Ines", "A991002", "Abara", "March", "10:05"))
    assert out.stat().st_mode & 0o077 == 0


@pytest.mark.usefixtures("decided")
def test_the_trail_says_who_took_what_and_none_of_the_text(run: object, engine: Engine, tmp_path: Path) -> None:
    run("--out", str(tmp_path / "ours.jsonl"), "--by", "Ada Admin")  # type: ignore[operator]
    with engine.connect() as connection:
        (row,) = connection.execute(select(audit).where(audit.c.action == "dataset.export")).mappings()
    assert row["actor"].startswith("account/") and row["detail"]["reports"] == 1
    assert row["detail"]["removed"]["patient name"] == 2
    assert "Pellegrini" not in json.dumps(row["detail"]) and "Moreau" not in json.dumps(row["detail"])


@pytest.mark.usefixtures("decided")
@pytest.mark.parametrize("name", ["Rita Reviewer", "Nobody", ""])
def test_without_an_administrator_who_answers_for_it_nothing_leaves(
    run: object, engine: Engine, tmp_path: Path, name: str
) -> None:
    out = tmp_path / "ours.jsonl"
    result = run("--out", str(out), *(["--by", name] if name else []))  # type: ignore[operator]
    assert result.exit_code == 2
    assert list(tmp_path.iterdir()) == []
    with engine.connect() as connection:
        assert connection.scalar(select(audit.c.id).where(audit.c.action == "dataset.export")) is None


@pytest.mark.usefixtures("decided")
def test_words_behind_a_refusal_are_written_for_the_person_who_decides(run: object, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    run("--out", str(tmp_path / "a.jsonl"), "--by", "Ada Admin", "--suspects", str(words))  # type: ignore[operator]
    assert words.read_text().split() == ["Pellegrini"]
    out = tmp_path / "b.jsonl"
    run("--out", str(out), "--by", "Ada Admin", "--allow", str(words))  # type: ignore[operator]
    assert len(load(str(out))) == 2
    assert run("--out", str(out), "--by", "Ada Admin").exit_code == 2  # type: ignore[operator]

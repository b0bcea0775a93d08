"""A training instance: exercises on a database of its own, wrong ones counted, nothing in and nothing out."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, func, select, update
from sqlalchemy.exc import IntegrityError
from typer.testing import CliRunner

from services.cli import build
from services.domain.people import Person
from services.evaluation.dataset import Origin, load
from services.evaluation.training import TrainingError, seed
from services.figures.caught import caught
from services.reading.catalogue import load as load_library
from services.settings import Database, Settings, SettingsError
from services.settings import load as load_settings
from services.store import deliveries, exercises, jobs, people, purpose
from services.store.purpose import PurposeError
from services.store.tables import delivery, exercise, instance, job, message, suggestion
from services.store.tables import review as reviews
from services.workflow import drafting, releasing, review, seeing, signing
from services.workflow.drafting import NOT_IN_REPORT, Claim, Decision
from services.workflow.review import Act
from services.workflow.seeing import Seen
from services.workflow.signing import Terms
from tests import seeding
from tests.databases import environment
from tests.integration.sender.house import contradicting
from tests.ports import free_port

LIBRARY = load_library()
COMMAND = (sys.executable, "-m", "services.cli")


@pytest.fixture
def training(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        purpose.claim(connection, training=True)
        yield connection


@pytest.fixture
def settings(database: Database) -> Settings:
    return Settings(database=database, training=True)


def plant(connection: Connection, settings: Settings, wrong: float = 1.0) -> int:
    return seed(connection, load("dev")[:12], LIBRARY, settings, wrong=wrong, start=1)


def signer(connection: Connection) -> Person:
    row = people.put_account(
        connection, site="default", issuer="urn:test", subject="ada", name="Ada",
        roles=("reviewer", "signer"), practitioner="Practitioner/ada",
    )  # fmt: skip
    return row.person


def sign_all(connection: Connection, person: Person, *, careful: bool, settings: Settings) -> None:
    """Signs every report: blindly, or with an eye for what is wrong."""
    for row in connection.execute(select(reviews)).mappings().all():
        review.claim(connection, person, row["id"], 300)
        kinds = {each["suggestion_id"]: each for each in _exercises(connection, row["report_id"])}
        for each in _suggestions(connection, row["version_id"]):
            act = Act(person, row["id"], _revision(connection, row["id"]), 300)
            drafting.open_suggestion(connection, act, each["id"])
            wrong = careful and kinds[each["id"]]["kind"] != "correct"
            decision = (
                Decision(each["id"], "reject", reason="negated")
                if wrong
                else Decision(each["id"], "approve", confirmed=True)
            )
            drafting.decide(connection, act, decision)
        if careful:
            _add_omitted(connection, person, row["id"], [each for key, each in kinds.items() if key is None])
        act = Act(person, row["id"], _revision(connection, row["id"]), 300)
        seeing.see(connection, act, Seen(shown=True, end=True))
        terms = Terms(releasing.destinations(settings))
        signing.sign(connection, act, terms, acknowledged=contradicting(connection, act))


def _add_omitted(connection: Connection, person: Person, review_id: int, missing: list[dict[str, object]]) -> None:
    for each in missing:
        candidate = LIBRARY.find(str(each["finding_id"]))
        assert candidate
        act = Act(person, review_id, _revision(connection, review_id), 300)
        claim = Claim(finding=candidate.finding, status=each["truth"]["status"])  # type: ignore[index]
        drafting.decide(connection, act, Decision(None, "add", claim, NOT_IN_REPORT))


def _exercises(connection: Connection, report_id: int) -> list[dict[str, object]]:
    rows = connection.execute(select(exercise).where(exercise.c.report_id == report_id)).mappings()
    return [dict(row) for row in rows]


def _suggestions(connection: Connection, version_id: int) -> list[dict[str, object]]:
    where = (suggestion.c.version_id == version_id, suggestion.c.origin == "ai")
    return [dict(row) for row in connection.execute(select(suggestion).where(*where)).mappings()]


def _revision(connection: Connection, review_id: int) -> int:
    return int(connection.scalar(select(reviews.c.revision).where(reviews.c.id == review_id)) or 0)


@pytest.mark.parametrize(("careful", "share"), [(True, 1.0), (False, 0.0)])
def test_who_looks_catches_all_who_does_not_nothing_and_no_signature_delivers(
    training: Connection, settings: Settings, careful: bool, share: float
) -> None:
    wrong = plant(training, settings)
    assert wrong > 8
    sign_all(training, signer(training), careful=careful, settings=settings)
    found = {each.kind: each for each in caught(exercises.results(training, "default"))}
    planted = {row.kind: row.count for row in exercises.planted(training, "default")}
    assert {kind: each.count for kind, each in found.items()} == planted
    assert set(planted) == {"correct", "wrong_status", "wrong_side", "omitted"}
    assert all(each.right == share * each.count for kind, each in found.items() if kind != "correct")
    assert found["correct"].right == found["correct"].count
    assert found["omitted"].interval[0] <= share <= found["omitted"].interval[1]
    for table in (delivery, job, message):
        assert training.scalar(select(func.count()).select_from(table)) == 0


def test_even_a_process_that_knows_nothing_of_training_can_put_nothing_in(engine: Engine, settings: Settings) -> None:
    with engine.begin() as connection:
        purpose.claim(connection, training=True)
        plant(connection, settings, wrong=0)
        row = connection.execute(select(reviews).limit(1)).mappings().one()
    ids = {"report_id": row["report_id"], "version_id": row["version_id"]}
    attempts = (
        lambda c: deliveries.add(c, kind="signed", destination="ehr", **ids),
        lambda c: jobs.add(c, kind="analysis", version_id=row["version_id"]),
        lambda c: c.execute(message.insert().values(door="hl7", bytes=1, sha256="x", state="received")),
    )
    for attempt in attempts:
        with engine.connect() as connection, pytest.raises(IntegrityError, match="a training instance has no"):
            attempt(connection)


def test_the_same_seed_plants_the_same_exercises(training: Connection, settings: Settings) -> None:
    first, second = (plant(training, settings, 0.5) for _ in range(2))
    assert first == second
    rows = training.execute(select(exercise.c.kind, exercise.c.finding_id).order_by(exercise.c.id)).all()
    assert rows[: len(rows) // 2] == rows[len(rows) // 2 :]


def test_exercises_are_not_made_of_clinical_reports_nor_in_a_live_database(engine: Engine, settings: Settings) -> None:
    clinical = [item.model_copy(update={"origin": Origin.CLINICAL}) for item in load("dev")[:2]]
    with engine.begin() as connection:
        with pytest.raises(TrainingError, match="no training instance"):
            plant(connection, settings)
        purpose.claim(connection, training=True)
        with pytest.raises(TrainingError, match="clinical"):
            seed(connection, clinical, LIBRARY, settings, wrong=0, start=1)


def test_a_database_with_reports_is_never_one_for_training(engine: Engine) -> None:
    with engine.begin() as connection:
        seeding.put(connection)
        with pytest.raises(PurposeError, match="an empty database of its own"):
            purpose.claim(connection, training=True)
        connection.execute(update(instance).values(purpose="live"))
        purpose.claim(connection, training=False)


def test_the_first_to_start_decides_and_the_other_kind_is_refused(engine: Engine) -> None:
    with engine.begin() as connection:
        purpose.claim(connection, training=False)
        with pytest.raises(PurposeError, match="one of patients' reports"):
            purpose.claim(connection, training=True)
    with engine.begin() as connection:
        connection.execute(instance.delete())
        purpose.claim(connection, training=True)
        with pytest.raises(PurposeError, match="database of a training instance"):
            purpose.claim(connection, training=False)


def test_a_live_process_refuses_a_training_database(engine: Engine, database: Database) -> None:
    with engine.begin() as connection:
        purpose.claim(connection, training=True)
    ended = start(database, "sender")
    assert (ended.returncode, "database of a training instance" in ended.stderr) == (2, True), ended.stderr


def test_a_training_worklist_refuses_a_live_database(engine: Engine, database: Database) -> None:
    with engine.begin() as connection:
        seeding.put(connection)
    ended = start(database, "worklist", COUNTERSIGN_TRAINING="true")
    assert (ended.returncode, "an empty database of its own" in ended.stderr) == (2, True), ended.stderr


@pytest.mark.parametrize("name", ["listener", "subscriber"])
def test_no_door_opens_onto_a_training_database(
    engine: Engine, database: Database, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with engine.begin() as connection:
        purpose.claim(connection, training=True)
    for variable, value in of_the_worklist(database).items():
        monkeypatch.setenv(variable, value)
    ended = CliRunner().invoke(build([name]), [name])
    assert (ended.exit_code, "database of a training instance" in ended.output) == (2, True), ended.output


@pytest.mark.parametrize("name", ["listener", "subscriber", "relay", "worker", "sender"])
def test_only_the_worklist_runs_in_training(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERSIGN_TRAINING", "true")
    ended = CliRunner().invoke(build([name]), [name])
    assert (ended.exit_code, "runs only the worklist" in ended.output) == (2, True), ended.output


@pytest.mark.parametrize(
    "variable", [{"COUNTERSIGN_FHIR__URL": "http://ehr/fhir"}, {"COUNTERSIGN_WRITEBACK__ORU": "ris:2575"}]
)
def test_training_with_somebody_to_deliver_to_is_no_setting(variable: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="a training instance delivers nothing"):
        load_settings({"COUNTERSIGN_TRAINING": "true", **variable})


def of_the_worklist(database: Database) -> dict[str, str]:
    return {
        **environment(database),
        "COUNTERSIGN_WORKLIST__PORT": str(free_port()),
    }


def start(database: Database, name: str, **extra: str) -> subprocess.CompletedProcess[str]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("COUNTERSIGN_")}
    given = {**inherited, **of_the_worklist(database), **extra}
    return subprocess.run((*COMMAND, name), env=given, capture_output=True, text=True, timeout=60)

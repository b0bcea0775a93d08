"""Of every version the rules' reading is there at once; a model's joins it, and nothing it leaves out goes unseen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from pydantic import AnyHttpUrl
from sqlalchemy import Engine, Table, insert, select, update

from integration.canonical import Engine as Reader
from integration.canonical import Finding, Quote, Side, Status, Verdict
from integration.hl7v2.mllp import whole
from services.dispatch.lease_keeper import Lessee
from services.reading.reader import Question, Reading, ReadingError
from services.settings import Fhir, Settings
from services.store import openings
from services.store.tables import (
    account,
    analysis,
    delivery,
    draft,
    job,
    notice,
    report_version,
    review,
    showing,
    suggestion,
)
from services.workflow.context import site
from services.workflow.readers import readers
from services.workflow.receive import Arrival
from services.workflow.run import Runner
from tests.messages import oru
from tests.receiving import receive

SETTINGS = Settings(fhir=Fhir(url=AnyHttpUrl("http://fhir.test/")))
WITH_A_MODEL = SETTINGS.model_copy(update={"reading": SETTINGS.reading.model_copy(update={"engine": "r1"})})
TEXT = "Large left tension pneumothorax. Small right pleural effusion."
R1 = Reader(name="r1", version="1", model="r1")
Said = dict[str, tuple[Status, Side | None]]


@dataclass
class Model:
    """A model that says what it is told to say of each finding, and nothing of the others."""

    said: Said = field(default_factory=dict)
    fails: ReadingError | None = None
    engine: Reader = R1

    def read(self, question: Question) -> Reading:
        if self.fails:
            raise self.fails
        made = [self._verdict(each.finding, question.text) for each in question.catalogue.candidates]
        return Reading(engine=self.engine, verdicts=tuple(made))

    def _verdict(self, finding: Finding, text: str) -> Verdict:
        status, side = self.said.get(finding.id, (Status.NOT_MENTIONED, None))
        quotes = (Quote(text=text[:5], start=0, end=5),) if status is not Status.NOT_MENTIONED else ()
        return Verdict(finding=finding, status=status, side=side, quotes=quotes)


class House:
    """A worker with the rules and a model."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.model = engine, Model()
        ours = readers(SETTINGS)
        both = replace(ours, settings=WITH_A_MODEL, reader=lambda name: self.model if name == "r1" else ours.rules)
        self.runner = Runner(
            engine, Lessee(engine, WITH_A_MODEL.queue), replace(site(SETTINGS), settings=WITH_A_MODEL), both
        )

    def take(self, *text: str) -> None:
        with self.engine.begin() as connection:
            receive(connection, [Arrival(whole(oru("A", *text)))], WITH_A_MODEL.mllp)
        self.run("intake")

    def run(self, kind: str) -> None:
        for row in self.rows(job, job.c.kind == kind, job.c.state.in_(("ready", "waiting"))):
            with self.engine.begin() as connection:
                connection.execute(update(job).where(job.c.id == row["id"]).values(not_before=job.c.created_at))
            self.runner.run(row["id"])

    def answers(self, said: Said | None = None, fails: ReadingError | None = None) -> None:
        self.model.said, self.model.fails = said or {}, fails
        self.run("analysis")

    def rows(self, table: Table, *where: Any) -> Sequence[Any]:
        with self.engine.connect() as connection:
            return connection.execute(select(table).where(*where).order_by(*table.primary_key)).mappings().all()

    def found(self) -> dict[str, Any]:
        return {row["finding_id"]: row for row in self.rows(suggestion, suggestion.c.state != "withdrawn")}

    @property
    def reading_state(self) -> str:
        (row,) = self.rows(report_version)
        return str(row["reading_state"])

    def draft(self, finding: str, action: str = "approve") -> None:
        with self.engine.begin() as connection:
            who = {"site_id": "default", "issuer": "i", "subject": "ada", "name": "Ada"}
            ada = connection.execute(insert(account).values(**who).returning(account.c.id)).scalar_one()
            number = connection.scalar(select(suggestion.c.id).where(suggestion.c.finding_id == finding))
            of = connection.scalar(select(review.c.id))
            values = {"review_id": of, "suggestion_id": number, "account_id": ada, "action": action}
            connection.execute(insert(draft).values(**values))


@pytest.fixture
def house(engine: Engine) -> House:
    return House(engine)


PNEUMOTHORAX: Said = {"pneumothorax": (Status.PRESENT, Side.LEFT)}
BOTH: Said = PNEUMOTHORAX | {"pleural_effusion": (Status.PRESENT, Side.RIGHT)}


def test_the_rules_reading_is_there_before_the_model_has_answered(house: House) -> None:
    house.take(TEXT)
    assert {"pneumothorax", "pleural_effusion"} <= house.found().keys()
    assert house.reading_state == "pending"
    assert [row["state"] for row in house.rows(review)] == ["open"]
    assert [row["engine"] for row in house.rows(job, job.c.state == "ready")] == ["r1"]


def test_a_model_that_agrees_keeps_every_identity_and_leaves_no_difference(house: House) -> None:
    house.take(TEXT)
    before = {name: (row["id"], row["identifier"]) for name, row in house.found().items()}
    house.answers(
        BOTH | {name: (row["status"], row["side"]) for name, row in house.found().items() if name not in BOTH}
    )
    after = house.found()
    assert {name: (row["id"], row["identifier"]) for name, row in after.items()} == before
    assert not any(row["conflict"] for row in after.values())
    assert after["pneumothorax"]["readers"] == {"rules": "present", "r1": "present"}
    assert house.reading_state == "read"


def test_a_silent_model_hides_nothing_and_its_silence_is_marked(house: House) -> None:
    house.take(TEXT)
    before = house.found().keys()
    house.answers()
    after = house.found()
    assert after.keys() == before
    assert after["pneumothorax"]["conflict"] and after["pneumothorax"]["readers"]["r1"] == "not_mentioned"
    (opened,) = house.rows(review)
    assert opened["conflicts"] == sum(row["conflict"] for row in after.values())


def test_what_the_rules_do_not_mention_is_marked_too(house: House) -> None:
    house.take(TEXT)
    house.answers(BOTH | {"rib_fracture": (Status.PRESENT, None)})
    assert house.found()["rib_fracture"]["conflict"]
    assert house.found()["rib_fracture"]["rules_status"] == "not_mentioned"


def test_a_model_that_denies_an_asserted_finding_does_not_take_it_away(house: House) -> None:
    house.take(TEXT)
    house.answers(BOTH | {"pneumothorax": (Status.ABSENT, None)})
    said = house.found()["pneumothorax"]
    assert (said["status"], said["conflict"], said["readers"]["r1"]) == ("present", True, "absent")


def test_a_side_the_model_leaves_out_makes_no_second_finding(house: House) -> None:
    house.take(TEXT)
    house.answers(BOTH | {"pneumothorax": (Status.UNCERTAIN, None)})
    rows = [row for row in house.rows(suggestion) if row["finding_id"] == "pneumothorax"]
    assert [(row["side"], row["status"]) for row in rows] == [("left", "uncertain")]


def test_what_is_drafted_stays_as_it_was_decided(house: House) -> None:
    house.take(TEXT)
    before = house.found()["pneumothorax"]
    house.draft("pneumothorax")
    house.answers(BOTH | {"pneumothorax": (Status.UNCERTAIN, Side.LEFT)})
    after = house.found()["pneumothorax"]
    assert (after["status"], after["quotes"]) == (before["status"], before["quotes"])
    assert after["readers"]["r1"] == "uncertain"
    assert len(house.rows(draft)) == 1


def test_the_reading_of_a_model_makes_open_screens_stale_and_arms_sign_anew(house: House) -> None:
    house.take(TEXT)
    (before,) = house.rows(review)
    house.draft("pneumothorax")
    (drafted,) = house.rows(draft)
    with house.engine.begin() as connection:
        openings.show(connection, "default", before["id"], before["version_id"], drafted["account_id"])
    house.answers(BOTH)
    (after,) = house.rows(review)
    assert after["revision"] > before["revision"]
    assert not house.rows(showing)
    assert [row["kind"] for row in house.rows(delivery)] == ["proposed", "proposed"]


def test_an_answer_after_the_signature_is_kept_and_a_critical_finding_of_it_told(house: House) -> None:
    house.take("Small right pleural effusion.")
    with house.engine.begin() as connection:
        connection.execute(update(review).values(state="signed"))
        connection.execute(update(suggestion).values(state="approved"))
    before = house.found()
    house.answers(BOTH)
    assert house.found() == before
    assert len(house.rows(analysis)) == 2
    assert [row["kind"] for row in house.rows(notice)] == ["late reading"]
    assert [row["state"] for row in house.rows(review)] == ["signed"]


def test_a_model_that_never_answers_leaves_the_rules_reading_and_says_so(house: House) -> None:
    house.take(TEXT)
    before = house.found()
    house.answers(fails=ReadingError("no use", retryable=False))
    assert house.found() == before
    assert house.reading_state == "failed"


def test_nothing_found_by_either_is_said_to_be_that(house: House) -> None:
    house.take("The lungs are clear.")
    assert house.reading_state == "pending"
    house.answers()
    assert (house.found(), house.reading_state) == ({}, "nothing_found")

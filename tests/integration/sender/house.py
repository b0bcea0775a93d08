"""One installation with one report, its outbox, its signer and a real FHIR server."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from pydantic import AnyHttpUrl
from sqlalchemy import Connection, Engine, RowMapping, func, select

from integration.fhir.exchange import search_all
from integration.fhir.systems import Json
from integration.hl7v2.mllp import whole
from integration.hl7v2.report import read_reports
from integration.hl7v2.senders import SenderMap
from services.domain.people import Person
from services.settings import Database, Fhir, Settings, Writeback
from services.store import deliveries, jobs, people, reports, review_screen, reviews
from services.store.tables import job
from services.store.tables import report as report_table
from services.store.tables import review as review_table
from services.workflow import contradictions, drafting, releasing, review, seeing, signing
from services.workflow.analysis import ask, store
from services.workflow.context import fhir_client, systems
from services.workflow.delivery import FhirTarget, send
from services.workflow.drafting import NOT_IN_REPORT, Claim, Decision
from services.workflow.placement import place
from services.workflow.readers import readers
from services.workflow.receive import Arrival
from services.workflow.review import Act
from services.workflow.seeing import Seen
from services.workflow.signing import Terms
from tests import seeding
from tests.integration.web.conftest import ALL_ROLES
from tests.receiving import receive

READERS = readers(Settings())


class House:
    """Reports come as messages (`take`, `read`) or are seeded; the first of them is the one signed and sent."""

    def __init__(self, engine: Engine, database: Database, url: str, writeback: Writeback) -> None:
        self.engine = engine
        fhir = Fhir(url=AnyHttpUrl(url))
        base = f"urn:test:{uuid.uuid4()}"
        self.settings = Settings(database=database, fhir=fhir, writeback=writeback, canonical_base=base)
        self.systems = systems(self.settings)
        self.client = fhir_client(fhir)
        self.target = FhirTarget(self.client, self.systems, self.settings)
        with engine.begin() as connection:
            self.person: Person = people.put_account(
                connection,
                site="default",
                issuer="urn:test",
                subject="Ada",
                name="Ada",
                roles=ALL_ROLES,
                practitioner="Practitioner/ada",
            ).person

    def seed(self, exam: seeding.Exam) -> None:
        with self.engine.begin() as connection:
            seeding.put(connection, exam)

    @property
    def report_id(self) -> int:
        with self.engine.connect() as connection:
            return int(connection.scalar(select(func.min(report_table.c.id))) or 0)

    @property
    def review_id(self) -> int:
        with self.engine.connect() as connection:
            return reviews.id_of_report(connection, self.report_id) or 0

    def take(self, body: bytes, **changes: object) -> None:
        """One message received and placed; `changes` to what it says."""
        (record,) = read_reports(body, "default", SenderMap()).reports
        with self.engine.begin() as connection:
            (received,) = receive(connection, [Arrival(whole(body))], self.settings.mllp)
            place(connection, received.message_id, record.model_copy(update=changes), self.settings)

    def read(self) -> None:
        """Every reading that is asked for, by the rules."""
        while (asked := self._claimed()) is not None:
            with self.engine.begin() as connection:
                question = ask(connection, asked, READERS)
            if question:
                reading = READERS.rules.read(question.question)
                with self.engine.begin() as connection:
                    store(connection, question, reading, reading, self.settings)

    def _claimed(self) -> RowMapping | None:
        where = (job.c.kind == "analysis", job.c.state == "ready")
        with self.engine.begin() as connection:
            first = connection.scalar(select(job.c.id).where(*where).order_by(job.c.id).limit(1))
            return jobs.claim(connection, first, "test", self.settings.queue) if first else None

    def propose(self) -> None:
        """What the analysis puts into the outbox."""
        with self.engine.begin() as connection:
            version = reports.current_version(connection, self.report_id)
            assert version is not None
            deliveries.add(
                connection,
                site_id="default",
                kind="proposed",
                report_id=self.report_id,
                version_id=version.id,
                destination="default",
            )

    def send(self) -> list[str]:
        """Empties the outbox once; how each delivery ended."""
        with self.engine.begin() as connection:
            rows = deliveries.claim(connection, self.settings.queue, 10)
        return send(self.engine, rows, self.target)

    def act(self) -> Act:
        with self.engine.connect() as connection:
            row = connection.execute(select(review_table).where(review_table.c.id == self.review_id)).mappings().one()
        return Act(self.person, self.review_id, row["revision"], 300)

    def claimed(self) -> Act:
        with self.engine.begin() as connection:
            review.claim(connection, self.person, self.review_id, 300, False)
        return self.act()

    def sign(self, **otherwise: str) -> None:
        """Approves all but what `otherwise` rejects with a reason, and signs."""
        self.claimed()
        with self.engine.begin() as connection:
            version = reports.current_version(connection, self.report_id)
            assert version is not None
            rows = [row for row in reviews.suggestions(connection, version.id) if row.origin == "ai"]
        for row in rows:
            reason = otherwise.get(row.finding_id, "")
            with self.engine.begin() as connection:
                drafting.open_suggestion(connection, self.act(), row.id)
                decision = Decision(row.id, "reject" if reason else "approve", reason=reason, confirmed=True)
                drafting.decide(connection, self.act(), decision)
        with self.engine.begin() as connection:
            act = self.act()
            seeing.see(connection, act, Seen(shown=True, end=True))
            terms = Terms(releasing.destinations(self.settings))
            signing.sign(connection, act, terms, acknowledged=contradicting(connection, act))

    def amend(self) -> None:
        with self.engine.begin() as connection:
            review.amend(connection, self.act(), "mistake")

    def on_server(self, resource_type: str) -> list[Json]:
        return list(self.client.run(search_all(resource_type, [("_source", self.systems.source)])))

    def add(self, claim: Claim) -> None:
        """A finding of the reviewer's own."""
        doing = self.claimed()
        with self.engine.begin() as connection:
            drafting.decide(connection, doing, Decision(None, "add", claim, NOT_IN_REPORT))

    def statuses(self) -> dict[str, str]:
        return {each["code"]["text"]: each["status"] for each in self.on_server("Observation")}


def contradicting(connection: Connection, act: Act) -> frozenset[str]:
    """The codes of all that the drafts of a review contradict."""
    row = reviews.locked(connection, act.review_id)
    assert row is not None
    standing = reviews.standing(connection, row.id, row.version_id, act.person.id)
    denied = review_screen.denied(connection, row.version_id)
    said = contradictions.said(standing.suggestions, standing.drafts)
    found = contradictions.find(said, {}, denied) + contradictions.statements(row.reading_state, said)
    return frozenset({"untold", *(each.code for each in found)})


MakeHouse = Callable[..., House]

"""A launch from an EHR whose authorization server is oidc-provider in a process of its own (npm; OpenID certified).

The other login tests use oidc-provider-mock, which looks at no PKCE verifier; this one refuses a client without one.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import Engine, select, update

from services.settings import Database, Settings, SmartLaunch, Worklist
from services.store.tables import login_attempt, report, review
from services.web.app import create_app
from tests import seeding
from tests.ehr import SECRET, Ehr, running, through
from tests.seeding import Exam

OWN = "urn:countersign:authority:NORTH"
HOSPITAL = {"system": OWN, "value": "P7"}
# What the EHR holds. Its ids mean nothing to us: only identifiers lead to a report.
RESOURCES: dict[str, Any] = {
    "Patient/seven": {"resourceType": "Patient", "identifier": [{"value": "insurance-1"}, HOSPITAL]},
    "Patient/namesake": {"resourceType": "Patient", "identifier": [{"system": "urn:elsewhere", "value": "P7"}]},
    "DiagnosticReport/old": {"resourceType": "DiagnosticReport", "identifier": [{"value": "A-OLD"}]},
    "DiagnosticReport?encounter=visit": {
        "resourceType": "Bundle",
        "entry": [{"resource": {"resourceType": "DiagnosticReport", "identifier": [{"value": "A-NEW"}]}}],
    },
}


@pytest.fixture(scope="module")
def ehr() -> Iterator[Ehr]:
    """The running EHR."""
    with running(RESOURCES) as found:
        yield found


def worklist(database: Database, ehr: Ehr, client_id: str = "public-app", secret: str = "") -> TestClient:
    smart = SmartLaunch(issuers={ehr.base: client_id}, client_secret=SecretStr(secret))
    settings = Settings(database=database, worklist=Worklist(public_url="http://testserver", smart=smart))
    return TestClient(create_app(settings), follow_redirects=False)


@pytest.fixture
def browser(database: Database, ehr: Ehr) -> Iterator[TestClient]:
    """A browser at a worklist that is a public client of the EHR."""
    with worklist(database, ehr) as client:
        yield client


@pytest.fixture
def reports(engine: Engine) -> dict[str, int]:
    """Two reports of the patient, the older one signed, and somebody else's."""
    numbers = {}
    with engine.begin() as connection:
        for name, patient in (("old", "P7"), ("new", "P7"), ("other", "P8")):
            numbers[name] = seeding.put(connection, Exam(family=name, patient_id=patient))
            changed = update(report).where(report.c.id == numbers[name])
            connection.execute(changed.values(accession=f"A-{name.upper()}"))
        connection.execute(update(review).where(review.c.report_id == numbers["old"]).values(state="signed"))
        assert connection.scalar(select(report.c.patient_authority).limit(1)) == "NORTH"
    return numbers


def led_to(answer: Any) -> tuple[str, dict[str, list[str]]]:
    assert answer.status_code == 303, answer.text
    parts = urlsplit(answer.headers["location"])
    return parts.path, parse_qs(parts.query)


def test_a_public_client_logs_in_with_its_verifier_and_no_secret(browser: TestClient, ehr: Ehr) -> None:
    assert led_to(ehr.launch(browser)) == ("/worklist", {})
    person = browser.get("/api/v1/me").json()
    assert (person["name"], person["roles"]) == ("Dr Launched", ["reviewer", "signer"])
    assert person["practitioner"] == f"{ehr.base}/Practitioner/dr-lee"


def test_the_same_launch_with_a_secret(database: Database, ehr: Ehr) -> None:
    with worklist(database, ehr, "client_secret_basic-app", SECRET) as browser:
        assert led_to(ehr.launch(browser)) == ("/worklist", {})
    with worklist(database, ehr, "client_secret_basic-app", "another") as browser:
        assert ehr.launch(browser).status_code == 403


def test_a_code_is_worth_nothing_to_who_lacks_its_verifier(database: Database, ehr: Ehr, engine: Engine) -> None:
    with worklist(database, ehr) as browser:
        launch = base64.urlsafe_b64encode(b'{"sub":"dr-lee"}').decode().rstrip("=")
        begun = browser.get("/launch", params={"iss": ehr.base, "launch": launch})
        back = through(begun.headers["location"])
        with engine.begin() as connection:
            connection.execute(update(login_attempt).values(verifier="x" * 64))
        assert browser.get(back).status_code == 403


def test_the_launch_of_a_patient_opens_their_one_open_report(
    browser: TestClient, ehr: Ehr, reports: dict[str, int]
) -> None:
    answer = ehr.launch(browser, patient="seven")
    assert led_to(answer) == (f"/reports/{reports['new']}", {"patient": ["P7^NORTH"]})
    assert browser.get(answer.headers["location"]).status_code == 200


def test_where_the_ehr_names_the_report_that_one_is_opened(
    browser: TestClient, ehr: Ehr, reports: dict[str, int]
) -> None:
    context = [{"reference": "DiagnosticReport/old"}, {"reference": "Medication/1"}]
    path, _ = led_to(ehr.launch(browser, patient="seven", fhirContext=context))
    assert path == f"/reports/{reports['old']}"
    path, _ = led_to(ehr.launch(browser, patient="seven", encounter="visit"))
    assert path == f"/reports/{reports['new']}"
    path, _ = led_to(ehr.launch(browser, fhirContext=[{"reference": f"{ehr.base}/DiagnosticReport/old"}]))
    assert path == f"/reports/{reports['old']}"


def test_several_open_reports_are_a_list_of_that_patient_alone(
    browser: TestClient, ehr: Ehr, reports: dict[str, int], engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(update(review).values(state="open"))
    answer = ehr.launch(browser, patient="seven")
    assert led_to(answer) == ("/worklist", {"patient": ["P7^NORTH"]})
    page = browser.get(answer.headers["location"]).text
    shown = [f'data-row="{number}"' in page for number in reports.values()]
    assert shown == [True, True, False]
    assert "Only patient <b>P7</b>" in page


@pytest.mark.parametrize(
    "context",
    [
        {"patient": "namesake"},
        {"patient": "nobody"},
        {"patient": "../Patient/seven", "fhirContext": [{"reference": "DiagnosticReport/nowhere"}]},
        {"fhirContext": [{"reference": "https://elsewhere.example/fhir/DiagnosticReport/old"}], "encounter": "other"},
    ],
)
def test_a_patient_without_a_report_here_opens_nobody_elses(
    browser: TestClient, ehr: Ehr, reports: dict[str, int], context: dict[str, Any]
) -> None:
    answer = ehr.launch(browser, **context)
    assert led_to(answer) == ("/launch/unknown", {})
    assert "No report of this patient is here" in browser.get("/launch/unknown").text

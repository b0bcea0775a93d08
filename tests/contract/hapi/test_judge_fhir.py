"""HL7's own validator reads every resource we write, and HAPI's client, its parser strict, reads our read API.

The R4 definitions are those of hapi-fhir-validation-resources-r4; there is no terminology server, so a code of a
system that is not in R4 can only be said to be unknown. Whatever the validator says is listed here with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from integration.fhir.client import Client, Endpoint
from integration.fhir.exchange import read, search_all
from integration.fhir.systems import Json
from integration.fhir.write import ORDER
from services.settings import Database
from tests import seeding
from tests.contract.hapi.judge import Judge, judge
from tests.fhir_examples import resources
from tests.integration.api.test_read_api import Issuer
from tests.integration.fhir.test_write import deliver
from tests.integration.fhir.wanted_set import Case, MemoryLedger
from tests.worklist_process import Worklist

EXAMPLES = resources()
Said = tuple[str, str, str]

NEWER = "AIAST is newer than the packaged R4 terminology"
OURS = "our own code system, or one of a guide outside the R4 package, is known to no validator"
GUIDE = "the guide it belongs to is outside the R4 package"
LOINC = "LOINC is not packaged, and no terminology server is asked"
NARRATIVE = "all content is in elements; no narrative is written"
UNSIGNED = "an unsigned suggestion has no performer yet; its device says who made it"

TX = "Terminology_PassThrough_TX_Message"
EXPECTED: dict[Said, str] = {
    ("error", TX, "meta.security AIAST"): NEWER,
    ("error", TX, "Provenance.reason AIAST"): NEWER,
    ("warning", "Terminology_TX_NoValid_13", "meta.security AIAST"): NEWER,
    ("warning", "Terminology_TX_NoValid_2_CC", "Provenance.reason AIAST"): NEWER,
    ("warning", TX, "Observation.code countersign"): OURS,
    ("warning", TX, "Observation.component.code countersign"): OURS,
    ("warning", TX, "Observation.component.value countersign"): OURS,
    ("warning", TX, "Device.type AIdeviceTypeCS"): OURS,
    ("warning", TX, "Device.extension.value AIdeviceTypeCS"): OURS,
    ("warning", TX, "Flag.code countersign"): OURS,
    ("warning", TX, "Task.code countersign"): OURS,
    ("warning", TX, "Task.output.type countersign"): OURS,
    ("warning", TX, "ServiceRequest.code LOINC"): LOINC,
    ("warning", TX, "DiagnosticReport.code LOINC"): LOINC,
    ("information", "Terminology_TX_NoValid_3_CC", "DiagnosticReport.code LOINC"): LOINC,
    ("information", "Extension_EXT_Unknown", "Device.extension"): GUIDE,
    ("information", "Extension_EXT_Unknown", "Subscription.channel.extension"): GUIDE,
    ("information", "Extension_EXT_Unknown", "Subscription.channel.payload.extension"): GUIDE,
    ("warning", "Validation_VAL_Profile_Unknown", "AuditEvent.meta.profile"): GUIDE,
    ("warning", "Validation_VAL_Profile_Unknown", "Subscription.meta.profile"): GUIDE,
    ("warning", "Validation_VAL_Profile_Unknown", ""): GUIDE,
    ("warning", "All_observations_should_have_a_performer", "Observation"): UNSIGNED,
    ("warning", "dom-6", ""): NARRATIVE,
}


@pytest.fixture(scope="module")
def fhir_judge() -> Iterator[Judge]:
    with judge("validator", "countersign.judge.Fhir") as running:
        yield running


def said(fhir_judge: Judge, resource: Json) -> set[Said]:
    return {_short(each) for each in fhir_judge.ask("validate", resource=resource)["messages"]}


def _short(message: dict[str, str]) -> Said:
    """Severity, message id and the place without indices; the code it is about where the place has several."""
    name = message["id"].rpartition("#")[2]
    if name == "dom-6":
        return message["severity"], name, ""
    where = re.sub(r"\[\d+\]|\.ofType\(\w+\)", "", message["where"]).removesuffix("null")
    if where.endswith("meta.security"):
        where = "meta.security"
    about = _about(message["text"]) if name.startswith("Terminology") else ""
    return message["severity"], name, f"{where} {about}".strip()


def _about(text: str) -> str:
    known = {"AIAST": "AIAST", "V3 Value SetPurposeOfUse": "AIAST", "loinc.org": "LOINC", "LOINC": "LOINC"}
    known |= {"AIdeviceTypeCS": "AIdeviceTypeCS", "CodeSystem/countersign": "countersign"}
    return next((short for words, short in known.items() if words in text), text)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_resource_we_write_is_right_but_for_what_is_listed(fhir_judge: Judge, name: str) -> None:
    assert said(fhir_judge, EXAMPLES[name]) - EXPECTED.keys() == set()


def test_nothing_is_excused_that_is_not_said_and_every_reason_is_on_the_page(fhir_judge: Judge) -> None:
    given = set().union(*(said(fhir_judge, each) for each in EXAMPLES.values()))
    assert EXPECTED.keys() - given == set()
    page = (Path(__file__).parents[3] / "docs" / "fhir-resources.md").read_text()
    assert [reason for reason in EXPECTED.values() if f"| {reason} |" not in page] == []


def test_the_validator_does_find_what_is_wrong(fhir_judge: Judge) -> None:
    broken = {**EXAMPLES["Observation, final"], "status": "bogus", "effectiveDateTime": "yesterday"}
    del broken["code"]
    places = {place.partition(" ")[0] for severity, _, place in said(fhir_judge, broken) if severity == "error"}
    assert {"Observation.status", "Observation", "Observation.effective"} <= places


def test_what_lies_on_hapi_after_the_path_is_right_too(fhir_judge: Judge, client: Client) -> None:
    """With references, ids and versions as the server has them."""
    case = Case(findings=2)
    deliver(client, case.wanted(), MemoryLedger())
    written = [each for kind in ORDER for each in client.run(search_all(kind, [("_source:below", "urn:test")]))]
    written += [each for kind in ORDER for each in client.run(search_all(kind, [("_source", case.systems.source)]))]
    assert {each["resourceType"] for each in written} >= {"Patient", "DiagnosticReport", "Observation", "Task"}
    found = {key for each in written for key in said(fhir_judge, each)}
    assert {key for key in found if key[0] == "error"} - EXPECTED.keys() == set()


@pytest.fixture
def read_api(database: Database, issuer: Issuer) -> Iterator[str]:
    """Base URL of our own read API, as a process."""
    extra = {"API_ISSUER": issuer.url, "API_JWKS_URL": issuer.url, "API_AUDIENCE": "countersign"}
    worklist = Worklist(database, {f"COUNTERSIGN_WORKLIST__{name}": value for name, value in extra.items()})
    worklist.start()
    yield f"{worklist.url}/fhir"
    worklist.stop()


def test_hapi_s_client_finds_and_pages_through_our_read_api(
    fhir_judge: Judge, read_api: str, issuer: Issuer, engine: Engine
) -> None:
    with engine.begin() as connection:
        for _ in range(3):
            seeding.put(connection)

    def found(url: str) -> list[str]:
        answer = fhir_judge.ask("search", base=read_api, url=url, token=issuer.token())
        return [reference.partition("/")[0] for reference in answer["references"]]

    assert found("Observation?status=preliminary") == ["Observation"] * 9
    assert found("Observation?status=preliminary&_count=4") == ["Observation"] * 9
    assert found("Observation") == []
    for kind in ("DiagnosticReport", "Task", "Provenance", "Device"):
        assert set(found(kind)) == {kind}, kind


def test_what_our_read_api_says_it_can_do_is_right(fhir_judge: Judge, read_api: str) -> None:
    statement = Client(Endpoint(read_api)).run(read("metadata"))
    assert {key for key in said(fhir_judge, statement) if key[0] != "information"} <= {("warning", "dom-6", "")}

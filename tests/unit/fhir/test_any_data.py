"""Whatever a feed puts into its fields, what we write is valid FHIR."""

from __future__ import annotations

from typing import Any

import fhirkit
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.canonical import Code, Coding, Finding, Identifier, Person, Suggestion
from integration.fhir.diagnostic_report import diagnostic_report
from integration.fhir.elements import literal
from integration.fhir.observation import Links, observation
from integration.fhir.patient import patient
from integration.fhir.service_request import service_request
from integration.fhir.systems import Json
from integration.fhir.wanted import foreign
from tests.fhir_examples import SYSTEMS, report, suggestion

UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
ANY = st.text(max_size=30) | st.sampled_from(["", " ", "XR  CHEST ", "a\x00b", "a\x0bb", "Müller^", "\ud800", " "])
SUBJECT = literal("Patient/1")


def errors(resource: Json) -> list[str]:
    """Of two validators; the model is asked about every value here, whatever `checked` has seen before."""
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    return [str(issue) for issue in fhirkit.validate(resource) if "error" in str(issue)]


@UNTIMED
@given(st.fixed_dictionaries(dict.fromkeys(("value", "authority", "type"), ANY)), ANY, ANY, ANY)
def test_a_patient(identifier: dict[str, str], family: str, given_name: str, born: str) -> None:
    who = report().patient.model_copy(
        update={
            "identifiers": (Identifier(**identifier),),
            "family": family,
            "given": given_name,
            "birth_date": born,
        }
    )
    assert errors(patient(who, SYSTEMS)) == []


@UNTIMED
@given(ANY, ANY, ANY, ANY, ANY)
def test_an_order_and_its_report(code: str, display: str, system: str, number: str, words: str) -> None:
    name = Identifier(value=number, authority=system, type=code)
    order = report().order.model_copy(
        update={
            "procedure": Coding(code=code, display=display, system=system),
            "filler": name,
            "accession": name,
            "placer": name,
            "reason": words,
            "body_site": words,
        }
    )
    person = Person(identifier=name, family=words, given=display)
    given_ = report().model_copy(update={"order": order, "text": words, "interpreter": person})
    for each in (
        service_request("k", given_, SUBJECT, SYSTEMS),
        diagnostic_report("k", given_, SUBJECT, None, SYSTEMS),
    ):
        assert errors(each) == []


@UNTIMED
@given(ANY, ANY, ANY)
def test_an_observation(words: str, name: str, code: str) -> None:
    finding = Finding(id="from_the_catalogue", name=name, codes=(Code(system="urn:x", code=code, display=words),))
    quotes = tuple(quote.model_copy(update={"text": words}) for quote in suggestion().verdict.quotes)
    verdict = suggestion().verdict.model_copy(update={"finding": finding, "quotes": quotes})
    given_ = Suggestion(identifier="i", verdict=verdict, engine=None)
    place = report().order.model_copy(update={"body_site": words})
    links = Links(SUBJECT, literal("DiagnosticReport/3"))
    made = observation(given_, report().model_copy(update={"order": place}), links, "final", SYSTEMS)
    assert errors(made) == []


def test_a_patient_without_any_identifier_cannot_be_found_again_and_says_so() -> None:
    nobody: Any = patient(report().patient.model_copy(update={"identifiers": ()}), SYSTEMS)
    try:
        foreign(nobody)
    except ValueError as error:
        assert "identifier" in str(error)
    else:
        raise AssertionError("a patient without identifiers was accepted")

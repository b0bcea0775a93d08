"""What a CapabilityStatement says, and what follows for writing and polling."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.fhir.capability import Capabilities, Rung, is_supported, read_capabilities
from integration.fhir.polling import Way, way
from integration.fhir.systems import Json

UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def statement(*resources: Json, transaction: bool = False, version: str = "4.0.1") -> Json:
    interaction = [{"code": "transaction"}] if transaction else []
    rest = {"mode": "server", "interaction": interaction, "resource": list(resources)}
    return {"resourceType": "CapabilityStatement", "fhirVersion": version, "rest": [rest]}


def resource(kind: str, *interactions: str, params: tuple[str, ...] = (), **more: Any) -> Json:
    named = [{"name": name, "type": "token"} for name in params]
    return {"type": kind, "interaction": [{"code": code} for code in interactions], "searchParam": named, **more}


# The facts of a published EHR CapabilityStatement (R4): Observations can be created and searched for, Device and
# Task are read-only, there is no transaction, no conditional create, no Subscription, no _lastUpdated.
EHR = statement(
    resource("Observation", "create", "read", "search-type", params=("patient", "category", "identifier")),
    resource("DiagnosticReport", "read", "search-type", params=("patient", "date", "category")),
    resource("Device", "read", "search-type", params=("patient",)),
    resource("Task", "read", "search-type", params=("patient",)),
    resource("Provenance", "read"),
    resource("Patient", "read", "search-type", params=("identifier",)),
)


@pytest.mark.parametrize(
    ("given_", "rung"),
    [
        (resource("Observation", "create", conditionalCreate=True), Rung.CONDITIONAL_CREATE),
        (resource("Observation", "create", "update", updateCreate=True), Rung.UPDATE_CREATE),
        (resource("Observation", "create", "search-type", params=("identifier",)), Rung.SEARCH),
        (resource("Observation", "create"), Rung.NONE),
        (resource("Observation", "read", "search-type", params=("identifier",)), Rung.NONE),
        (resource("Patient", "create", conditionalCreate=True), Rung.NONE),
    ],
)
def test_the_rung_is_the_safest_the_server_names(given_: Json, rung: Rung) -> None:
    assert read_capabilities(statement(given_)).rung("Observation") is rung


def test_an_ehr_of_few_abilities_gets_observations_and_is_polled_by_date() -> None:
    found = read_capabilities(EHR)
    rungs = {kind: found.rung(kind) for kind in ("Observation", "Device", "Task", "Provenance")}
    assert rungs == {"Observation": Rung.SEARCH, "Device": Rung.NONE, "Task": Rung.NONE, "Provenance": Rung.NONE}
    assert (found.transaction, found.rest_hook, found.topics) == (False, False, ())
    assert way(found) is Way.DATE


@pytest.mark.parametrize(
    ("interactions", "params", "chosen"),
    [
        (("search-type", "history-type"), ("_lastUpdated", "issued"), Way.LAST_UPDATED),
        (("search-type", "history-type"), ("issued",), Way.HISTORY),
        (("search-type",), ("issued", "date"), Way.ISSUED),
        (("search-type",), ("date",), Way.DATE),
        (("search-type",), ("patient",), Way.NONE),
        (("read",), ("_lastUpdated",), Way.NONE),
    ],
)
def test_changes_are_looked_for_in_the_best_way_there_is(
    interactions: tuple[str, ...], params: tuple[str, ...], chosen: Way
) -> None:
    assert way(read_capabilities(statement(resource("DiagnosticReport", *interactions, params=params)))) is chosen


def test_a_parameter_named_for_all_types_counts_for_each() -> None:
    given_ = statement(resource("DiagnosticReport", "search-type"))
    given_["rest"][0]["searchParam"] = [{"name": "_lastUpdated", "type": "date"}]
    assert way(read_capabilities(given_)) is Way.LAST_UPDATED


def test_topics_are_found_in_both_of_their_extensions() -> None:
    backport = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition"
    url = f"{backport}/capabilitystatement-subscriptiontopic-canonical"
    named = [{"url": url, "valueCanonical": "https://ehr.example.org/SubscriptionTopic/diagnosticreport-final"}]
    profile = [f"{backport}/backport-subscription|1.1.0"]
    found = read_capabilities(statement(resource("Subscription", "create", extension=named, supportedProfile=profile)))
    assert found.topics == ("https://ehr.example.org/SubscriptionTopic/diagnosticreport-final",)
    assert (found.backport, found.rest_hook) == (True, True)


@pytest.mark.parametrize(
    ("version", "supported"), [("4.0.1", True), ("4.3.0", True), ("5.0.0", False), ("3.0.2", False)]
)
def test_r4_and_r4b_are_supported(version: str, supported: bool) -> None:
    assert is_supported(read_capabilities(statement(version=version))) is supported


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@UNTIMED
@given(st.dictionaries(st.sampled_from(["rest", "software", "fhirVersion"]), JSON), JSON)
def test_whatever_a_statement_holds_reading_gives_an_answer(outer: Json, rest: Any) -> None:
    for each in (outer, {"rest": rest}, {"rest": [{"mode": "server", "resource": rest, "security": rest}]}):
        assert isinstance(read_capabilities(each), Capabilities)

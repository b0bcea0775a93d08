"""Whatever stands in Patient.link, it is a merge, nothing, or left to a person; never an exception."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from integration.fhir.patient_links import has_links, read_links
from tests.fhir_examples import SYSTEMS

WORDS = st.text(max_size=8) | st.sampled_from(["Patient/2", "Patient/1", "#c", "replaced-by", "replaces", "x" * 300])
ODD = st.none() | st.integers() | WORDS | st.lists(WORDS, max_size=2)
NUMBER = st.fixed_dictionaries({}, optional={"system": WORDS | ODD, "value": WORDS | ODD, "use": ODD | st.just("old")})
LINK = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["replaced-by", "replaces", "refer", ""]) | ODD,
        "other": ODD | st.fixed_dictionaries({"reference": st.just("Patient/2") | WORDS}),
    },
)
PATIENT = st.fixed_dictionaries(
    {"resourceType": st.just("Patient"), "id": st.sampled_from(["1", "2"]) | ODD},
    optional={
        "identifier": ODD | st.lists(NUMBER | ODD, max_size=3),
        "link": ODD | LINK | st.lists(LINK | ODD, max_size=3),
        "meta": ODD | st.fixed_dictionaries({"lastUpdated": st.just("2026-09-14T12:00:00Z") | ODD}),
    },
)


@settings(max_examples=300)
@given(st.lists(PATIENT | ODD, max_size=3))
def test_any_patient_is_read(patients: list[Any]) -> None:
    found = read_links({"entry": [{"resource": each} for each in patients]}, SYSTEMS)

    assert not (found.merges and found.quarantined)
    assert all(each.prior != each.surviving and not each.undone for each in found.merges)
    for each in patients:
        has_links(each)

"""What a history says was deleted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from integration.fhir.deletion import deleted_references, deletion
from integration.fhir.exchange import Page
from integration.fhir.notification import Hint
from integration.fhir.polling import hints

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["entry", "request", "method", "url"]), inner),
)


@given(JSON)
def test_whatever_comes_is_read_without_an_error(anything: object) -> None:
    assert all(isinstance(each, str) for each in deleted_references(anything))


def test_a_deletion_is_read_back_from_the_form_it_is_stored_in() -> None:
    assert deleted_references(deletion("DiagnosticReport/7")) == ("DiagnosticReport/7",)


def test_a_history_s_deletions_are_looked_at_and_those_of_other_types_are_not() -> None:
    page = Page((), "", deleted=("DiagnosticReport/7", "DiagnosticReport/8/_history/2", "Patient/9", "nonsense"))
    assert hints(page) == (Hint("DiagnosticReport", "7"), Hint("DiagnosticReport", "8"))

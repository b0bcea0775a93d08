"""The writer against HAPI FHIR: what it proves on the embedded server, it proves on the reference server of the field.

HAPI names neither `batch` nor `updateCreate` in its CapabilityStatement, though it does both: that rung is offered to
the writer by a proxy here.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from integration.fhir.capability import Rung, capabilities
from integration.fhir.client import Client, Endpoint
from integration.fhir.systems import Json
from integration.fhir.write import write
from tests.contract.hapi.conftest import Hapi
from tests.integration.fhir.servers import Proxy, without
from tests.integration.fhir.test_client import (  # noqa: F401
    test_a_search_follows_next_to_the_end_and_gives_each_resource_once,
    test_a_stale_version_is_a_conflict,
    test_sync_and_async_read_the_same,
    test_what_is_not_there_and_what_was_deleted_is_not_found,
)
from tests.integration.fhir.test_write import (  # noqa: F401
    test_a_lost_ledger_is_no_second_set,
    test_a_lost_update_followed_by_another_wish_is_no_conflict,
    test_a_patient_named_once_costs_no_search_where_creating_is_conditional,
    test_a_refusal_that_was_not_announced_holds_back_only_what_explains,
    test_an_edit_by_others_is_a_conflict_that_names_what_is_there_now,
    test_an_identifier_with_characters_a_search_gives_a_meaning_to_is_found_again,
    test_another_patient_s_report_with_our_accession_number_is_not_taken_for_ours,
    test_lost_answers_leave_one_observation_each,
    test_two_workers_at_once_make_one_set,
    test_what_the_ehr_has_is_found_by_identifier_and_never_changed,
)
from tests.integration.fhir.wanted_set import Case, MemoryLedger, counts


def update_create(statement: Json) -> Json:
    """What HAPI does and does not say."""
    changed = without(transaction=True, conditional=True)(statement)
    for resource in changed["rest"][0]["resource"]:
        resource["updateCreate"] = True
    return changed


RUNGS = {
    Rung.TRANSACTION: without(),
    Rung.CONDITIONAL_CREATE: without(transaction=True),
    Rung.UPDATE_CREATE: update_create,
}


@pytest.mark.parametrize("rung", RUNGS)
def test_eight_workers_at_once_make_one_set_and_none_of_them_stops(
    fhir_server: Hapi, client: Client, rung: Rung
) -> None:
    """HAPI answers 409 to all but one of those who create the same at once."""
    with Proxy(fhir_server.base_url, change=RUNGS[rung]) as proxy:
        found = Client(Endpoint(proxy.base_url)).run(capabilities())
    case = Case(findings=2)

    def work(_: int) -> None:
        outcome = Client(Endpoint(fhir_server.base_url)).run(write(found, case.wanted(), MemoryLedger()))
        assert outcome.kept == {}

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert counts(client, case.systems) == dict.fromkeys(counts(client, case.systems), 1) | {"Observation": 2}

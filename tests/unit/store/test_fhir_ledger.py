"""The ledger of what is on a FHIR server."""

import pytest
from sqlalchemy import Engine

from integration.fhir.errors import Refused
from integration.fhir.wanted import Entry
from services.store.fhir_ledger import StoreLedger

KEY = "Observation?identifier=urn:countersign:identifier:observation|abc"


def test_a_key_never_written_is_unknown(engine: Engine) -> None:
    assert StoreLedger(engine, "ehr", "default").lookup(KEY) is None


def test_what_was_recorded_is_found_again_by_the_same_endpoint_only(engine: Engine) -> None:
    with StoreLedger(engine, "ehr", "default") as ledger:
        ledger.record(KEY, Entry("Observation/12", "1", "d"))
        assert ledger.lookup(KEY) == Entry("Observation/12", "1", "d")
    assert StoreLedger(engine, "ehr", "default").lookup(KEY) == Entry("Observation/12", "1", "d")
    assert StoreLedger(engine, "review", "default").lookup(KEY) is None


def test_what_was_recorded_before_a_failure_is_kept(engine: Engine) -> None:
    with pytest.raises(Refused), StoreLedger(engine, "ehr", "default") as ledger:
        ledger.record(KEY, Entry("Observation/12", "1", "d"))
        raise Refused("no", 422)
    assert StoreLedger(engine, "ehr", "default").lookup(KEY) == Entry("Observation/12", "1", "d")


def test_attempts_are_kept_at_once_until_the_next_record_clears_them(engine: Engine) -> None:
    with StoreLedger(engine, "ehr", "default") as ledger:
        ledger.record(KEY, Entry("Observation/12", "1", "d"))
        ledger.attempt({KEY: {"status": "final"}})
        ledger.attempt({KEY: {"status": "amended"}})
        tried = Entry("Observation/12", "1", "d", ({"status": "final"}, {"status": "amended"}))
        assert ledger.lookup(KEY) == StoreLedger(engine, "ehr", "default").lookup(KEY) == tried
        ledger.record(KEY, Entry("Observation/12", "2", "e"))
    assert StoreLedger(engine, "ehr", "default").lookup(KEY) == Entry("Observation/12", "2", "e")

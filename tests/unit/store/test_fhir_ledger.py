"""The ledger of what is on a FHIR server."""

from sqlalchemy import Engine

from integration.fhir.wanted import Entry
from services.store.fhir_ledger import StoreLedger

KEY = "Observation?identifier=urn:countersign:identifier:observation|abc"


def test_a_key_never_written_is_unknown(engine: Engine) -> None:
    assert StoreLedger(engine, "ehr", "default").lookup(KEY) is None


def test_what_was_recorded_is_found_again_by_the_same_endpoint_only(engine: Engine) -> None:
    StoreLedger(engine, "ehr", "default").record(KEY, Entry("Observation/12", "1", "d"))
    assert StoreLedger(engine, "ehr", "default").lookup(KEY) == Entry("Observation/12", "1", "d")
    assert StoreLedger(engine, "review", "default").lookup(KEY) is None


def test_attempts_pile_up_until_the_next_record_clears_them(engine: Engine) -> None:
    ledger = StoreLedger(engine, "ehr", "default")
    ledger.record(KEY, Entry("Observation/12", "1", "d"))
    ledger.attempt(KEY, {"status": "final"})
    ledger.attempt(KEY, {"status": "amended"})
    assert ledger.lookup(KEY) == Entry("Observation/12", "1", "d", ({"status": "final"}, {"status": "amended"}))
    ledger.record(KEY, Entry("Observation/12", "2", "e"))
    assert ledger.lookup(KEY) == Entry("Observation/12", "2", "e")

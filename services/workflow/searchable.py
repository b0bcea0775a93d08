"""What a message is found by, written in the transaction that takes it in."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection

from integration.canonical import Door
from integration.fhir import search_words as fhir_words
from integration.hl7v2 import search_words as hl7_words
from services.domain.messages import ClaimedJob
from services.domain.words import MessageState
from services.store import message_search


def keep(connection: Connection, job: ClaimedJob, state: MessageState) -> None:
    """Names, numbers and exams of the job's message; of one in quarantine its text too, which no report has."""
    held = state is MessageState.QUARANTINED
    if job.door == Door.HL7.value:
        words, text = hl7_words.words_of(job.body), hl7_words.text_of(job.body) if held else ""
    else:
        bundle: Any = json.loads(job.body)
        words, text = fhir_words.words_of(bundle), fhir_words.text_of(bundle) if held else ""
    message_search.put(connection, job.intake_of, words, text)

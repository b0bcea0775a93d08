"""How many grammars a model server must compile: as many as there are catalogues, however often it is asked again."""

from __future__ import annotations

import json
import random
from typing import Any

from pydantic import AnyHttpUrl

from integration.sglang.chat_answer import ChatAnswer
from integration.sglang.endpoint import ChatCall
from services.engines import EngineSpec
from services.reading.catalogue.library import joined, load
from services.reading.reader import Catalogue, Question, ReadingError
from services.reading.rules.reader import RulesReader
from services.workflow.model_reader import ModelReader

SPEC = EngineSpec(name="any", url=AnyHttpUrl("http://model.test/v1"), model="any", local=True)
TEXT = "FINDINGS: No acute fracture. There may be a small pleural effusion.\nIMPRESSION: Possible effusion."
STATED = ("present", "absent", "uncertain")


class Unsteady:
    """Says something else each time: leaves findings out, doubts, invents passages, quotes true ones."""

    def __init__(self) -> None:
        self.chance = random.Random(7)
        self.schemas: set[str] = set()
        self.calls = 0

    def ask(self, call: ChatCall) -> ChatAnswer:
        self.calls += 1
        self.schemas.add(json.dumps(call.schema_))
        ids = call.schema_["properties"]["findings"]["properties"]
        said = {one: self.said() for one in ids if self.chance.random() < 0.995}
        counts = {"input_tokens": 1, "cached_tokens": 0, "reasoning_tokens": 0, "answer_tokens": 1}
        return ChatAnswer(id="", content=json.dumps({"findings": said}), reasoning="", **counts)

    def said(self) -> Any:
        if self.chance.random() < 0.5:
            return None
        quotes = [self.chance.choice(["Never written.", "Possible effusion."])]
        return {"quotes": quotes, "status": self.chance.choice(STATED), "change": "none"}


def test_a_day_of_readings_repeats_and_votes_needs_one_schema_for_each_catalogue() -> None:
    model = Unsteady()
    reader = ModelReader(SPEC, model, RulesReader(), votes=3)
    catalogues = list(load().catalogues.values())
    day = [*catalogues, *(joined(model.chance.sample(catalogues, 2)) for _ in range(5))]
    read = sum(answers(reader, catalogue) for catalogue in day for _ in range(4))
    assert read > len(catalogues)
    assert model.calls > 3 * read
    assert len(model.schemas) == len(catalogues)


def answers(reader: ModelReader, catalogue: Catalogue) -> bool:
    try:
        reader.read(Question(text=TEXT, catalogue=catalogue))
    except ReadingError:
        return False
    return True

"""Answers kept on disk: named by everything they depend on, whole after any kill, and only one writer."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.engines import About, EngineError, EngineSpec, Price
from services.evaluation.answer_cache import FILE, Kept, KeptError, key
from services.evaluation.answers import question_for
from services.evaluation.contestants import Contestant, catalogues_digest, code_digest, lineup
from services.evaluation.run import GIVE_UP, run
from services.reading.catalogue import Library, load
from services.reading.reader import Failing, Question, Reading, ReadingError
from services.reading.rules.reader import RulesReader
from tests.unit.evaluation.made import answer, contestant, item

SPEC = {"name": "m", "url": "http://127.0.0.1:1/v1", "model": "x", "local": True}


def _engine(**more: object) -> Contestant:
    spec = EngineSpec.model_validate(SPEC | more)
    return lineup([spec.name], {spec.name: spec}, synthetic=True, library=load())[0]


def test_an_answer_is_found_again_only_under_the_same_versions_and_parameters() -> None:
    question = question_for(item(0, "pa"), load()).question
    versions = _engine().versions
    same = key(versions, question)

    assert key(_engine(name="renamed").versions, question) == same
    assert key(_engine(about=About(price=Price(input=1, output=2))).versions, question) == same
    assert key(_engine(timeout=9).versions, question) == same
    for change in ({"model": "y"}, {"temperature": 0.1}, {"url": "http://127.0.0.1:2/v1"}, {"max_tokens": 512}):
        assert key(_engine(**change).versions, question) != same
    for change in ({"prompt": "p"}, {"code": "c"}, {"package": "9"}):
        assert key(versions.model_copy(update=change), question) != same


def test_another_catalogue_or_another_text_asks_anew() -> None:
    versions = contestant("e").versions
    question = question_for(item(0, "p"), load()).question
    candidate = question.catalogue.candidates[0].model_copy(update={"definition": "Something else."})
    changed = question.catalogue.model_copy(update={"candidates": (candidate,)})

    names = {
        key(versions, each)
        for each in (
            question,
            question.model_copy(update={"text": "Another."}),
            question.model_copy(update={"catalogue": changed}),
        )
    }
    assert len(names) == 3


def test_the_versions_tell_a_changed_catalogue() -> None:
    library = load()
    chest = library.catalogues["chest_xray"].model_copy(update={"version": "trial"})
    changed = Library(library.files, library.catalogues | {"chest_xray": chest})

    assert catalogues_digest(changed) != catalogues_digest(library) == catalogues_digest(load())


def test_the_code_that_reads_is_part_of_the_versions() -> None:
    assert code_digest() == lineup(["rules"], {}, synthetic=False, library=load())[0].versions.code


def test_what_a_kill_cut_off_is_asked_again_and_nothing_else(tmp_path: Path) -> None:
    with Kept(tmp_path) as kept:
        kept.put("first", answer("p"))
        kept.put("second", answer("a"))
    whole = (tmp_path / FILE).read_bytes()
    for cut in range(whole.index(b"\n") + 1, len(whole)):
        (tmp_path / FILE).write_bytes(whole[:cut])
        with Kept(tmp_path) as kept:
            assert kept.get("first") == answer("p")
            kept.put("third", answer("u"))
        with Kept(tmp_path) as kept:
            assert (kept.get("first"), kept.get("third")) == (answer("p"), answer("u"))


def test_a_second_evaluation_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    with Kept(tmp_path), pytest.raises(KeptError, match="another evaluation is writing there"):
        Kept(tmp_path)


def test_kept_answers_are_their_owners_only(tmp_path: Path) -> None:
    with Kept(tmp_path):
        assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_an_engine_outside_the_house_takes_part_on_synthetic_text_only() -> None:
    spec = EngineSpec.model_validate(SPEC | {"local": False})

    assert lineup(["m"], {"m": spec}, synthetic=True, library=load())[0].name == "m"
    with pytest.raises(EngineError, match="may not leave"):
        lineup(["m"], {"m": spec}, synthetic=False, library=load())
    with pytest.raises(EngineError, match="no engine 'n'"):
        lineup(["n"], {"m": spec}, synthetic=True, library=load())


class Away(RulesReader):
    """A reader whose server is gone after some readings."""

    def __init__(self, good: int) -> None:
        super().__init__()
        self.good = good
        self.asked = 0

    def read(self, question: Question) -> Reading:
        self.asked += 1
        if self.asked > self.good:
            raise ReadingError("nobody answers", retryable=True, outage=True, failing=Failing.AWAY)
        return super().read(question)


def test_an_engine_that_is_away_is_left_alone_and_asked_again_by_the_next_run(tmp_path: Path) -> None:
    items = [item(number, "p") for number in range(20)]
    gone, back = Away(good=3), Away(good=99)
    made = contestant("e")
    with Kept(tmp_path) as kept:
        found = run(items, [Contestant("e", gone, made.versions, made.about)], load(), kept)["e"]
    with Kept(tmp_path) as kept:
        again = run(items, [Contestant("e", back, made.versions, made.about)], load(), kept)["e"]

    assert gone.asked == 3 + GIVE_UP
    assert [each.failure for each in found] == [None] * 3 + [Failing.AWAY] * 17
    assert back.asked == 17
    assert not any(each.failure for each in again)

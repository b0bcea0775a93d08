"""Models side by side, repeats, costs of a node of one's own, and the sentence that decides."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import AnyHttpUrl, ValidationError

from services.engines import RULES, About, EngineError, EngineSpec, NodeCost, Price, with_budgets
from services.evaluation.answers import Answered
from services.evaluation.costs import costs
from services.evaluation.deciding import decisions
from services.evaluation.errors import EvaluationError
from services.evaluation.model_cards import model_cards
from services.evaluation.quest_file import Quest, read_quest
from services.evaluation.repeats import repeats_of
from services.evaluation.report import plots, tables
from services.evaluation.report.model_table import models
from services.evaluation.result import Result, result_of
from services.reading.reader import Usage
from tests.unit.evaluation.made import answer, contestant, item

GOLD = "ppaaunnnpa"
USAGE = Usage(input_tokens=2000, reasoning_tokens=900, answer_tokens=100, calls=1, seconds=2.0)


def made(reports: int, said: dict[str, str], about: dict[str, About], wrong: int = 0) -> Result:
    """Engines that say these letters of every report; `wrong`: of so many reports the last engine is all wrong."""
    items = [item(number, GOLD) for number in range(reports)]
    answers: dict[str, list[Answered]] = {
        name: [answer(letters, USAGE) for _ in items] for name, letters in said.items()
    }
    last = list(said)[-1]
    answers[last] = [answer("n" * 10, USAGE) if at < wrong else each for at, each in enumerate(answers[last])]
    engines = [contestant(name, about.get(name), model=name.split("-")[0]) for name in said]
    return result_of("made", items, engines, [answers], resamples=500)


CHEAP, DEAR = About(price=Price(input=0, output=1)), About(price=Price(input=0, output=3))


def test_as_good_and_cheaper_is_said_with_what_it_saves() -> None:
    found = made(300, {"a": GOLD, "b": GOLD}, {"a": CHEAP, "b": DEAR})
    assert decisions(found) == [
        "On these 300 reports a is not worse than b by more than 2 points of accuracy (95 % interval +0.0 to +0.0 "
        "points) and costs a third."
    ]


def test_the_cheaper_one_is_spoken_of_whichever_comes_first() -> None:
    (said,) = decisions(made(300, {"a": GOLD, "b": GOLD}, {"a": DEAR, "b": CHEAP}))
    assert said.startswith("On these 300 reports b is not worse than a") and said.endswith("costs a third.")


def test_worse_is_said_to_be_worse() -> None:
    (said,) = decisions(made(300, {"a": GOLD, "b": "n" * 10}, {"a": DEAR, "b": CHEAP}))
    assert "b is worse than a by more than 2 points" in said
    assert "costs" not in said, "what is worse saves nothing worth a word"


def test_few_reports_leave_it_open_and_say_so() -> None:
    (said,) = decisions(made(12, {"a": GOLD, "b": GOLD}, {"a": DEAR, "b": CHEAP}, wrong=1))
    assert "it is open whether b is worse than a" in said
    assert "costs" not in said


def test_the_margin_decides() -> None:
    found = made(300, {"a": GOLD, "b": GOLD}, {"a": DEAR, "b": CHEAP}, wrong=6)
    (open_or_worse,) = decisions(found, margin=0.005)
    (fine,) = decisions(found, margin=0.1)
    assert "is not worse" not in open_or_worse
    assert "is not worse" in fine


@pytest.mark.parametrize(
    ("a", "b"),
    [(About(), CHEAP), (CHEAP, About(price=Price(input=0, output=3, currency="EUR"))), (CHEAP, CHEAP)],
)
def test_without_prices_in_one_currency_no_saving_is_claimed(a: About, b: About) -> None:
    (said,) = decisions(made(300, {"a": GOLD, "b": GOLD}, {"a": a, "b": b}))
    assert not re.search(r"costs (half|a |0)", said)


def test_a_node_of_ones_own_costs_its_price_by_what_it_reads_in_an_hour() -> None:
    about = About(node=NodeCost(price=40, reports_an_hour=8000, currency="EUR"))
    found = costs([answer("p", USAGE)], about, 1)
    assert (found.per_1000, found.currency) == (5.0, "EUR")
    with pytest.raises(ValidationError, match="give one"):
        About(node=NodeCost(price=40, reports_an_hour=8000), price=Price(input=1, output=1))


def cells(found: Result, model: str, quest: dict[str, Quest] | None = None) -> list[dict[str, str]]:
    """The rows of a model."""
    shown = models(found, quest)
    return [dict(zip(shown.columns, row, strict=True)) for row in shown.rows if row[0] == model]


def test_every_card_is_a_row_and_one_without_an_engine_shows_nothing_measured() -> None:
    found = made(12, {"rules": GOLD, "ours": GOLD}, {"ours": About(card="deepseek-r1")})
    for card in model_cards().values():
        (row,) = cells(found, card.name)
        measured = list(row.values())[9:]
        assert row["MMLU (published)"] == f"{card.mmlu:g}"
        assert (set(measured) == {"–"}) == (card.id != "deepseek-r1")
    assert [row["Measured here as"] for row in cells(found, "rules")] == ["rules"]


def test_one_model_with_several_budgets_is_a_row_for_each() -> None:
    about = About(card="deepseek-r1")
    found = made(12, {"r1-think-0": GOLD, "r1-think-512": GOLD}, {"r1-think-0": about, "r1-think-512": about})
    assert [row["Measured here as"] for row in cells(found, "DeepSeek-R1")] == ["r1-think-0", "r1-think-512"]
    drawn = plots.accuracy_for_tokens(found)
    assert drawn and drawn.legend == ("r1-think-0", "r1-think-512")


def test_nothing_is_drawn_where_no_model_took_part_twice() -> None:
    assert plots.accuracy_for_tokens(made(12, {"rules": GOLD, "a": GOLD}, {})) is None


def test_every_card_names_its_source() -> None:
    for card in model_cards().values():
        assert card.url.startswith("https://") and card.mmlu_source
        assert 0 < card.mmlu < 100


def test_quest_ratings_stand_beside_their_engine(tmp_path: Path) -> None:
    path = tmp_path / "quest.csv"
    path.write_text("dimension,week,engine,model,mean of 1 to 5,n\nsafety,w,ours,m,4.00,1\ntrust,w,ours,m,3.00,3\n")
    found = made(12, {"rules": GOLD, "ours": GOLD}, {"ours": About(card="deepseek-r1")})
    (row,) = cells(found, "DeepSeek-R1", read_quest(path))
    assert row["QUEST (n)"] == "3.25 (4)"


@pytest.mark.parametrize(("text", "told"), [("a,b\n", "no column"), ("engine,mean of 1 to 5,n\nr1,high,2\n", "line 2")])
def test_another_file_is_no_ratings(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "q.csv").write_text(text)
    with pytest.raises(EvaluationError, match=told):
        read_quest(tmp_path / "q.csv")


def test_repeats_say_how_far_scores_move_and_how_many_labels_change() -> None:
    items = [item(number, "pppp") for number in range(2)]
    runs = [{"m": [answer(said) for said in each]} for each in (["pppp", "pppp"], ["pppa", "pppp"], ["pppp", "ppaa"])]
    found = repeats_of(items, runs)["m"]
    assert [each.accuracy for each in found] == [1.0, 0.875, 0.75]
    assert [each.changed for each in found] == [0.0, 0.125, 0.25]
    shown = tables.repeats(result_of("made", items, [contestant("m")], runs, resamples=100))
    assert shown and shown.rows[0] == ("m", "3", "0.750, 0.875, 1.000", shown.rows[0][3], "18.8%")


def test_what_was_asked_once_has_no_repeats() -> None:
    assert tables.repeats(made(12, {"rules": GOLD, "a": GOLD}, {})) is None


def spec(**more: object) -> EngineSpec:
    said = {"name": "r1", "url": AnyHttpUrl("http://m/v1"), "model": "m", "local": True}
    return EngineSpec.model_validate(said | more)


def test_each_model_takes_part_once_with_each_budget_and_the_rules_once() -> None:
    engines, names = with_budgets({"r1": spec(thinking_budget=99)}, [RULES, "r1"], [0, 512, 512])
    assert names == [RULES, "r1-think-0", "r1-think-512"]
    assert [engines[name].thinking_budget for name in names[1:]] == [0, 512]


@pytest.mark.parametrize(
    ("engine", "budget", "told"),
    [(spec(dialect="openai"), 0, "never sends thinking_budget"), (spec(max_tokens=512), 512, "must leave room")],
)
def test_a_budget_that_would_not_be_kept_is_refused(engine: EngineSpec, budget: int, told: str) -> None:
    with pytest.raises(EngineError, match=told):
        with_budgets({"r1": engine}, ["r1"], [budget])

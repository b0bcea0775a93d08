"""engines.yaml: what may stand in it, and how a mistake is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.sglang.endpoint import Dialect
from services.engines import EngineError, load_engines, read_engines

GOOD = """\
engines:
  - name: r1
    url: http://sglang:30000/v1
    model: deepseek-r1
    local: true
    temperature: 0.6
    thinking_budget: 2048
  - name: o1
    url: https://api.example.com/v1
    model: o1
    local: false
    dialect: openai-reasoning
    api_key_env: O1_KEY
"""


def folder(tmp_path: Path, text: str) -> Path:
    (tmp_path / "engines.yaml").write_text(text)
    return tmp_path


def test_the_engines_of_the_file_are_there_by_name(tmp_path: Path) -> None:
    engines = load_engines(folder(tmp_path, GOOD))
    assert list(engines) == ["r1", "o1"]
    endpoint = engines["r1"].endpoint({})
    assert (endpoint.url, endpoint.model, endpoint.root) == (
        "http://sglang:30000/v1",
        "deepseek-r1",
        "http://sglang:30000",
    )
    assert (endpoint.dialect, endpoint.thinking_budget, endpoint.proxy) == (Dialect.SGLANG, 2048, False)
    assert engines["o1"].endpoint({"O1_KEY": "k"}).proxy


def test_without_a_folder_or_a_file_there_are_none(tmp_path: Path) -> None:
    assert load_engines(None) == {}
    assert load_engines(tmp_path) == {}


def test_a_key_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from file\n")
    text = GOOD.replace("api_key_env: O1_KEY", f"api_key_file: {tmp_path / 'key'}")
    for found, environ in ((text, {}), (GOOD, {"O1_KEY": "from file"})):
        key = load_engines(folder(tmp_path, found))["o1"].endpoint(environ).api_key
        assert key is not None
        assert key.get_secret_value() == "from file"


def test_a_key_that_cannot_be_had_names_the_engine_and_the_variable(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"engine o1: the variable O1_KEY .* is not set"):
        load_engines(folder(tmp_path, GOOD))["o1"].endpoint({})


def test_a_key_is_in_no_text_of_an_endpoint(tmp_path: Path) -> None:
    assert "hunter2" not in repr(load_engines(folder(tmp_path, GOOD))["o1"].endpoint({"O1_KEY": "hunter2"}))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("local: true", "locale: true", ["line 2: engines.0.local: Field required", "line 5: engines.0.locale: Extra"]),
        ("http://sglang:30000/v1", "sglang", ["line 3: engines.0.url: Input should be a valid URL"]),
        ("temperature: 0.6", "temperature: 3", ["line 6: engines.0.temperature"]),
        (
            "thinking_budget: 2048",
            "thinking_budget: 9000",
            ["line 2: engines.0: Value error, thinking_budget"],
        ),
        ("name: r1", "name: rules", ["line 2: engines.0.name: Value error, `rules` is built in"]),
        ("name: o1", "name: r1", ["line 2: a second engine 'r1'"]),
        ("dialect: openai-reasoning", "dialect: openai-reasoning\n    top_p: 1", ["never sends top_p: leave it out"]),
        (
            "dialect: openai-reasoning",
            "dialect: openai-reasoning\n    system_prompt: true",
            ["never sends system_prompt"],
        ),
        (
            "dialect: openai-reasoning",
            "dialect: openai\n    thinking_budget: 64",
            ["never sends thinking_budget: leave"],
        ),
        ("dialect: openai-reasoning", "dialect: openai\n    cache_by_site: true", ["never sends cache_by_site"]),
        (
            "model: o1",
            "model: o1\n    extra_body: {n: 2}",
            ["line 8: engines.1: Value error, extra_body may not set n"],
        ),
        (
            "model: o1",
            "model: o1\n    response_format: xml",
            ["engines.1.response_format", "'json_schema' or 'json_object'"],
        ),
        ("dialect: openai-reasoning", "dialect: chatty", ["line 12: engines.1.dialect", "'sglang', 'openai'"]),
        ("engines:", "engines: [", ["not YAML"]),
        (GOOD, "- r1\n", ["line 1: expected a mapping with the key `engines`"]),
    ],
)
def test_a_mistake_is_told_with_file_line_and_reason(tmp_path: Path, old: str, new: str, told: list[str]) -> None:
    with pytest.raises(EngineError) as caught:
        load_engines(folder(tmp_path, GOOD.replace(old, new)))
    assert all(part in str(caught.value) for part in told), str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "engines.yaml"))


@given(st.text(alphabet="engis:-[]{} \n\"'#&*!|>%@`ab1", max_size=80))
def test_any_file_is_read_or_refused_with_its_name(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    where = tmp_path_factory.mktemp("engines")
    try:
        load_engines(folder(where, text))
    except EngineError as error:
        assert "engines.yaml" in str(error)


def test_the_example_of_the_documentation_is_read_and_no_hosted_model_is_taken_for_one_in_the_house() -> None:
    engines = read_engines(Path("docs/evaluation/engines.yaml"))

    assert [name for name, engine in engines.items() if engine.local] == ["r1", "v3", "llama-3.3-70b"]
    assert [engine.about.context_window for engine in engines.values()] == [128000, 128000, 128000, 128000, 200000]
    assert all(engine.about.source for engine in engines.values())

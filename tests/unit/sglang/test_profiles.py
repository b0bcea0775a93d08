"""The launch profiles: complete, reasoned, and what design and chart rely on. SGLang itself judges the flags."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import AnyHttpUrl

from integration.sglang.profiles import Profile, ProfileError, load_profiles, profile_named
from services.engines import EngineSpec

PROFILES = load_profiles()
THINKING = (
    "r1-8xh200",
    "r1-8xh200-dp",
    "r1-8xh200-fp8kv",
    "r1-distill-70b-1xh200",
    "r1-distill-qwen-32b-1xh200",
    "tiny-cpu",
)
FLAGS = json.loads((Path(__file__).parents[2] / "contract/sglang/flags.json").read_text(encoding="utf-8"))["flags"]
"""As SGLang's own parser said; `make test-sglang` asks it anew."""


def test_the_profiles_of_the_documentation_are_there() -> None:
    assert list(PROFILES) == [
        "r1-8xh200",
        "r1-8xh200-dp",
        "r1-8xh200-fp8kv",
        "v3-8xh200",
        "v3.1-8xh200",
        "llama-3.3-70b-1xh200",
        "r1-distill-70b-1xh200",
        "r1-distill-qwen-32b-1xh200",
        "tiny-cpu",
    ]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
def test_every_flag_and_variable_has_its_reason(profile: Profile) -> None:
    for name, choice in (profile.flags | profile.environment).items():
        assert len(choice.reason) > 5, name


@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
def test_every_flag_is_one_of_sglangs_and_none_is_on_its_way_out(profile: Profile) -> None:
    assert FLAGS["--enable-dp-attention"]
    given = {f"--{name}" for name in profile.flags}
    assert given <= FLAGS.keys()
    assert {name for name in given if FLAGS[name]} == set()


@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
def test_the_engine_that_goes_with_a_profile_can_stand_in_engines_yaml(profile: Profile) -> None:
    url = AnyHttpUrl("http://sglang:30000/v1")
    spec = EngineSpec.model_validate({"name": profile.name, "url": url, "local": True, **profile.engine})
    assert spec.model == profile.flags["served-model-name"].value
    assert spec.max_tokens_retry < int(profile.flags["context-length"].value)


@pytest.mark.parametrize("name", THINKING)
def test_a_thinking_model_is_started_so_that_a_budget_counts(name: str) -> None:
    profile = PROFILES[name]
    assert {"reasoning-parser", "enable-strict-thinking"} <= profile.flags.keys()
    assert int(profile.environment["SGLANG_MAX_THINK_TOKENS"].value) >= profile.engine["thinking_budget"]


@pytest.mark.parametrize("name", [name for name in PROFILES if name not in THINKING])
def test_a_model_that_does_not_think_is_started_without_a_parser_for_it(name: str) -> None:
    assert not {"reasoning-parser", "enable-strict-thinking"} & PROFILES[name].flags.keys()
    assert "SGLANG_MAX_THINK_TOKENS" not in PROFILES[name].environment


def test_the_throughput_profile_differs_from_the_default_by_its_own_flags_alone() -> None:
    one, other = PROFILES["r1-8xh200"], PROFILES["r1-8xh200-dp"]
    assert other.flags.keys() - one.flags.keys() == {"attn-dp-size"}
    differing = {name for name in one.flags if other.flags[name] != one.flags[name]}
    assert differing == {"max-running-requests"}
    assert (other.model, other.environment, other.engine) == (one.model, one.environment, one.engine)


def test_r1_runs_with_the_sampling_its_makers_recommend() -> None:
    engine = PROFILES["r1-8xh200"].engine
    assert (engine["temperature"], engine["top_p"], engine["system_prompt"]) == (0.6, 0.95, False)


@pytest.mark.parametrize("name", [name for name in PROFILES if name != "tiny-cpu"])
def test_weights_from_a_hub_need_a_revision_and_none_is_written_here(name: str) -> None:
    with pytest.raises(ProfileError, match="--revision"):
        PROFILES[name].arguments()
    assert "--revision" not in PROFILES[name].arguments(model_path="/models/r1")
    assert PROFILES[name].arguments(revision="abc")[:4] == ["--model-path", PROFILES[name].model, "--revision", "abc"]


def test_a_flag_without_a_value_is_one_word() -> None:
    words = PROFILES["r1-8xh200"].arguments(revision="abc")
    assert words[words.index("--enable-metrics") + 1].startswith("--")
    assert words[words.index("--tp-size") + 1] == "8"


def test_an_unknown_profile_is_told_with_those_there_are() -> None:
    with pytest.raises(ProfileError, match="no profile 'r2': there are r1-8xh200, "):
        profile_named("r2")

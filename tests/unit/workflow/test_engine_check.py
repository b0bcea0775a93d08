"""What `engine check` and `doctor` say of a model server, by what the server says and answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pydantic import AnyHttpUrl

from integration.sglang.client import ModelClient
from integration.sglang.profiles import profile_named
from services.engines import EngineSpec
from services.workflow.engine_check import Check, look, try_out

PROFILE = profile_named("r1-8xh200")
AS_STARTED = {name.replace("-", "_"): choice.value for name, choice in PROFILE.flags.items()}
SILENT = {"findings": {"pneumothorax": None, "pleural_effusion": None, "cardiomegaly": None}}


class Server:
    """Answers as it is told; `asked` are the bodies of the calls for an answer."""

    def __init__(self) -> None:
        memory = {"memory_usage": {"weight": 83.9, "token_capacity": 445000}}
        self.info: dict[str, Any] = {"version": "0.5.23", "model_path": "/models/r1", **AS_STARTED}
        self.info["internal_states"] = [memory]
        self.models = ["deepseek-r1"]
        self.content = json.dumps(SILENT)
        self.message: dict[str, Any] = {"reasoning_content": "hm"}
        self.usage: dict[str, int] = {"completion_tokens": 40, "reasoning_tokens": 30}
        self.abort = 200
        self.asked: list[dict[str, Any]] = []

    def told(self, path: str) -> Any:
        return {
            "/ready": {},
            "/v1/models": {"data": [{"id": one} for one in self.models]},
            "/server_info": self.info,
            "/model_info": {"architectures": ["DeepseekV3ForCausalLM"]},
        }.get(path)

    def answer(self) -> Any:
        choice = {"message": {"content": self.content, **self.message}, "finish_reason": "stop"}
        return {"id": "1", "choices": [choice], "usage": self.usage}


@pytest.fixture
def server() -> Iterator[Server]:
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply(told.told(self.path))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path == "/abort_request":
                self.reply({}, told.abort)
            else:
                told.asked.append(body)
                self.reply(told.answer())

        def reply(self, said: Any, status: int = 200) -> None:
            body = json.dumps(said).encode()
            self.send_response(404 if said is None else status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
    told.url = f"http://127.0.0.1:{http.server_port}/v1"  # type: ignore[attr-defined]
    yield told
    http.shutdown()
    http.server_close()


def spec_for(server: Server, **more: Any) -> EngineSpec:
    said = {"name": "r1-8xh200", "model": "deepseek-r1", "local": True, "thinking_budget": 2048, "attempts": 1}
    return EngineSpec.model_validate(said | {"url": server.url} | more)  # type: ignore[attr-defined]


def seen(server: Server, **more: Any) -> dict[str, Check]:
    spec = spec_for(server, **more)
    return {one.what: one for one in look(spec, ModelClient(spec.endpoint()))}


def tried(server: Server, **more: Any) -> dict[str, Check]:
    spec = spec_for(server, **more)
    return {one.what: one for one in try_out(spec, ModelClient(spec.endpoint()))}


def test_a_server_says_what_it_is(server: Server) -> None:
    found = seen(server)
    assert all(one.well for one in found.values())
    assert found["server"].says.startswith(
        "SGLang 0.5.23, DeepseekV3ForCausalLM, /models/r1, attention fa3, tensor par"
    )
    assert found["server"].says.endswith("83.9 GB of weights a GPU, KV cache for 445,000 tokens")
    assert found["profile"].says == "started as r1-8xh200 says"


def test_a_flag_other_than_the_profiles_is_named(server: Server) -> None:
    server.info |= {"attention_backend": "triton", "tp_size": 4}
    check = seen(server)["profile"]
    assert (check.well, check.says) == (
        False,
        "not started as r1-8xh200: tp-size is 4, not 8; attention-backend is triton, not fa3",
    )


def test_a_value_that_the_server_made_of_the_flag_as_given_is_no_other_flag(server: Server) -> None:
    server.info |= {"chunked_prefill_size": 4096, "launch_command": "--tp-size 8 --chunked-prefill-size 32768"}
    assert seen(server)["profile"].well


def test_an_engine_of_another_name_says_its_profile_or_is_compared_with_none(server: Server) -> None:
    server.info["tp_size"] = 4
    assert seen(server, name="mine")["profile"].well
    assert not seen(server, name="mine", profile="r1-8xh200")["profile"].well


def test_a_model_that_is_not_served_is_told_with_those_that_are(server: Server) -> None:
    server.models = ["llama"]
    assert seen(server)["model"] == Check(
        "model", False, "deepseek-r1 is not served, but llama: correct `model` in engines.yaml"
    )


def test_a_server_of_another_make_is_asked_for_its_models_alone(server: Server) -> None:
    found = seen(server, dialect="openai", thinking_budget=None)
    assert list(found) == ["server", "model"]
    assert found["server"].says == "ready"


def test_a_server_that_is_away_is_told_once() -> None:
    spec = EngineSpec(name="r1", url=AnyHttpUrl("http://127.0.0.1:9/v1"), model="m", local=True)
    (check,) = look(spec, ModelClient(spec.endpoint()))
    assert (check.what, check.well) == ("server", False)


def test_grammar_thinking_budget_priority_and_abort_are_tried_out(server: Server) -> None:
    found = tried(server)
    assert list(found) == ["grammar", "thinking", "budget", "priority", "abort"]
    assert all(one.well for one in found.values()), found
    assert [body["custom_params"]["thinking_budget"] for body in server.asked] == [2048, 32]


@pytest.mark.parametrize(
    ("change", "what", "says"),
    [
        ({"content": "I cannot"}, "grammar", "cannot be used: not JSON"),
        ({"content": f"Here: {json.dumps(SILENT)}"}, "grammar", "among other words"),
        ({"content": '{"findings": {"pneumothorax": null}}'}, "grammar", "keys are missing"),
        ({"content": '{"findings": {"cardiomegaly": null, "pneumothorax": null}}'}, "grammar", "out of order"),
        ({"usage": {"completion_tokens": 900, "reasoning_tokens": 800}}, "budget", "800 tokens of thinking against a"),
        ({"usage": {"completion_tokens": 40}}, "budget", "no budget can be verified"),
        ({"message": {}, "usage": {"completion_tokens": 40}}, "thinking", "none came apart"),
        ({"info": {"enable_priority_scheduling": False}}, "priority", "start it with --enable-priority-scheduling"),
        ({"abort": 404}, "abort", "given-up calls run on"),
    ],
)
def test_what_does_not_work_is_told_with_what_to_do(
    server: Server, change: dict[str, Any], what: str, says: str
) -> None:
    for name, value in change.items():
        setattr(server, name, value)
    check = tried(server)[what]
    assert not check.well
    assert says in check.says

"""What a model server says of itself: software, model, and how it was started."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integration.canonical import Record
from integration.sglang.client import ModelClient
from integration.sglang.endpoint import Dialect
from integration.sglang.profiles import Profile

SHOWN = (
    ("model_path", ""),
    ("revision", "revision"),
    ("quantization", "weights"),
    ("kv_cache_dtype", "KV cache"),
    ("attention_backend", "attention"),
    ("tp_size", "tensor parallel"),
    ("attn_dp_size", "attention ranks"),
    ("max_running_requests", "running at most"),
    ("context_length", "context"),
)
"""SGLang's own names, and ours for a person."""


class ServerInfo(Record):
    """`settings`: by SGLang's field names, as its launch resolved them; empty where the server does not say.

    `models`: the names it serves. `architecture`: the class that runs, by the model's own configuration. `weights`:
    gigabytes on each GPU, which tells FP8 from BF16 where a checkpoint is quantised already. `cache`: tokens of KV.
    """

    models: tuple[str, ...] = ()
    version: str = ""
    architecture: str = ""
    weights: float | None = None
    cache: int | None = None
    settings: dict[str, Any] = {}  # noqa: RUF012 - a pydantic default, copied for each

    def told(self) -> str:
        """One line for a person; what the server does not say is left out."""
        known = ((label, self.settings.get(name)) for name, label in SHOWN)
        parts = [f"{label} {value}".strip() for label, value in known if value not in (None, "")]
        weights = f"{self.weights:g} GB of weights a GPU" if self.weights else ""
        cache = f"KV cache for {self.cache:,} tokens" if self.cache else ""
        return ", ".join([*filter(None, (self.version, self.architecture)), *parts, *filter(None, (weights, cache))])

    def other_than(self, profile: Profile) -> list[str]:
        """Each flag of the profile that the server was not started with, as far as it tells.

        SGLang tells the values it works with; one that it made of the flag as given (a prefill chunk divided among
        attention ranks) is no other flag.
        """
        said = {name: self.settings.get(name.replace("-", "_")) for name in profile.flags}
        given = f" {self.settings.get('launch_command', '')} "
        return [
            f"{name} is {said[name]}, not {choice.value}"
            for name, choice in profile.flags.items()
            if said[name] is not None
            and not _same(said[name], choice.value)
            and f" --{name} {choice.value} " not in given
        ]


def server_info(client: ModelClient) -> ServerInfo:
    """As much as the server tells; a server that does not answer tells nothing."""
    models = (client.tell("/v1/models") or {}).get("data")
    found = {"models": tuple(str(one.get("id")) for one in models if isinstance(one, dict))} if models else {}
    if client.endpoint.dialect is not Dialect.SGLANG:
        return ServerInfo.model_validate(found)
    settings, model = client.tell("/server_info") or {}, client.tell("/model_info") or {}
    return ServerInfo(
        **found,
        version=f"SGLang {settings['version']}" if settings.get("version") else "",
        architecture=", ".join(map(str, model.get("architectures") or ())),
        settings=_plain(settings),
        **_memory(settings),
    )


def _memory(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Of the first rank: all hold as much."""
    states = settings.get("internal_states")
    state = states[0] if isinstance(states, list) and states and isinstance(states[0], dict) else {}
    used = state.get("memory_usage")
    known = used if isinstance(used, dict) else {}
    numbers = {"weights": known.get("weight"), "cache": known.get("token_capacity")}
    return {name: value for name, value in numbers.items() if isinstance(value, int | float)}


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Words and numbers alone: the rest is the server's inner state."""
    return {name: value for name, value in settings.items() if value is None or isinstance(value, str | int | float)}


def _same(said: object, wanted: object) -> bool:
    return str(said) == str(wanted) or (isinstance(said, float) and isinstance(wanted, int) and said == wanted)

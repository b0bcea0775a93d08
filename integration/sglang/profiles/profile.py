"""Reading profiles.yaml: which model, started how, and why each flag is what it is."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Literal

import yaml

from integration.canonical import Record

Value = str | int | float | Literal[True]

LAUNCHER = "sglang.launch_server"


class ProfileError(ValueError):
    """There is no such profile, or it cannot be started as asked."""


class Choice(Record):
    """A value and the reason for it; True: a flag without a value."""

    value: Value
    reason: str


class Profile(Record):
    """One way to start a server.

    `flags` by SGLang's full names, without dashes. `launcher`: the module that is run. `engine`: the keys of
    engines.yaml that go with it.
    """

    name: str
    title: str
    hardware: str
    model: str
    launcher: str = LAUNCHER
    revision_required: bool = False
    environment: dict[str, Choice]
    flags: dict[str, Choice]
    engine: dict[str, Any]

    def arguments(self, *, model_path: str = "", revision: str = "") -> list[str]:
        """The launcher's arguments. `model_path`: where the weights lie, if not under their own name.

        Raises ProfileError without a revision where one is required and the weights are not a local folder.
        """
        if self.revision_required and not (revision or model_path):
            raise ProfileError(
                f"profile {self.name} needs --revision: the commit of {self.model} that was reviewed and stored, "
                "or --model-path: the folder it was stored in"
            )
        start = ["--model-path", model_path or self.model]
        pinned = ["--revision", revision] if revision else []
        return [*start, *pinned, *(word for name, one in self.flags.items() for word in _words(name, one))]


def _words(name: str, choice: Choice) -> list[str]:
    return [f"--{name}"] if choice.value is True else [f"--{name}", str(choice.value)]


def load_profiles() -> dict[str, Profile]:
    """Every profile that can be started, by name, in the order of the file."""
    text = files(__package__).joinpath("profiles.yaml").read_text(encoding="utf-8")
    raw: dict[str, dict[str, Any]] = yaml.safe_load(text)["profiles"]
    return {name: _profile(name, raw) for name, entry in raw.items() if not entry.get("abstract")}


def profile_named(name: str) -> Profile:
    """Raises ProfileError listing those there are."""
    profiles = load_profiles()
    if name not in profiles:
        raise ProfileError(f"no profile {name!r}: there are {', '.join(profiles)}")
    return profiles[name]


def _profile(name: str, raw: Mapping[str, dict[str, Any]]) -> Profile:
    entry = _extended(name, raw)
    return Profile(
        name=name,
        title=entry["title"],
        hardware=entry["hardware"],
        model=entry["model"],
        launcher=entry.get("launcher", LAUNCHER),
        revision_required=entry.get("revision") == "required",
        environment=_choices(entry["environment"]),
        flags=_choices(entry["flags"]),
        engine=entry["engine"],
    )


def _extended(name: str, raw: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The entry laid over what it extends."""
    own = raw[name]
    base = _extended(own["extends"], raw) if "extends" in own else {}
    entry = {key: value for key, value in base.items() if key != "abstract"} | own
    for part, dropped in (("flags", "drop"), ("environment", "drop_environment")):
        inherited = {k: v for k, v in base.get(part, {}).items() if k not in own.get(dropped, ())}
        entry[part] = inherited | own.get(part, {})
    return entry


def _choices(pairs: Mapping[str, list[Any]]) -> dict[str, Choice]:
    return {name: Choice(value=value, reason=reason) for name, (value, reason) in pairs.items()}

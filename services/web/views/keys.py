"""Single-key commands: their defaults, and what a person made of them (WCAG 2.1.4: remappable, can be off)."""

from __future__ import annotations

from collections.abc import Mapping

from services.domain.reports import Json

COMMANDS: dict[str, tuple[str, str]] = {
    "next": ("j", "Next finding"),
    "previous": ("k", "Previous finding"),
    "approve": ("a", "Approve"),
    "reject": ("r", "Reject, then the number of the reason"),
    "edit": ("e", "Edit status, side or finding"),
    "present": ("P", "Say at once that it is present"),
    "uncertain": ("U", "Say at once that it is uncertain"),
    "absent": ("A", "Say at once that it is absent"),
    "add": ("n", "Add a finding the model missed"),
    "told": ("w", "Say who was told of a critical result"),
    "accept": ("g", "Accept what a correction left as it was"),
    "undo": ("u", "Undo the decision on this finding, else the last one"),
    "reasoning": ("t", "Show the reasoning"),
    "sign": ("s", "Sign, and go to the next report"),
    "take_back": ("z", "Take back the last signature"),
    "amend": ("m", "Amend a signed report, then the number of the reason"),
    "claim": ("c", "Claim or take over"),
    "skip": ("x", "Next report without signing"),
    "list": ("l", "Back to the list"),
    "search": ("/", "Search"),
    "help": ("?", "This sheet"),
}


def keymap(preferences: Json) -> dict[str, str]:
    """Command to key; empty where the person switched single keys off."""
    if preferences.get("keys_off"):
        return {}
    chosen = preferences.get("keys", {})
    return {command: chosen.get(command, default) for command, (default, _) in COMMANDS.items()}


def problem(chosen: Mapping[str, str]) -> str:
    """Why these keys cannot be used; "" where they can."""
    unknown = sorted(set(chosen) - set(COMMANDS))
    if unknown:
        return f"no such command: {unknown[0]}"
    if any(len(key) != 1 or key.isspace() or key.isdigit() for key in chosen.values()):
        return "each key is one character, neither a digit nor a space"
    keys = list(keymap({"keys": dict(chosen)}).values())
    twice = sorted({key for key in keys if keys.count(key) > 1})
    return f"{twice[0]} is used twice" if twice else ""

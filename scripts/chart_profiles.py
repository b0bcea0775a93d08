"""Writes the chart's copies of the launch profiles: deploy/helm/countersign/profiles/NAME.yaml.

Helm reads no files outside its chart. `--check` writes nothing and fails when a copy is stale.
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from integration.sglang.profiles import Profile, load_profiles
from services.capacity.demand import TYPICAL, context, own
from services.capacity.node import ROOFLINE, gpus, node_of, running_at_once, slots_for
from services.settings import Queue

FOLDER = Path(__file__).resolve().parent.parent / "deploy/helm/countersign/profiles"
HEAD = "# Written by scripts/chart_profiles.py from integration/sglang/profiles, which has the reason for each flag.\n"


def copies() -> dict[Path, str]:
    """What each copy should hold. Profiles without a pinned revision are for tests, not for hospitals."""
    real = [profile for profile in load_profiles().values() if profile.revision_required]
    return {FOLDER / f"{profile.name}.yaml": HEAD + dumped(copy(profile)) for profile in real}


def dumped(content: dict[str, object]) -> str:
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)


def copy(profile: Profile) -> dict[str, object]:
    """`flags`: the arguments after the model's path and revision; `gpus` and `sizing`: of each node."""
    start = ["--model-path", profile.model]
    return {
        "title": profile.title,
        "hardware": profile.hardware,
        "model": profile.model,
        "launcher": profile.launcher,
        "gpus": gpus(profile),
        "sizing": sizing(profile),
        "environment": {name: str(choice.value) for name, choice in profile.environment.items()},
        "flags": profile.arguments(model_path=profile.model)[len(start) :],
        "engine": profile.engine,
    }


def sizing(profile: Profile) -> dict[str, int]:
    """What the planner says of a node: slots that fill it; where it knows, reports an hour of how many tokens."""
    slots = {"slots": slots_for(running_at_once(profile), Queue().stat_reserve)}
    if profile.name not in ROOFLINE:
        return slots
    each = node_of(profile.name, context([TYPICAL]), own=own([TYPICAL])).reports_an_hour(
        TYPICAL.uncached, TYPICAL.output
    )
    return {**slots, "reportsPerHour": int(round(each, -2)), "outputTokens": TYPICAL.output}


def main() -> None:
    wanted = copies()
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    left = sorted(set(FOLDER.glob("*.yaml")) - set(wanted))
    if "--check" in sys.argv and stale + left:
        raise SystemExit(f"stale: {', '.join(map(str, stale + left))}; run python scripts/chart_profiles.py")
    FOLDER.mkdir(exist_ok=True)
    for path in left:
        path.unlink()
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8")


if __name__ == "__main__":
    main()

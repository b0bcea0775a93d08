"""Every lock was asked, as it stands, whether each platform we name finds its wheels in it."""

from __future__ import annotations

import json
import re

import pytest

from tests.chart.conftest import ROOT, script

platforms = script("platforms")


@pytest.mark.parametrize("lock", platforms.LOCKS)
def test_each_lock_holds_a_hash_for_every_platform(lock: str) -> None:
    kept = json.loads(platforms.KEPT.read_text(encoding="utf-8"))[lock]
    assert kept["sha256"] == platforms.digest(lock), "the lock changed: run `make lock`, which asks again"
    assert set(kept["platforms"]) == {"x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "aarch64-apple-darwin"}
    assert kept["pythons"] == ["3.11", "3.12", "3.13"]


def test_the_readme_names_the_platforms() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(r"Linux on x86-64 and arm64.*macOS on Apple silicon.*Python 3\.11 to 3\.13", text, re.DOTALL)

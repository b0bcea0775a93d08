"""The lock for GPU hosts installs the SGLang that the launch profiles were checked with, and nothing unseen."""

from __future__ import annotations

import re
from pathlib import Path

from tests.contract.sglang import live

ROOT = Path(__file__).parents[3]
LOCK = (ROOT / "requirements-serving.lock").read_text(encoding="utf-8")
PINS = dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", LOCK, re.MULTILINE))


def test_it_pins_the_sglang_the_profiles_were_checked_with() -> None:
    assert PINS["sglang"] == live.VERSION


def test_the_servers_own_pins_are_those_of_the_cpu_job_but_for_its_build_of_torch() -> None:
    needs = (ROOT / "tests/contract/sglang/requirements.txt").read_text(encoding="utf-8")
    asked = dict(re.findall(r"^([\w.-]+)==([^\s;+]+)", needs, re.MULTILINE))
    del asked["torch"]
    pinned = {name: PINS[name.lower().replace("_", "-")] for name in asked}
    assert asked
    assert pinned == asked


def test_every_package_has_its_hashes_and_no_index_is_named() -> None:
    blocks = re.split(r"^(?=[a-z0-9])", LOCK, flags=re.MULTILINE)
    assert [block.split()[0] for block in blocks if block.strip() and "--hash=sha256:" not in block] == []
    assert "://" not in LOCK

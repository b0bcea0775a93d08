"""The commands of the README, so that what a newcomer is told is what is run."""

from __future__ import annotations

import re
import shlex

from tests.containers.engine import ROOT

BLOCK = re.compile(r"^```\n(.*?)^```$", re.DOTALL | re.MULTILINE)
MOST = 10
"""A newcomer needs fewer, the clone and the change into its folder among them."""


def commands(heading: str) -> list[list[str]]:
    """The words of each command below a heading, in their order."""
    _, _, rest = (ROOT / "README.md").read_text(encoding="utf-8").partition(f"\n## {heading}\n")
    assert rest, f"the README has no heading '{heading}'"
    section = rest.partition("\n## ")[0]
    lines = [line for block in BLOCK.findall(section) for line in block.splitlines()]
    return [words for line in lines if (words := shlex.split(line, comments=True))]

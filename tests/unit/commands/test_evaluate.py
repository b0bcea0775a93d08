"""Where numpy and scipy are not installed, as in the image."""

from __future__ import annotations

import subprocess
import sys

WITHOUT = """
import sys
sys.modules["numpy"] = sys.modules["scipy"] = None
from typer.testing import CliRunner
from services.cli import build
helped = CliRunner().invoke(build(), ["--help"])
refused = CliRunner().invoke(build(["evaluate"]), ["evaluate"])
print(helped.exit_code, refused.exit_code, refused.output)
"""


def test_every_other_command_works_without_numpy_and_evaluate_says_what_is_missing() -> None:
    run = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True)

    assert run.stdout.startswith("0 2 ")
    assert "pip install 'countersign[evaluation]'" in run.stdout

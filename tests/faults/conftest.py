"""One rig for the whole matrix, and its result as a table."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.ledger import table
from tests.faults.rig import Rig

RESULT = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Rig]:
    made = Rig(tmp_path_factory.mktemp("faults"))
    yield made
    pytestconfig.stash[RESULT] = "\n".join([table(made.verdicts), *made.remarks])
    made.stop()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What the ledger decided, row by row."""
    result = config.stash.get(RESULT, "")
    if result:
        terminalreporter.section("the ledger")
        terminalreporter.write_line(result)
        Path(".cache").mkdir(exist_ok=True)
        Path(".cache/faults.md").write_text(result + "\n")

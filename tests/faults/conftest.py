"""One rig for the whole matrix, and its result as a table."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.ledger import table
from tests.faults.rig import Rig

RESULT = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def rigs(pytestconfig: pytest.Config) -> Iterator[list[Rig]]:
    """Those that were set up; the table is theirs together."""
    made: list[Rig] = []
    yield made
    verdicts = {row: verdict for rig in made for row, verdict in rig.verdicts.items()}
    pytestconfig.stash[RESULT] = "\n".join([table(verdicts), *(remark for rig in made for remark in rig.remarks)])


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory, rigs: list[Rig]) -> Iterator[Rig]:
    made = Rig(tmp_path_factory.mktemp("faults"))
    rigs.append(made)
    yield made
    made.stop()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What the ledger decided, row by row."""
    result = config.stash.get(RESULT, "")
    if result:
        terminalreporter.section("the ledger")
        terminalreporter.write_line(result)
        Path(".cache").mkdir(exist_ok=True)
        Path(".cache/faults.md").write_text(result + "\n")

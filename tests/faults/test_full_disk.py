"""Row 13b: a disk that is really full, with PostgreSQL and its journal on a small file system of their own."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.rig import FULL, Rig, Row
from tests.faults.test_matrix import filler, until

SIZE = "384m"
# A report with this much behind it needs pages that are not there yet.
REPORTS = 8


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("only root mounts a file system; test_matrix.py limits the size of files instead")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0755", "tmpfs", place], check=False)
    if mounted.returncode:
        pytest.skip("tmpfs cannot be mounted here; test_matrix.py limits the size of files instead")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


@pytest.fixture
def small(disk: Path, tmp_path: Path, rigs: list[Rig]) -> Iterator[Rig]:
    """A system whose database has that disk."""
    made = Rig(tmp_path / "run", disk)
    rigs.append(made)
    yield made
    made.stop()


@contextlib.contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Nothing is left of the disk for the length of the block."""
    ballast = disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    assert shutil.disk_usage(disk).free < 4096
    try:
        yield
    finally:
        ballast.unlink()


def feed_large(row: Row) -> None:
    for _ in range(REPORTS):
        row.send(more=filler())


def test_13_a_full_disk_is_answered_ae_until_there_is_room(small: Rig, disk: Path) -> None:
    """The sender tries again and again, as interface engines do; what it was told AA is in the ledger."""
    with small.row("13c disk full") as row:
        for _ in range(5 if FULL else 1):
            row.feed(3)
            with filled(disk):
                refused = row.answers["AE"]
                sending = row.background(lambda: feed_large(row))
                until(lambda refused=refused: row.answers["AE"] >= refused + 3)
                time.sleep(2 if FULL else 0.5)
                assert sending.is_alive()
            small.revive_postgres()
            sending.join()
        row.feed(3)
    assert small.ask("SELECT count(*) FROM message WHERE duplicate_of IS NULL") == row.sent

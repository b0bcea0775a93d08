"""TCP ports for the processes of the tests."""

from __future__ import annotations

import fcntl
import functools
import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

from services.embedded.instance import usable

# Below the range from which systems take ports for outgoing connections (Linux: 32768, IANA: 49152).
FIRST, BLOCK, BLOCKS = 20000, 100, 120


def free_port() -> int:
    """A loopback TCP port that nobody uses; no test beside this one is given it, this one not before 99 others."""
    return next(port for port in _block() if usable({"test": port}))


@functools.cache
def _block() -> Iterator[int]:
    """Ports of this process, each in its turn; a lock on a file holds them until it ends."""
    folder = Path(tempfile.gettempdir()) / "countersign-test-ports"
    folder.mkdir(exist_ok=True)
    for first in range(FIRST, FIRST + BLOCK * BLOCKS, BLOCK):
        claim = (folder / str(first)).open("w")
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            claim.close()
        else:
            _HELD.append(claim)
            return itertools.cycle(range(first, first + BLOCK))
    raise OSError(f"other processes hold every port from {FIRST} to {FIRST + BLOCK * BLOCKS - 1}")


_HELD: list[object] = []

"""How much memory a process and all that it started take: the sum of their proportional set sizes.

A page that several of them share counts for its part in each (Linux, /proc/PID/smaps_rollup), so that the sum is what
would be free without them.
"""

from __future__ import annotations

from pathlib import Path

PROC = Path("/proc")


def proportional_set(pid: int) -> int:
    """Bytes."""
    return sum(_size(each) for each in _family(pid))


def _family(pid: int) -> list[int]:
    """A process and those that descend from it."""
    parents = {int(each.name): _parent(each) for each in PROC.iterdir() if each.name.isdigit()}
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _size(pid: int) -> int:
    try:
        lines = (PROC / str(pid) / "smaps_rollup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))

"""The embedded system under one roof: every part started in order, watched, started again, and stopped in order."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from services.embedded.account import EmbeddedError

READY_SECONDS = 180.0
# One that ends as often as this before it was ever ready will not come up by waiting.
MOST_ENDS = 3
STOP_SECONDS = 40.0
CALM_SECONDS = 10.0
# With a look every LOOK_SECONDS and its time to fail, one that hangs is replaced within 30 s.
SILENT_SECONDS = 20.0
LOOK_SECONDS = 2.0
PR_SET_PDEATHSIG = 1

Check = Callable[[], Awaitable[bool]]
Say = Callable[[str], None]


@dataclass
class Part:
    """One process of the system. `ready` asks it; `stop` is the signal that ends it in good order.

    `alive` is asked all the while: a process that answered and then does not for SILENT_SECONDS is killed.
    """

    name: str
    argv: list[str]
    env: dict[str, str]
    ready: Check
    user: str | None = None
    stop: signal.Signals = signal.SIGTERM
    alive: Check | None = None
    process: asyncio.subprocess.Process | None = field(default=None, repr=False)
    ends: int = 0


class Supervisor:
    """Starts parts, restarts those that die, stops them all in reverse.

    Their output goes to DIR/logs, their names and process ids to DIR/children.
    """

    def __init__(self, folder: Path, say: Say) -> None:
        self._logs = folder / "logs"
        self._pids = folder / "children"
        self._say = say
        self._groups: list[tuple[Part, ...]] = []
        self._watchers: list[asyncio.Task[None]] = []
        self._stopping = False
        self._logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._end_leftovers()

    async def start(self, *parts: Part) -> None:
        """Starts parts side by side and waits until each is ready. Raises EmbeddedError naming one that is not."""
        self._groups.append(parts)
        for part in parts:
            await self._spawn(part)
            self._watchers.append(asyncio.create_task(self._watch(part)))
        await asyncio.gather(*(self._wait_ready(part) for part in parts))
        self._watchers += [asyncio.create_task(self._listen(part)) for part in parts if part.alive]

    async def stop(self) -> None:
        """Stops the parts started last first, those started together together; what will not stop is killed."""
        self._stopping = True
        for group in reversed(self._groups):
            await asyncio.gather(*map(self._end, group))
        for watcher in self._watchers:
            watcher.cancel()
        self._pids.unlink(missing_ok=True)

    async def _spawn(self, part: Part) -> None:
        with (self._logs / f"{part.name}.log").open("ab") as log:
            part.process = await asyncio.create_subprocess_exec(
                *part.argv,
                env=part.env,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=part.user,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        running = [one for group in self._groups for one in group if one.process]
        self._pids.write_text("".join(f"{one.name} {one.process.pid}\n" for one in running if one.process))

    async def _watch(self, part: Part) -> None:
        """A part that ends is started again; one that keeps ending is given longer and longer pauses."""
        pause = 0.2
        while part.process:
            began = time.monotonic()
            code = await part.process.wait()
            if self._stopping:
                return
            part.ends += 1
            self._say(f"{part.name} ended ({code}); starting it again")
            pause = 0.2 if time.monotonic() - began > CALM_SECONDS else min(pause * 2, 10.0)
            await asyncio.sleep(pause)
            if not self._stopping:
                await self._spawn(part)

    async def _listen(self, part: Part) -> None:
        """Kills a part that hangs, so that `_watch` starts it again; its jobs go back when their leases run out."""
        heard = part.process, time.monotonic()
        while part.alive and not self._stopping:
            await asyncio.sleep(LOOK_SECONDS)
            asked = part.process
            if await part.alive():
                heard = asked, time.monotonic()
            elif asked and asked is heard[0] and time.monotonic() - heard[1] > SILENT_SECONDS:
                self._say(f"{part.name} has not answered for {SILENT_SECONDS:.0f} s; killed")
                _signal(asked.pid, signal.SIGKILL)
                heard = None, 0.0

    async def _wait_ready(self, part: Part) -> None:
        began = time.monotonic()
        while not await part.ready():
            if part.ends >= MOST_ENDS:
                raise EmbeddedError(f"{part.name} does not come up: {self._last_words(part)}")
            if time.monotonic() - began > READY_SECONDS:
                raise EmbeddedError(f"{part.name} is not ready after {READY_SECONDS:.0f} s: {self._last_words(part)}")
            await asyncio.sleep(0.1)
        self._say(f"{part.name} is up ({time.monotonic() - began:.1f} s)")

    def _last_words(self, part: Part) -> str:
        path = self._logs / f"{part.name}.log"
        lines = path.read_text(errors="replace").strip().splitlines()
        return f"see {path}" + (f" ({lines[-1][:200]})" if lines else "")

    async def _end(self, part: Part) -> None:
        if part.process is None or part.process.returncode is not None:
            return
        _signal(part.process.pid, part.stop)
        try:
            await asyncio.wait_for(part.process.wait(), STOP_SECONDS)
        except TimeoutError:
            self._say(f"{part.name} did not stop; killed")
            part.process.kill()
            await part.process.wait()

    def _end_leftovers(self) -> None:
        """Parts of a supervisor that was killed may still run: they hold our ports and our data."""
        if not self._pids.exists():
            return
        noted = [int(line.split()[1]) for line in self._pids.read_text().splitlines()]
        left = [pid for pid in noted if _is_ours(pid, self._pids.parent)]
        for pid in left:
            _signal(pid, signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS
        while any(map(_lives, left)) and time.monotonic() < deadline:
            time.sleep(0.1)
        for pid in filter(_lives, left):
            _signal(pid, signal.SIGKILL)


def command(*arguments: str) -> list[str]:
    """argv of one of our own commands."""
    return [sys.executable, "-m", "services.cli", *arguments]


def _die_with_parent() -> None:
    # What a part writes is for nobody else on this machine.
    os.umask(0o077)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _is_ours(pid: int, folder: Path) -> bool:
    """Whether a process has to do with this folder: a number may belong to somebody else by now."""
    try:
        said = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return str(folder).encode() in said

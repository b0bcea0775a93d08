"""A process forked from the worker before its first thread, with all that a child needs loaded.

Children are forked from it in milliseconds, and it alone can say how one ended.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import threading
import time

from services.dispatch.children import wire
from services.dispatch.children.child import Trade, live


class Nursery:
    """The worker's side. Safe to share between threads; raises wire.Closed once its process is gone."""

    def __init__(self, trade: Trade) -> None:
        """Forks: there must be no other thread yet."""
        self._ours, theirs = socket.socketpair()
        self._lock = threading.Lock()
        self.pid = os.fork()
        if self.pid == 0:
            self._ours.close()
            _serve(theirs, trade)
        theirs.close()

    def bear(self) -> tuple[int, socket.socket]:
        """A new child: its process id, and where to ask it."""
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            wire.send(self._ours, {"do": "bear"})
            socket.send_fds(self._ours, [b"."], [theirs.fileno()])
            head, _ = wire.receive(self._ours)
        return int(head["pid"]), ours

    def bury(self, pid: int) -> int:
        """Ends a child that is not needed any more, or is gone; the signal that ended it, 0 if none did."""
        with self._lock:
            wire.send(self._ours, {"do": "bury", "pid": pid})
            head, _ = wire.receive(self._ours)
        return int(head["signal"])

    def close(self) -> None:
        """Ends the nursery; its children end with their sockets."""
        self._ours.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def _serve(peer: socket.socket, trade: Trade) -> None:
    """The nursery's own life; never returns into the worker's code."""
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ended: dict[int, int] = {}
    try:
        while True:
            head, _ = wire.receive(peer)
            _reap(ended)
            answer = _bear(peer, trade) if head["do"] == "bear" else _bury(int(head["pid"]), ended)
            wire.send(peer, answer)
    except wire.Closed:
        os._exit(0)
    except BaseException:
        os._exit(1)


def _bear(peer: socket.socket, trade: Trade) -> wire.Head:
    _, (descriptor,), _, _ = socket.recv_fds(peer, 1, 1)
    pid = os.fork()
    if pid == 0:
        peer.close()
        try:
            live(socket.socket(fileno=descriptor), trade)
        finally:
            os._exit(0)
    os.close(descriptor)
    return {"pid": pid}


def _reap(ended: dict[int, int]) -> None:
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            ended[found[0]] = found[1]


def _bury(pid: int, ended: dict[int, int]) -> wire.Head:
    """Waits a moment for one that is dying of its limit, then ends it."""
    for _ in range(20):
        if pid in ended:
            status = ended.pop(pid)
            return {"signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0}
        time.sleep(0.01)
        _reap(ended)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return {"signal": int(signal.SIGALRM)}

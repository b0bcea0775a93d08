"""How much memory the frames of all connections may take together, and who reads on when it is full.

No frame is refused for want of memory: its sender is read from later. While the memory is full only the connection
that has held some for longest is read from, so that frames are finished one after the other and give theirs back.
"""

from __future__ import annotations

from typing import Protocol


class Holder(Protocol):
    """A connection that holds bytes."""

    def regulate(self) -> None:
        """Reads on, or stops, as `Memory.may_read` says."""


class Memory:
    """Counts bytes of frames that have arrived, whole or in part, and are not answered yet."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: dict[Holder, int] = {}
        self._holders: set[Holder] = set()
        self.total = 0

    @property
    def full(self) -> bool:
        """Whether there is no room for more."""
        return self.total >= self._limit

    def joins(self, holder: Holder) -> None:
        """A connection that will be told when reading has to stop."""
        self._holders.add(holder)

    def leaves(self, holder: Holder) -> None:
        """A connection has ended; what it held is free."""
        self.holds(holder, 0)
        self._holders.discard(holder)

    def holds(self, holder: Holder, size: int) -> None:
        """A connection holds `size` bytes now."""
        was_full = self.full
        self.total += size - self._held.get(holder, 0)
        if size:
            self._held[holder] = size
        else:
            self._held.pop(holder, None)
        if was_full or self.full:
            for each in list(self._holders):
                each.regulate()

    def may_read(self, holder: Holder) -> bool:
        """Whether a connection may be read from now."""
        return not self.full or holder is self.eldest

    @property
    def eldest(self) -> Holder | None:
        """The connection that has held memory for longest."""
        return next(iter(self._held), None)

"""How often one address may begin a login, and how often fail at one."""

from __future__ import annotations

import time
from collections import OrderedDict

from fastapi import Request

# Addresses remembered; the one heard of longest ago is forgotten first.
MOST_ADDRESSES = 10_000


class TooMany(Exception):
    """This address has tried too often; nothing is written for it."""


def address_of(request: Request) -> str:
    """Where a request comes from; behind a proxy that is not believed, the proxy's."""
    return request.client.host if request.client else ""


class Rate:
    """At most `most` in `seconds` from one address."""

    def __init__(self, most: int, seconds: float = 60.0) -> None:
        self._most = most
        self._seconds = seconds
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def is_full(self, address: str) -> bool:
        """Whether one more would be too many; counts nothing."""
        began, count = self._seen.get(address, (0.0, 0))
        return count >= self._most and time.monotonic() - began <= self._seconds

    def is_over(self, address: str) -> bool:
        """Counts one more; whether that is too many."""
        now = time.monotonic()
        began, count = self._seen.pop(address, (now, 0))
        if now - began > self._seconds:
            began, count = now, 0
        self._seen[address] = began, count + 1
        if len(self._seen) > MOST_ADDRESSES:
            self._seen.popitem(last=False)
        return count >= self._most

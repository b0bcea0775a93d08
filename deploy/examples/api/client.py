"""A client of API v1 in one file: follow a message, read what is in quarantine again, wait until it was read.

    COUNTERSIGN_URL=https://worklist.example COUNTERSIGN_TOKEN=… python client.py ACCESSION

The token is the identity provider's, for the audience COUNTERSIGN_WORKLIST__API_AUDIENCE. It needs httpx2 alone.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx2

Json = dict[str, Any]


class Problem(Exception):
    """An error as the API says it: `code` is stable, `errors` name the fields that are wrong."""

    def __init__(self, answer: httpx2.Response) -> None:
        body = answer.json()
        self.code, self.errors = body["title"], body.get("errors", [])
        super().__init__(f"{body['status']} {body['title']}: {body['detail']}")


class Countersign:
    """What is asked of API v1, over a client that knows where it is and who asks."""

    def __init__(self, http: httpx2.Client) -> None:
        self.http = http

    def call(self, method: str, path: str, **what: Any) -> Json:
        """An operation's answer. Raises Problem."""
        answer = self.http.request(method, f"/api/v1{path}", **what)
        if answer.status_code >= 400:
            raise Problem(answer)
        found: Json = answer.json()
        return found

    def every(self, path: str, **query: Any) -> Iterator[Json]:
        """All items of a list, page by page."""
        following: int | None = None
        while True:
            page = self.call("GET", path, params={**query, **({"before": following} if following else {})})
            yield from page["items"]
            following = page["next"]
            if following is None:
                return

    def replay_quarantined(self, sender: str, pause: float = 1.0) -> Json:
        """Reads again what is held of a sender, and waits for it; the replay as it ended."""
        held = [row["id"] for row in self.every("/messages", state="quarantined", sender=sender)]
        begun = self.call("POST", "/replays", json={"messages": held})
        while True:
            replay = self.call("GET", f"/replays/{begun['id']}")
            if not any(each["state"] == "queued" for each in replay["messages"]):
                return replay
            time.sleep(pause)


def main() -> None:
    """Prints the way of one report."""
    headers = {"Authorization": f"Bearer {os.environ['COUNTERSIGN_TOKEN']}"}
    with httpx2.Client(base_url=os.environ["COUNTERSIGN_URL"], headers=headers) as http:
        for step in Countersign(http).call("GET", "/trace", params={"id": sys.argv[1]})["steps"]:
            print(step["at"], step["lane"], step["ref"], step["state"], step["says"])


if __name__ == "__main__":
    main()

"""A scripted reviewer over HTTP: logs in, approves every suggestion of a report, signs."""

from __future__ import annotations

import time
from typing import Any

import httpx2


class Reviewer:
    """Somebody at the worklist; every step goes through the JSON API as the pages' buttons do."""

    def __init__(self, url: str, login: str = "", password: str = "") -> None:
        """Without a login, the reviewer of the demo."""
        self.http = httpx2.Client(base_url=url, timeout=60)
        way, who = ("local", {"login": login, "password": password}) if login else ("demo", {"who": "demo-reviewer"})
        said = self.http.post(f"/login/{way}", data=who)
        assert said.status_code == 303, said.text[-500:]
        self.http.headers["X-CSRF-Token"] = self.http.get("/api/v1/me").raise_for_status().json()["csrf"]

    def reports(self, **filters: str) -> list[dict[str, Any]]:
        """The worklist."""
        return list(self._get("/reports", **filters)["reports"])

    def sign(self, report_id: int) -> dict[str, Any]:
        """Approves what is suggested for a report and signs it; the review as it was before."""
        before = self._get(f"/reports/{report_id}")
        number, revision = before["review_id"], before["revision"]
        for each in before["suggestions"]:
            self._post(f"/reviews/{number}/suggestions/{each['id']}/open")
            decision = {"action": "approve", "suggestion_id": each["id"], "confirmed": True, "revision": revision}
            revision = self._post(f"/reviews/{number}/decisions", decision)["revision"]
        self._post(f"/reviews/{number}/claim", {})
        shown = self._post(f"/reviews/{number}/seen", {"shown": True, "end": True})
        time.sleep(2)  # COUNTERSIGN_WORKLIST__SETTLE
        known = [each["code"] for each in shown["contradictions"]]
        self._post(f"/reviews/{number}/sign", {"revision": revision, "acknowledged": known})
        return before

    def close(self) -> None:
        self.http.close()

    def _get(self, path: str, **params: str) -> dict[str, Any]:
        return dict(self.http.get(f"/api/v1{path}", params=params).raise_for_status().json())

    def _post(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self.http.post(f"/api/v1{path}", json=body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text[:500]}"
        return dict(answer.json())

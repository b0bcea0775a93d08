"""An EHR and identity provider of its own: oidc-provider (npm; OpenID certified) with a FHIR server's few resources."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from joserfc.jwk import ECKey

from integration.fhir.smart import signing_key
from tests.npm import install
from tests.ports import free_port

FOLDER = Path(__file__).parent / "smart_ehr"
HOME = "http://testserver"
SECRET = "a-secret-of-the-tests-that-is-long-enough-to-sign"
KEY = ECKey.generate_key("P-384").as_pem(private=True).decode()


@dataclass(frozen=True)
class Ehr:
    """The EHR's FHIR base URL."""

    base: str

    @property
    def issuer(self) -> str:
        """The identity provider's."""
        return self.base.removesuffix("/fhir")

    def launch(self, browser: Any, **open_there: Any) -> Any:
        """Somebody launches us with this on the EHR's screen; our answer to the callback."""
        launch = base64.urlsafe_b64encode(json.dumps({"sub": "dr-lee", **open_there}).encode()).decode().rstrip("=")
        begun = browser.get("/launch", params={"iss": self.base, "launch": launch})
        assert begun.status_code == 303, begun.text
        return browser.get(through(begun.headers["location"]))


def through(address: str) -> str:
    """The provider's own redirects, up to the one that leads back to us."""
    with httpx2.Client() as browser:
        return visited(browser, address)[-1]


def visited(browser: httpx2.Client, address: str) -> list[str]:
    """Every address on the way through the provider; the last one is ours."""
    passed = [address]
    while not passed[-1].startswith(f"{HOME}/"):
        assert len(passed) < 10, "the provider never came back"
        answer = browser.get(passed[-1])
        assert answer.status_code in (302, 303), answer.text
        passed.append(str(answer.url.join(answer.headers["location"])))
    return passed


@contextmanager
def running(resources: dict[str, Any], home: str = HOME) -> Iterator[Ehr]:
    """The running EHR, of a worklist at `home`; its key client signs with KEY."""
    install(FOLDER, "oidc-provider")
    port, public = free_port(), signing_key(KEY, "").public_jwks()["keys"][0]
    told = {"redirect": f"{home}/login/callback", "back": f"{home}/login", "resources": resources, "secret": SECRET}
    command = ["node", "server.mjs", str(port), json.dumps({**told, "key": public})]
    process = subprocess.Popen(command, cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    while (line := process.stdout.readline().strip()) != str(port):
        assert line or process.poll() is None, "the EHR ended at start"
    yield Ehr(f"http://127.0.0.1:{port}/fhir")
    process.terminate()
    process.wait(20)

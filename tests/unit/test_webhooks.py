"""Standard Webhooks as we send them: the project's own example, secrets that are none, the receiver in the docs."""

from __future__ import annotations

import base64
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.webhooks import headers, keys_of
from services.settings import SettingsError, load

ROOT = Path(__file__).parents[2]
# Of the project's own tests (libraries/python, github.com/standard-webhooks/standard-webhooks).
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(b"another secret of 32 bytes long!").decode()


def documented() -> Any:
    """The function that docs/webhooks.md tells a receiver to use."""
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs/webhooks.md").read_text(), re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {}
    exec(blocks[-1], names)
    return names["verified"]


VERIFIED = documented()


def test_an_event_is_signed_as_the_specification_signs_its_example() -> None:
    made = headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', keys_of(SECRET))
    assert made == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@given(st.dictionaries(st.text(max_size=20), st.integers() | st.text(max_size=20), max_size=4), st.integers(0, 400))
def test_the_documented_receiver_takes_what_we_sign_and_nothing_that_was_changed(event: Any, late: int) -> None:
    body, at = json.dumps(event).encode(), int(time.time()) - late
    made = headers("msg_1", at, body, keys_of(f"{OTHER} {SECRET}"))
    if late < 290:
        assert VERIFIED(made, body, SECRET) == VERIFIED(made, body, OTHER) == event
    changed = (
        (made, body + b" ", SECRET),
        ({**made, "webhook-id": "msg_2"}, body, SECRET),
        ({**made, "webhook-timestamp": str(at + 1)}, body, SECRET),
        ({**made, "webhook-timestamp": str(at - 1000)}, body, SECRET),
        (made, body, "whsec_" + base64.b64encode(b"x" * 32).decode()),
    )
    for each in changed:
        with pytest.raises(ValueError, match=r"signed|old"):
            VERIFIED(*each)


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        ("", "empty"),
        ("hush", "begins with whsec_"),
        ("whsec_????", "base64"),
        ("whsec_" + base64.b64encode(b"short").decode(), "24 to 64 random bytes, this one 5"),
        (f"{SECRET} whsec_", "this one 0"),
    ],
)
def test_a_secret_that_is_none_is_refused_with_what_one_is(secret: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        keys_of(secret)


@pytest.mark.parametrize(
    ("given_as", "says"),
    [
        ('{"pager": {"url": "https://a.example"}}', "one of secret_file and secret_env"),
        ('{"pager": {"url": "https://a.example", "secret_env": "S", "secret_file": "/s"}}', "one of secret_file"),
        ('{"pager": {"url": "https://me:pw@a.example", "secret_env": "S"}}', "no name, password"),
        ('{"pager": {"url": "ftp://a.example", "secret_env": "S"}}', "http"),
        ('{"pager": {"url": "https://a.example", "secret_env": "S", "events": []}}', "at least 1"),
        ('{"pager": {"url": "https://a.example", "secret_env": "S", "events": ["report.read"]}}', "report.signed"),
        ('{"Pager 1": {"url": "https://a.example", "secret_env": "S"}}', "pattern"),
        ('{"pager": "https://a.example"}', "Webhook"),
    ],
)
def test_a_webhook_that_cannot_be_is_named_with_what_is_wrong(given_as: str, says: str) -> None:
    with pytest.raises(SettingsError, match="COUNTERSIGN_WEBHOOKS") as refused:
        load({"COUNTERSIGN_WEBHOOKS": given_as})
    assert says in str(refused.value)
    assert "pw" not in str(refused.value)


def test_a_training_instance_calls_nobody() -> None:
    hook = '{"pager": {"url": "https://a.example", "secret_env": "S"}}'
    with pytest.raises(SettingsError, match="WEBHOOKS empty"):
        load({"COUNTERSIGN_WEBHOOKS": hook, "COUNTERSIGN_TRAINING": "true"})

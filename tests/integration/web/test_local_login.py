"""Accounts with a password: made by a command, used at the login page, guarded against guessing."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select, update
from typer.testing import CliRunner

from services.cli import build
from services.settings import Database, Settings, Worklist
from services.store import passwords
from services.store.tables import account, audit, local_password
from services.web.app import create_app
from tests.databases import environment

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def command_line(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands work on this test's database."""
    for name, value in environment(database).items():
        monkeypatch.setenv(name, value)


def admin(*words: str, password: str = PASSWORD, status: int = 0) -> str:
    """Output of `countersign admin`, the password on stdin unless it is made up."""
    given = [] if "--generate" in words else ["--password-file", "-"]
    result = CliRunner().invoke(build(["admin"]), ["admin", *words, *given], input=f"{password}\n")
    assert result.exit_code == status, result.output
    return result.output


def log_in(client: TestClient, login: str, password: str = PASSWORD, **more: str) -> int:
    return client.post("/login/local", data={"login": login, "password": password, **more}).status_code


def refusals(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        rows = connection.scalars(select(audit.c.detail).where(audit.c.action == "login.refused").order_by(audit.c.id))
        return [str(row["reason"]) for row in rows]


def test_an_account_logs_in_with_its_roles_and_practitioner(client: TestClient) -> None:
    admin("create", "ada", "--name", "Ada Reader", "--role", "reviewer", "--role", "signer")
    assert log_in(client, "ada", next="/worklist?state=open") == 303
    me = client.get("/api/v1/me").json()
    assert (me["name"], me["roles"], me["practitioner"]) == ("Ada Reader", ["reviewer", "signer"], "Practitioner/ada")


def test_a_made_up_password_is_printed_once_and_works(client: TestClient) -> None:
    said = admin("create", "root", "--generate")
    assert "administrator" in said
    assert log_in(client, "root", said.split()[-1]) == 303


def test_the_page_asks_for_a_password_only_where_somebody_has_one(client: TestClient) -> None:
    assert "/login/local" not in client.get("/login").text
    admin("create", "ada")
    assert "/login/local" in client.get("/login").text


@pytest.mark.parametrize("login", ["ada", "nobody"])
def test_a_wrong_name_and_a_wrong_password_are_told_apart_by_nobody(client: TestClient, login: str) -> None:
    admin("create", "ada")
    answer = client.post("/login/local", data={"login": login, "password": "wrong wrong wrong"})
    assert answer.status_code == 403
    assert "Name or password is wrong" in answer.text
    assert "set-cookie" not in answer.headers


def test_what_was_typed_as_a_name_is_not_written_down(client: TestClient, engine: Engine) -> None:
    log_in(client, "my secret password")
    with engine.connect() as connection:
        assert "my secret password" not in str(connection.execute(select(audit)).all())
    assert refusals(engine) == ["Name or password is wrong."]


def test_guessing_makes_the_account_wait_and_a_right_password_does_not_help(client: TestClient, engine: Engine) -> None:
    admin("create", "ada")
    for _ in range(passwords.FREE_TRIES):
        assert log_in(client, "ada", "wrong wrong wrong") == 403
    assert log_in(client, "ada") == 403
    assert refusals(engine)[-1] == "This account must wait after wrong passwords."
    with engine.begin() as connection:
        connection.execute(update(local_password).values(locked_until=None))
    assert log_in(client, "ada") == 303


def test_many_wrong_passwords_from_one_address_make_it_wait(client: TestClient, engine: Engine) -> None:
    """A name after another is tried with one password, so that no account has to wait; it leaves no row then."""
    admin("create", "ada")
    statuses = [log_in(client, f"nobody{number}", "wrong") for number in range(33)]
    assert statuses == [403] * 30 + [429] * 3
    assert log_in(client, "ada") == 429
    assert len(refusals(engine)) == 30
    client.app.state.context.wrong_passwords._seen.clear()  # type: ignore[attr-defined]
    assert log_in(client, "ada") == 303


def test_a_right_password_forgets_the_wrong_ones(client: TestClient, engine: Engine) -> None:
    admin("create", "ada")
    for _ in range(passwords.FREE_TRIES - 1):
        log_in(client, "ada", "wrong wrong wrong")
    log_in(client, "ada")
    with engine.connect() as connection:
        assert connection.scalar(select(local_password.c.failures)) == 0


def test_a_new_password_takes_the_place_of_the_old_one(client: TestClient) -> None:
    admin("create", "ada")
    admin("password", "ada", password="another long password")
    assert log_in(client, "ada") == 403
    assert log_in(client, "ada", "another long password") == 303


def test_a_closed_account_stays_out(client: TestClient, engine: Engine) -> None:
    admin("create", "ada")
    with engine.begin() as connection:
        connection.execute(update(account).values(active=False))
    assert log_in(client, "ada") == 403


def test_another_site_cannot_log_anybody_in(client: TestClient) -> None:
    admin("create", "ada")
    data = {"login": "ada", "password": PASSWORD}
    assert client.post("/login/local", data=data, headers={"Origin": "https://evil.example"}).status_code == 403


def test_a_house_can_turn_it_off(database: Database) -> None:
    admin("create", "ada")
    settings = Settings(database=database, worklist=Worklist(local_login=False, public_url="http://testserver"))
    with TestClient(create_app(settings)) as client:
        assert log_in(client, "ada") == 403
        assert "/login/local" not in client.get("/login").text


@pytest.mark.parametrize(
    ("words", "password", "says"),
    [
        (("create", "ada"), "short", "at least 12 characters, not 5"),
        (("create", "ada", "--role", "king"), PASSWORD, "no role king"),
        (("password", "nobody"), PASSWORD, "no account 'nobody'"),
    ],
)
def test_a_mistake_is_said_in_one_line(words: tuple[str, ...], password: str, says: str) -> None:
    status = 1 if words[0] == "password" else 2
    assert says in " ".join(admin(*words, password=password, status=status).replace("│", " ").split())


def test_nothing_of_a_password_is_kept_but_its_digest(engine: Engine) -> None:
    admin("create", "ada")
    with engine.connect() as connection:
        kept = str(connection.scalar(select(local_password.c.digest)))
    assert kept.startswith("scrypt$32768$8$3$") and PASSWORD not in kept
    assert passwords.matches(PASSWORD, kept)
    assert not passwords.matches(PASSWORD + "x", kept)

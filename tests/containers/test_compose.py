"""`compose up` as a whole: from twelve samples to a signature, through the end of every container, and back again."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from services import samples
from tests import messages
from tests.browser.conftest import CHROMIUM
from tests.containers import images
from tests.containers.compose import OTHERS, PATIENCE, PROCESSES, House, eventually
from tests.containers.engine import podman
from tests.containers.people import who_they_are
from tests.containers.readme import MOST, commands
from tests.containers.reviewer import Reviewer

pytestmark = [pytest.mark.containers, pytest.mark.timeout(7200)]


UP, SAMPLES, LOOK = commands("Run it on one machine")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with the twelve samples sent through both doors."""
    house = House(tmp_path_factory.mktemp("house"), "countersign-test", images.ours())
    house.lay_out()
    try:
        house.said = house.newcomer(UP)
        for name in PROCESSES:
            house.wait_ready(name)
        yield house
    finally:
        house.down(volumes=True)


@pytest.fixture(scope="module")
def with_samples(house: House) -> House:
    assert "9 sent" in house.newcomer(SAMPLES)
    for _, bundle in samples.fhir():
        house.create(bundle)
    return house


def delivered(house: House, reports: int) -> list[dict[str, Any]]:
    """Waits until so many reports stand on the FHIR server as Tasks; those of ours."""

    def ours() -> list[dict[str, Any]]:
        found = [task for task in house.search("Task") if "countersign" in str(task.get("identifier"))]
        return found if len(found) >= reports else []

    return list(eventually(ours, PATIENCE, lambda: f"{reports} Tasks: {house.logs('sender')}"))


def test_one_command_starts_it_and_says_where_to_go_and_how_to_log_in(house: House) -> None:
    assert house.worklist in house.said and house.fhir_url in house.said
    first(house).close()


def first(house: House) -> Reviewer:
    """The account that the first start made, by the password that it printed."""
    return Reviewer(house.worklist, "radiologist", house.said.split("with the password ")[1].split(")")[0])


def test_every_sample_is_read_and_suggested(with_samples: House) -> None:
    assert len(delivered(with_samples, 12)) == 12
    statuses = {each["status"] for each in with_samples.search("Observation")}
    assert "preliminary" in statuses and "final" not in statuses


def test_a_newcomer_signs_all_of_them_and_sees_it_on_the_fhir_server(with_samples: House) -> None:
    """By the README's commands alone, from the clone to the signature."""
    delivered(with_samples, 12)
    reviewer = first(with_samples)
    waiting = reviewer.reports()
    assert len(waiting) == 12
    approved = sum(len(reviewer.sign(each["report_id"])["suggestions"]) for each in waiting)
    reviewer.close()
    eventually(
        lambda: len(with_samples.search("Observation", status="final")) >= approved,
        PATIENCE,
        lambda: f"{approved} final Observations: {with_samples.logs('sender')}",
    )
    assert '"status": "final"' in with_samples.newcomer(LOOK)
    assert len(["git clone", "cd", UP, SAMPLES, LOOK]) < MOST


@pytest.mark.parametrize("name", [*PROCESSES, "postgresql", "valkey"])
def test_healthchecks_say_that_it_is_well(with_samples: House, name: str) -> None:
    podman("healthcheck", "run", with_samples.container(name))


@pytest.mark.parametrize("name", [*OTHERS, *PROCESSES])
def test_what_is_killed_comes_back_and_loses_nothing(with_samples: House, name: str) -> None:
    before = len(delivered(with_samples, 12))
    body = messages.oru(accession=f"KILL-{name}".upper(), control_id=f"KILL-{name}")
    with_samples.kill(name)
    with_samples.wait_served("fhir", f"{with_samples.fhir_url}/metadata")
    for process in PROCESSES:
        with_samples.wait_ready(process)
    assert with_samples.send(body) in (["AA"], ["CA"])
    delivered(with_samples, before + 1)
    assert "BAD" not in with_samples.run("countersign", "verify")


def test_the_doctor_finds_nothing_wrong(with_samples: House) -> None:
    assert "BAD" not in with_samples.run("countersign", "doctor", "--no-listener", service="relay")


def test_a_dump_is_restored_whole(with_samples: House) -> None:
    before = with_samples.messages()
    running = [with_samples.container(name) for name in PROCESSES]
    podman("stop", *running)
    sql = ("psql", "-q", "-U", "countersign", "-d", "postgres", "-c")
    with_samples.run("pg_dump", "-U", "countersign", "-Fc", "-f", "/tmp/dump", "countersign", service="postgresql")
    with_samples.run(*sql, "DROP DATABASE countersign WITH (FORCE)", service="postgresql")
    with_samples.run(*sql, "CREATE DATABASE countersign", service="postgresql")
    with_samples.run("pg_restore", "-e", "-U", "countersign", "-d", "countersign", "/tmp/dump", service="postgresql")
    podman("start", *running)
    for name in PROCESSES:
        with_samples.wait_ready(name)
    assert "BAD" not in with_samples.run("countersign", "verify")
    assert with_samples.messages() == before


def test_everything_stopped_and_started_again_is_still_there(with_samples: House) -> None:
    before, tasks = with_samples.messages(), len(with_samples.search("Task"))
    with_samples.down()
    with_samples.up()
    assert with_samples.messages() == before
    assert len(with_samples.search("Task")) == tasks


def test_no_process_reaches_another_network(with_samples: House) -> None:
    probe = "import socket; socket.create_connection(('192.0.2.1', 443), 3)"
    for name in ("worker", "relay", "sender", "subscriber"):
        command = ["podman", "exec", with_samples.container(name), "python3", "-c", probe]
        with pytest.raises(AssertionError, match=r"unreachable|timed out"):
            podman(*command[1:])


def test_the_image_is_as_small_as_is_said(with_samples: House) -> None:
    size = int(podman("image", "inspect", "--format", "{{.Size}}", images.ours()))
    base = int(podman("image", "inspect", "--format", "{{.Size}}", images.BASE))
    assert (size - base) / 2**20 < 220, "docs/operations/install.md states its size"


def test_four_people_log_in_at_the_identity_provider_of_the_profile(with_samples: House) -> None:
    """The realm of deploy/compose/identity in Keycloak; each has the roles it gives them."""
    if not CHROMIUM:
        pytest.skip("no chromium on the PATH: `apt-get install chromium`, or set CHROMIUM to its path")
    images.keycloak()
    with_samples.variables["COMPOSE_PROFILES"] = "identity"
    said = with_samples.newcomer(UP)
    issuer = f"http://identity.localhost:{with_samples.ports['IDENTITY_PORT']}/realms/countersign"
    assert issuer in said and "rita, sam, otto or anna" in said
    with_samples.wait_served("identity", issuer.replace("identity.localhost", "127.0.0.1"))
    password = (with_samples.folder / "secrets/people_password").read_text()
    people = who_they_are(with_samples.worklist, ("rita", "sam", "otto", "anna"), password)
    assert {login: (each["roles"], each["practitioner"]) for login, each in people.items()} == {
        "rita": (["reviewer", "signer"], "Practitioner/rita"),
        "sam": (["reviewer", "signer"], "Practitioner/sam"),
        "otto": (["operator"], ""),
        "anna": (["administrator", "auditor"], ""),
    }


RELEASED = "3126463"


def archived(revision: str, folder: Path) -> Path:
    """A released checkout."""
    folder.mkdir()
    archive = subprocess.run(["git", "archive", revision], cwd=images.ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    return folder


def as_podman_takes_it(folder: Path) -> None:
    """A released compose.yaml with our images; podman 4.3 starts nothing that depends on an ended container.

    Its FHIR server is a house's own: one that keeps its data, which that of version 0.1 did not.
    """
    path, today = folder / "compose.yaml", yaml.safe_load((images.ROOT / "compose.yaml").read_text(encoding="utf-8"))
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name, service in content["services"].items():
        if isinstance(service.get("depends_on"), dict):
            service["depends_on"].pop("migrate", None)
        service["image"] = images.STAND_IN if name in OTHERS else service["image"]
    for name in ("fhir", "fhir-database"):
        content["services"][name] = today["services"][name]
    content["secrets"]["fhir_database_password"] = today["secrets"]["fhir_database_password"]
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    for kept in ("scripts/compose_secrets.sh", "deploy/helm/countersign/files/fhir-database.sh"):
        (folder / kept).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(images.ROOT / kept, folder / kept)
    subprocess.run(["sh", "scripts/compose_secrets.sh"], cwd=folder, check=True)


def test_a_house_of_the_last_release_is_upgraded_with_all_it_took_in(tmp_path: Path) -> None:
    """Its messages are taken in by the release, and signed after the upgrade by an account made then."""
    source = archived(RELEASED, tmp_path / "released")
    house = House(tmp_path / "house", "countersign-upgrade", images.released("0.1.0", RELEASED, source))
    house.folder.mkdir()
    house.lay_out(source)
    as_podman_takes_it(house.folder)
    try:
        house.up()
        assert set(house.send(*(body for _, body in samples.hl7()))) <= {"AA", "CA"}
        delivered(house, 9)
        before = [each["id"] for each in house.messages("--format", "json")]
        house.down()
        house.variables["IMAGE"] = images.ours()
        house.lay_out()
        house.up()
        assert [each["id"] for each in house.messages()] == before
        assert "BAD" not in house.run("countersign", "verify")
        reviewer = house.reviewer()
        waiting = reviewer.reports()
        assert len(waiting) == 9
        reviewer.sign(waiting[0]["report_id"])
        reviewer.close()
        eventually(lambda: house.search("Observation", status="final"), PATIENCE, lambda: house.logs("sender"))
    finally:
        house.down(volumes=True)

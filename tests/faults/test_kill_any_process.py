"""kill -9 of any one process in mid-run: every acknowledged report ends as exactly one set of Observations."""

import asyncio
from collections.abc import Iterator

import pytest

from integration.hl7v2.client import MllpClient, NoAnswer, Unreachable
from tests.messages import oru
from tests.system import System, eventually, running_system

REPORTS = 12


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system of its own: it gets hurt."""
    with running_system(tmp_path_factory.mktemp("kill") / "data") as running:
        yield running


async def send_until_acknowledged(system: System, body: bytes) -> None:
    """What an interface engine does: sends again, over a new connection, until the answer is positive."""
    for _ in range(400):
        try:
            client = await MllpClient.connect("127.0.0.1", system.instance.ports["mllp"], within=2)
            answer = await client.ask(body, within=10)
            await client.close()
            if answer.accepted:
                return
        except (Unreachable, NoAnswer):
            pass
        await asyncio.sleep(0.1)
    raise AssertionError("never acknowledged")


@pytest.mark.parametrize("victim", ["listener", "worker", "relay", "sender", "valkey", "postgres"])
async def test_nothing_acknowledged_is_lost_or_doubled(system: System, victim: str) -> None:
    accessions = [f"K{victim}{number}" for number in range(REPORTS)]
    for number, accession in enumerate(accessions):
        if number == REPORTS // 2:
            system.kill(victim)
        await send_until_acknowledged(system, oru(accession))
    rows = [system.delivered(accession, patience=90) for accession in accessions]
    assert all(len(row.identifiers) == 1 for row in rows)
    observations = [system.observations(row.identifiers) for row in rows]
    assert all(one[0]["status"] == "preliminary" for one in observations)
    assert all(system.task(row)["status"] == "requested" for row in rows)


async def test_while_the_fhir_server_is_away_the_outbox_waits_and_then_catches_up(system: System) -> None:
    system.kill("fhir")
    await send_until_acknowledged(system, oru("KFHIR1"))
    row = system.delivered("KFHIR1", patience=90)
    assert len(system.observations(row.identifiers)) == 1


async def test_every_frame_ever_acknowledged_has_ended(system: System) -> None:
    def unfinished() -> list[str]:
        ended = ("done", "ignored", "quarantined", "rejected")
        return [message["control_id"] for message in system.messages() if message["state"] not in ended]

    eventually(lambda: not unfinished(), 30, "no message left behind")

"""What a newcomer is told fits what there is: the README's commands, and the identity provider of compose.yaml.

`make test-containers` runs both; here they are held to the files they speak of.
"""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest
import yaml

from services.domain.words import Role
from services.setting_groups import Oidc
from tests.chart.conftest import ROOT, helm_path
from tests.containers.readme import MOST, commands

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
REALM = (ROOT / "deploy/compose/identity/realm.json").read_text(encoding="utf-8")
(CLIENT,) = json.loads(REALM)["clients"]
USERS: list[dict[str, Any]] = json.loads(REALM)["users"]


@pytest.mark.parametrize("heading", ["Run it on one machine", "Run it in Kubernetes"])
def test_a_way_in_takes_few_commands_and_ends_with_the_signature_on_the_fhir_server(heading: str) -> None:
    told = commands(heading)
    assert len(told) + 2 < MOST, "the clone and the change into its folder are two more"
    assert told[-1][-2:] == ["fhir", "Observation?status=final"]


def test_the_services_a_newcomer_names_are_those_of_compose() -> None:
    up, *others = commands("Run it on one machine")
    assert (ROOT / up[1]).exists()
    for words in others:
        assert words[:4] == ["docker", "compose", "exec", "-T"] and words[4] in COMPOSE["services"]


def test_the_deployments_a_newcomer_names_are_those_that_the_install_makes() -> None:
    install, *others = commands("Run it in Kubernetes")
    command = [str(helm_path()), "template", *install[2:]]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = {(each["kind"], each["metadata"]["name"]) for each in yaml.safe_load_all(made) if each}
    for words in others:
        kind, _, name = words[2].partition("/")
        assert ({"deploy": "Deployment", "service": "Service"}[kind], name) in names


def test_the_realm_has_the_roles_there_are_and_a_practitioner_for_whoever_signs() -> None:
    assert {each["name"] for each in json.loads(REALM)["roles"]["realm"]} == set(Role)
    assert {role for user in USERS for role in user["realmRoles"]} == set(Role)
    assert len(USERS) == 4
    for user in USERS:
        assert (Role.SIGNER in user["realmRoles"]) == ("fhirUser" in user.get("attributes", {}))


def test_the_realm_says_who_somebody_is_in_the_claims_that_are_read() -> None:
    claims = {each["config"]["claim.name"] for each in CLIENT["protocolMappers"]}
    assert claims == {Oidc().roles_claim, Oidc().practitioner_claim}
    assert all(each["config"]["id.token.claim"] == "true" for each in CLIENT["protocolMappers"])


def test_compose_gives_the_realm_what_it_leaves_open() -> None:
    service = COMPOSE["services"]["identity"]
    given = {*service["environment"], *re.findall(r"export (\w+)=", service["command"][0])}
    assert set(re.findall(r"\$\{(\w+)\}", REALM)) <= given
    assert CLIENT["redirectUris"] == ["${WORKLIST_URL}/login/callback"]
    worklist = COMPOSE["services"]["worklist"]["environment"]
    assert worklist["COUNTERSIGN_WORKLIST__OIDC__CLIENT_ID"].partition(":-")[2].strip("}") == CLIENT["clientId"]
    assert service["environment"]["WORKLIST_URL"] == worklist["COUNTERSIGN_WORKLIST__PUBLIC_URL"]


def test_browser_and_worklist_know_the_provider_by_the_address_that_the_start_names() -> None:
    service = COMPOSE["services"]["identity"]
    host = service["environment"]["KC_HOSTNAME"].removeprefix("http://").partition(":")[0]
    assert host in service["networks"]["internal"]["aliases"]
    script = (ROOT / "scripts/compose_up.sh").read_text(encoding="utf-8")
    named = f"identity={service['environment']['KC_HOSTNAME']}/realms/{json.loads(REALM)['realm']}\n"
    assert named in script

"""The schemas editors use say what the code takes; examples and channels are what they say they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest
import yaml
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from integration.hl7v2.senders import SenderError, load_senders
from scripts import mirth_channels
from services.cli import build
from services.engines import EngineError, load_engines
from services.schemas import SCHEMAS, text_of

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "deploy/examples"
ENGINE = {"name": "r1", "url": "http://host:1", "model": "m", "local": True}


def faults(name: str, document: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(json.loads(text_of(name))).iter_errors(document)]


def taken(name: str, document: Any, folder: Path) -> bool:
    """Whether the code takes the file."""
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(document))
    try:
        load_senders(path) if name == "senders" else load_engines(folder)
    except (SenderError, EngineError):
        return False
    return True


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_published_schema_is_that_of_the_code(name: str) -> None:
    published = (ROOT / f"docs/schemas/{name}.schema.json").read_text()
    assert published == text_of(name), f"countersign schema {name} > docs/schemas/{name}.schema.json"
    Draft202012Validator.check_schema(json.loads(published))
    assert CliRunner().invoke(build(["schema"]), ["schema", name]).stdout == published


@pytest.mark.parametrize("name", SCHEMAS)
def test_an_example_fits_its_schema_and_is_taken(name: str, tmp_path: Path) -> None:
    text = (EXAMPLES / f"{name}.yaml").read_text()
    assert f"$schema=../../docs/schemas/{name}.schema.json" in text.splitlines()[0]
    assert faults(name, yaml.safe_load(text)) == []
    assert taken(name, yaml.safe_load(text), tmp_path)


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("senders", {"senders": [{"aplication": "RIS"}]}),
        ("senders", {"senders": [{"status": {"X": "finall"}}]}),
        ("senders", {"senders": [{"sections": {"A": "nothing"}}]}),
        ("senders", {"senders": [{"processing": "perhaps"}]}),
        ("senders", {"senders": {"application": "RIS"}}),
        ("senders", {"sender": []}),
        ("senders", {"senders": [], "more": 1}),
        ("engines", {"engines": [{key: value for key, value in ENGINE.items() if key != "local"}]}),
        ("engines", {"engines": [{**ENGINE, "name": "Not a name"}]}),
        ("engines", {"engines": [{**ENGINE, "temperature": 3}]}),
        ("engines", {"engines": [{**ENGINE, "thinking": 1}]}),
        ("engines", {"engines": [{**ENGINE, "about": {"price": {"input": -1, "output": 1}}}]}),
    ],
)
def test_what_the_code_refuses_an_editor_underlines(name: str, document: Any, tmp_path: Path) -> None:
    assert faults(name, document)
    assert not taken(name, document, tmp_path)


@pytest.mark.parametrize("name", mirth_channels.CHANNELS)
def test_a_channel_is_what_the_script_makes(name: str) -> None:
    assert (EXAMPLES / f"mirth/{name}.xml").read_text() == mirth_channels.text_of(name)


# As the engine's classes of 4.5 name their settings; one that is missing keeps a Java default, one too many fails.
RECEIVER = """pluginProperties listenerConnectorProperties sourceConnectorProperties transmissionModeProperties
serverMode remoteAddress remotePort overrideLocalBinding reconnectInterval receiveTimeout bufferSize maxConnections
keepConnectionOpen dataTypeBinary charsetEncoding respondOnNewConnection responseAddress responsePort"""
SENDER = """pluginProperties destinationConnectorProperties transmissionModeProperties serverMode remoteAddress
remotePort overrideLocalBinding localAddress localPort sendTimeout bufferSize maxConnections keepConnectionOpen
checkRemoteHost responseTimeout ignoreResponse queueOnResponseTimeout dataTypeBinary charsetEncoding template"""


@pytest.mark.parametrize("name", mirth_channels.CHANNELS)
def test_a_channel_has_the_settings_the_engine_knows_and_the_handbook_asks_for(name: str) -> None:
    root = Xml.parse(EXAMPLES / f"mirth/{name}.xml").getroot()
    assert [each.tag for each in root][:7] == [
        "id", "nextMetaDataId", "name", "description", "revision", "sourceConnector", "destinationConnectors"
    ]  # fmt: skip
    source, target = root.find("sourceConnector"), root.find("destinationConnectors/connector")
    assert source is not None and target is not None
    for connector, known in ((source, RECEIVER), (target, SENDER)):
        properties = connector.find("properties")
        assert properties is not None and {each.tag for each in properties} == set(known.split())
        frame = properties.find("transmissionModeProperties")
        assert frame is not None
        assert (frame.findtext("startOfMessageBytes"), frame.findtext("endOfMessageBytes")) == ("0B", "1C0D")
    queue = target.find("properties/destinationConnectorProperties")
    assert queue is not None
    wanted = {"queueEnabled": "true", "rotate": "false", "threadCount": "1", "validateResponse": "true"}
    assert {name: queue.findtext(name) for name in wanted} == wanted
    assert target.findtext("properties/responseTimeout") == "30000"
    assert target.findtext("properties/keepConnectionOpen") == "true"
    assert target.findtext("properties/template") == "${message.rawData}"
    script = target.findtext(".//responseTransformer//script") or ""
    assert "responseStatus = QUEUED" in script and "'AE'" in script and "'AR'" not in script
    assert root.findtext("properties/messageStorageMode") == "PRODUCTION"


def test_two_channels_can_be_imported_side_by_side() -> None:
    roots = [Xml.fromstring(mirth_channels.text_of(name)) for name in mirth_channels.CHANNELS]
    for place in ("id", "name", "sourceConnector/properties/listenerConnectorProperties/port"):
        assert len({root.findtext(place) for root in roots}) == len(roots), place

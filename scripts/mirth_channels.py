"""Writes the channels for Mirth Connect / Open Integration Engine: deploy/examples/mirth/*.xml.

    python scripts/mirth_channels.py

A channel is the engine's own serialisation of its settings: an element a setting, under the name of the class that
reads it (com.mirth.connect of 4.5). Both channels pass messages on as they came: evidence is quoted from a report's
text character by character.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as Xml

VERSION = "4.5.2"
FOLDER = Path(__file__).parents[1] / "deploy/examples/mirth"
CONNECT = "com.mirth.connect"
HL7 = f"{CONNECT}.plugins.datatypes.hl7v2.HL7v2"

Value = str | int | bool | None
Settings = Mapping[str, Value]

# AE and CE mean "once more": the engine's own check of an answer would end the message as it does for AR and CR.
ONCE_MORE = """var code = String(msg['MSA']['MSA.1']['MSA.1.1']);
if (code == 'AE' || code == 'CE') {
    responseStatus = QUEUED;
}
"""
CHANNELS = {
    "to-countersign": {
        "id": "5f0b3c6e-2a41-4d0e-9c57-3c1a0a7d1f01",
        "name": "Radiology reports to Countersign",
        "description": "ORU^R01 and MDM from the RIS, unchanged and in order. Set the listener's address.",
        "port": 6661,
        "address": "countersign-listener.example",
        "remote": 2575,
    },
    "from-countersign": {
        "id": "5f0b3c6e-2a41-4d0e-9c57-3c1a0a7d1f02",
        "name": "Signed findings from Countersign",
        "description": "ORU^R01 of what was signed (COUNTERSIGN_WRITEBACK__ORU: this port). Set the EHR's address.",
        "port": 6662,
        "address": "ehr.example",
        "remote": 2575,
    },
}


def channel(given: Mapping[str, Value]) -> Xml.Element:
    """One listener, one sender."""
    root = Xml.Element("channel", version=VERSION)
    _put(root, {"id": given["id"], "nextMetaDataId": 2, "name": given["name"], "description": given["description"]})
    _put(root, {"revision": 1})
    source = Xml.SubElement(root, "sourceConnector", version=VERSION)
    _connector(source, 0, "sourceConnector", _receiver(given), "TCP Listener", "SOURCE")
    destinations = Xml.SubElement(root, "destinationConnectors")
    target = Xml.SubElement(destinations, "connector", version=VERSION)
    _connector(target, 1, str(given["address"]), _sender(given), "TCP Sender", "DESTINATION")
    for script, body in (("preprocessing", "return message;"), ("postprocessing", "return;"), ("deploy", "return;")):
        _put(root, {f"{script}Script": body})
    _put(root, {"undeployScript": "return;"})
    root.append(_channel_properties())
    return root


def _connector(at: Xml.Element, number: int, name: str, properties: Xml.Element, transport: str, mode: str) -> None:
    _put(at, {"metaDataId": number, "name": name})
    at.append(properties)
    at.append(_transformer("transformer"))
    if mode == "DESTINATION":
        at.append(_transformer("responseTransformer", ONCE_MORE))
    _put(Xml.SubElement(at, "filter", version=VERSION), {"elements": None})
    _put(at, {"transportName": transport, "mode": mode, "enabled": True, "waitForPrevious": True})


def _receiver(given: Mapping[str, Value]) -> Xml.Element:
    made = _properties(f"{CONNECT}.connectors.tcp.TcpReceiverProperties")
    _put(_versioned(made, "listenerConnectorProperties"), {"host": "0.0.0.0", "port": given["port"]})
    source = _versioned(made, "sourceConnectorProperties")
    # The RIS is answered once the message is in the engine's own store; from there the queue brings it on.
    _put(source, {"responseVariable": "Auto-generate (After source transformer)", "respondAfterProcessing": False})
    _put(source, {"processBatch": False, "firstResponse": False, "processingThreads": 1})
    _resources(source)
    _put(source, {"queueBufferSize": 1000})
    _mllp(made)
    _put(made, {"serverMode": True, "remoteAddress": None, "remotePort": None, "overrideLocalBinding": False})
    _put(made, {"reconnectInterval": 5000, "receiveTimeout": 0, "bufferSize": 65536, "maxConnections": 10})
    _put(made, {"keepConnectionOpen": True, "dataTypeBinary": False, "charsetEncoding": "UTF-8"})
    _put(made, {"respondOnNewConnection": 0, "responseAddress": None, "responsePort": None})
    return made


def _sender(given: Mapping[str, Value]) -> Xml.Element:
    made = _properties(f"{CONNECT}.connectors.tcp.TcpDispatcherProperties")
    queue = _versioned(made, "destinationConnectorProperties")
    # One thread and no rotation: what waits keeps its order. A retry count does not end what is in the queue.
    _put(queue, {"queueEnabled": True, "sendFirst": False, "retryIntervalMillis": 10000, "regenerateTemplate": False})
    _put(queue, {"retryCount": 0, "rotate": False, "includeFilterTransformer": False, "threadCount": 1})
    _put(queue, {"threadAssignmentVariable": None, "validateResponse": True})
    _resources(queue)
    _put(queue, {"queueBufferSize": 1000, "reattachAttachments": True})
    _mllp(made)
    _put(made, {"serverMode": False, "remoteAddress": given["address"], "remotePort": given["remote"]})
    _put(made, {"overrideLocalBinding": False, "localAddress": "0.0.0.0", "localPort": 0})
    _put(made, {"sendTimeout": 0, "bufferSize": 65536, "maxConnections": 1, "keepConnectionOpen": True})
    _put(made, {"checkRemoteHost": True, "responseTimeout": 30000, "ignoreResponse": False})
    _put(made, {"queueOnResponseTimeout": True, "dataTypeBinary": False, "charsetEncoding": "UTF-8"})
    _put(made, {"template": "${message.rawData}"})
    return made


def _mllp(at: Xml.Element) -> None:
    made = Xml.SubElement(at, "transmissionModeProperties", {"class": f"{CONNECT}.plugins.mllpmode.MLLPModeProperties"})
    _put(made, {"pluginPointName": "MLLP", "startOfMessageBytes": "0B", "endOfMessageBytes": "1C0D"})
    _put(made, {"useMLLPv2": False, "ackBytes": "06", "nackBytes": "15", "maxRetries": 2})


def _transformer(name: str, script: str = "") -> Xml.Element:
    made = Xml.Element(name, version=VERSION)
    elements = Xml.SubElement(made, "elements")
    if script:
        step = Xml.SubElement(elements, f"{CONNECT}.plugins.javascriptstep.JavaScriptStep", version=VERSION)
        _put(step, {"name": "AE and CE: once more", "sequenceNumber": 0, "enabled": True, "script": script})
    _put(made, {"inboundDataType": "HL7V2", "outboundDataType": "HL7V2"})
    for way in ("inbound", "outbound"):
        _hl7(Xml.SubElement(made, f"{way}Properties", {"class": f"{HL7}DataTypeProperties", "version": VERSION}))
    return made


def _hl7(at: Xml.Element) -> None:
    parser: Settings = {"useStrictParser": False, "useStrictValidation": False}
    end: Settings = {"segmentDelimiter": r"\r"}
    shown: Settings = {"handleRepetitions": True, "handleSubcomponents": True, **parser}
    answers: Settings = {"successfulACKCode": "AA", "errorACKCode": "AE", "rejectedACKCode": "AR"}
    parts: dict[str, Settings] = {
        "Serialization": {**shown, "stripNamespaces": False, **end, "convertLineBreaks": False},
        "Deserialization": {**parser, **end},
        "Batch": {"splitType": "MSH_Segment", "batchScript": None},
        "ResponseGeneration": {**end, **answers, "msh15ACKAccept": False, "dateFormat": "yyyyMMddHHmmss.SSS"},
        "ResponseValidation": {
            "successfulACKCode": "AA,CA", "errorACKCode": "AE,CE", "rejectedACKCode": "AR,CR",
            "validateMessageControlId": True, "originalMessageControlId": "Destination_Encoded",
            "originalIdMapVariable": None,
        },
    }  # fmt: skip
    for part, settings in parts.items():
        name = f"{part[0].lower()}{part[1:]}Properties"
        _put(Xml.SubElement(at, name, {"class": f"{HL7}{part}Properties", "version": VERSION}), settings)


def _channel_properties() -> Xml.Element:
    made = Xml.Element("properties", version=VERSION)
    _put(made, {"clearGlobalChannelMap": True, "messageStorageMode": "PRODUCTION", "encryptData": True})
    _put(made, {"encryptAttachments": True, "encryptCustomMetaData": False, "removeContentOnCompletion": False})
    _put(made, {"removeOnlyFilteredOnCompletion": False, "removeAttachmentsOnCompletion": False})
    _put(made, {"initialState": "STOPPED", "storeAttachments": True, "metaDataColumns": None})
    attachments = _versioned(made, "attachmentProperties")
    _put(attachments, {"type": "None", "properties": None})
    _resources(made)
    return made


def _properties(name: str) -> Xml.Element:
    made = Xml.Element("properties", {"class": name, "version": VERSION})
    _put(made, {"pluginProperties": None})
    return made


def _versioned(at: Xml.Element, name: str) -> Xml.Element:
    return Xml.SubElement(at, name, version=VERSION)


def _resources(at: Xml.Element) -> None:
    entry = Xml.SubElement(Xml.SubElement(at, "resourceIds", {"class": "linked-hash-map"}), "entry")
    for words in ("Default Resource", "[Default Resource]"):
        Xml.SubElement(entry, "string").text = words


def _put(at: Xml.Element, settings: Settings) -> None:
    for name, value in settings.items():
        made = Xml.SubElement(at, name)
        made.text = None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def text_of(name: str) -> str:
    """A channel as its file has it."""
    root = channel(CHANNELS[name])
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode") + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for each in CHANNELS:
        (FOLDER / f"{each}.xml").write_text(text_of(each), encoding="utf-8")

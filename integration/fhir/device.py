"""Engine → Device: which reader, at which versions, asserted a finding."""

from __future__ import annotations

from integration.canonical import Engine
from integration.fhir.elements import checked, coding, concept, meta
from integration.fhir.systems import AI_DEVICE_TYPE, AI_KIND, Json, Systems, device_identifier


def device(engine: Engine, systems: Systems) -> Json:
    """One Device per (engine, model, prompt, catalogue) version.

    Shape of the AI-Device profile of HL7's AI Transparency on FHIR guide; a rules engine has no AIKind, as
    the guide's code system has none that would be true of it.
    """
    model = engine.model or engine.name
    return checked(
        {
            "resourceType": "Device",
            "meta": meta(systems),
            "extension": [_kind()] if engine.model else [],
            "identifier": [{"system": systems.device, "value": device_identifier(engine).value}],
            "status": "active",
            "deviceName": [{"name": model, "type": "model-name"}],
            "modelNumber": model,
            "type": concept(coding(AI_DEVICE_TYPE, "Artificial-Intelligence")),
            "version": _versions(engine),
        }
    )


def _kind() -> Json:
    return {"url": AI_KIND, "valueCodeableConcept": concept(coding(AI_DEVICE_TYPE, "Large-Language-Models"))}


def _versions(engine: Engine) -> list[Json]:
    parts = {
        "engine": f"{engine.name} {engine.version}".strip(),
        "model": engine.model,
        "prompt": engine.prompt_version,
        "catalogue": f"{engine.catalogue} {engine.catalogue_version}".strip(),
    }
    return [{"type": concept(text=name), "value": value} for name, value in parts.items() if value]

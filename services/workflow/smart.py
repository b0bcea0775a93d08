"""SMART Backend Services as the settings describe them."""

from __future__ import annotations

from integration.fhir.smart import BackendServices, SigningKey, SmartKeyError, signing_key
from services.settings import Fhir


def backend_services(fhir: Fhir) -> BackendServices:
    """Who we are to the FHIR server. Raises SmartKeyError naming the setting."""
    smart = fhir.smart
    return BackendServices(smart.client_id, smart_key(fhir), smart.scope, str(fhir.url), smart.token_url)


def smart_key(fhir: Fhir) -> SigningKey:
    """The key our assertions are signed with. Raises SmartKeyError naming the setting."""
    try:
        return signing_key(fhir.smart.private_key.get_secret_value(), fhir.smart.key_id)
    except SmartKeyError as error:
        raise SmartKeyError(f"COUNTERSIGN_FHIR__SMART__PRIVATE_KEY: {error}") from None

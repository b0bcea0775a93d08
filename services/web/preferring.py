"""What a person chooses for themselves, read from a form or a request and stored."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from urllib.parse import parse_qsl

from pydantic import ValidationError
from sqlalchemy import Connection

from services.actions import accounts
from services.domain.people import Person
from services.web.views.dates import Dates, UnknownZone
from services.web.views.filters import Chosen
from services.web.views.keys import COMMANDS, problem
from services.workflow.refusal import Refused


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a person chose. `keys`: command to key; `timezone`: an IANA name, "" for the site's; `sound`: for STAT."""

    theme: str
    keys_off: bool
    keys: dict[str, str]
    timezone: str = ""
    sound: bool = False


def store_preferences(connection: Connection, person: Person, chosen: Preferences) -> None:
    """Stores what differs from the defaults. Raises Refused: two commands share a key, a zone there is not."""
    wrong = problem(chosen.keys)
    if wrong:
        raise Refused("value", f"Keys: {wrong}.")
    try:
        Dates.of(chosen.timezone)
    except UnknownZone as error:
        raise Refused("value", f"Time zone: {error} is none; write it as Europe/Berlin.") from None
    changed = {command: key for command, key in chosen.keys.items() if key != COMMANDS[command][0]}
    accounts.set_preferences(connection, person, asdict(replace(chosen, keys=changed)))


def save_view(connection: Connection, person: Person, name: str, query: str) -> Chosen:
    """Saves a filter under a name, cleaned of what is none; it. Raises Refused where name or filter is none."""
    if not name.strip() or "\x00" in name + query:
        raise Refused("value", "A view needs a name.")
    try:
        chosen = Chosen.model_validate({key: value for key, value in parse_qsl(query) if key in Chosen.model_fields})
    except ValidationError:
        raise Refused("value", "This is not a filter of the worklist.") from None
    accounts.save_view(connection, person, name.strip(), chosen.query())
    return chosen

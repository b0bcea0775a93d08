"""Dates as the pages show them: with the year, in the reader's time zone, else the site's; a page says which, once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from markupsafe import Markup

from services.workflow.refusal import Refused


class UnknownZone(Exception):
    """The message names the zone."""


@dataclass(frozen=True, slots=True)
class Dates:
    """`zone`: the reader's or the site's; None: our times in UTC, a source's as it sent them, with its own offset."""

    zone: ZoneInfo | None = None

    @classmethod
    def of(cls, name: str) -> Dates:
        """By the IANA name of a zone, "" for none. Raises UnknownZone."""
        try:
            return cls(ZoneInfo(name) if name else None)
        except (ZoneInfoNotFoundError, ValueError):
            raise UnknownZone(name) from None

    @property
    def tz(self) -> tzinfo:
        """The zone that times without an offset are read in."""
        return self.zone or UTC

    def moment(self, value: datetime | str | None) -> str | Markup:
        """Day and minute."""
        return self._shown(value, "%d %b %Y %H:%M")

    def instant(self, value: datetime | str | None) -> str | Markup:
        """Day and second, for those who look for what happened when."""
        return self._shown(value, "%Y-%m-%d %H:%M:%S")

    def millis(self, value: datetime | str | None) -> str | Markup:
        """Day and millisecond, for those who compare it with logs."""
        if not value:
            return "–"
        at = self._at(value)
        return _time(at, at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + self._aside(at))

    def local(self, value: datetime | None = None) -> str:
        """A minute as a date field of a form has it, in the reader's zone or UTC; without a value now."""
        return (value or datetime.now(UTC)).astimezone(self.tz).strftime("%Y-%m-%dT%H:%M")

    def read(self, text: str) -> datetime:
        """What such a field says. Raises Refused: value."""
        try:
            return datetime.fromisoformat(text).replace(tzinfo=self.tz)
        except ValueError:
            raise Refused("value", "Give day and time as 2026-01-31T23:59.") from None

    def day(self, value: datetime | str | None) -> str:
        """The date, ISO."""
        return self._at(value).strftime("%Y-%m-%d") if value else "–"

    def offset(self) -> str:
        """Of the zone, now: "Europe/Berlin, UTC+01:00"; "UTC" where there is none."""
        if self.zone is None:
            return "UTC"
        now = datetime.now(self.zone).strftime("%z")
        return f"{self.zone.key}, UTC{now[:3]}:{now[3:]}"

    def _at(self, value: datetime | str) -> datetime:
        at = datetime.fromisoformat(value) if isinstance(value, str) else value
        return at.astimezone(self.zone) if self.zone else at

    def _shown(self, value: datetime | str | None, pattern: str) -> str | Markup:
        if not value:
            return "–"
        at = self._at(value)
        return _time(at, at.strftime(pattern) + self._aside(at))

    def _aside(self, at: datetime) -> str:
        """The offset of a time that is in no zone of the page."""
        return "" if self.zone or not at.utcoffset() else at.strftime(" %z")


def _time(at: datetime, said: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), said)


def age(birth_date: str, at: datetime | str | None) -> str:
    """Years at the exam, months below two; "" where the birth date is not a whole one or lies after it."""
    digits = birth_date.replace("-", "")
    if len(digits) != 8 or not digits.isdigit() or not at:
        return ""
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return ""
    on = (datetime.fromisoformat(at) if isinstance(at, str) else at).date()
    months = 12 * (on.year - born.year) + on.month - born.month - (on.day < born.day)
    if months < 0:
        return ""
    return f"{months // 12} y" if months >= 24 else f"{months} mo"

"""Device identity and the rule against two licences on one PC."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

# What firmware says when nobody filled the field in: two such devices are not the same device.
PLACEHOLDER_SERIALS = frozenset(
    {
        "TOBEFILLEDBYOEM",
        "DEFAULTSTRING",
        "SYSTEMSERIALNUMBER",
        "NONE",
        "NA",
        "NOTSPECIFIED",
        "NOTAPPLICABLE",
        "UNKNOWN",
        "OEM",
        "CHASSISSERIALNUMBER",
        "INVALID",
        "123456789",
        "0123456789",
    }
)
_NOISE = re.compile(r"[^A-Z0-9]+")


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """A PC as its firmware names it."""

    manufacturer: str
    model: str
    serial: str

    @property
    def key(self) -> tuple[str, str, str]:
        """Return the form in which devices are compared: upper case, letters and digits only."""
        return normalise(self.manufacturer), normalise(self.model), normalise(self.serial)


def normalise(text: str) -> str:
    """Return upper-case letters and digits only, so that spaces and dashes make no other device."""
    return _NOISE.sub("", text.upper())


def missing_parts(identity: DeviceIdentity) -> list[str]:
    """Return which of manufacturer, model and serial are missing or a firmware's placeholder."""
    missing = [name for name in ("manufacturer", "model", "serial") if not normalise(getattr(identity, name))]
    serial = normalise(identity.serial)
    if serial and (serial in PLACEHOLDER_SERIALS or set(serial) == {"0"} or len(set(serial)) == 1):
        missing.append("serial")
    return missing


def is_within_duplicate_window(before: datetime, now: datetime, *, window: timedelta) -> bool:
    """Return whether a key handed over for the same device earlier still blocks a second one."""
    return now - before < window

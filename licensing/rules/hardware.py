"""The least hardware a product runs on, and whether a PC has it: pure data and one comparison."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

# Whole numbers with their units and largest sensible values; flags are yes or no.
NUMBERS: dict[str, tuple[Any, int]] = {
    "ram_gb": (_("Memory, GB"), 1024),
    "storage_gb": (_("Storage, GB"), 100_000),
    "cores": (_("Processor cores"), 256),
}
FLAGS: dict[str, Any] = {
    "is_64_bit": _("64-bit processor"),
    "uefi": _("UEFI with Secure Boot"),
    "tpm_2": _("TPM 2.0"),
}


def profile_faults(profile: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a profile, by field name."""
    faults = [name for name in profile if name not in NUMBERS and name not in FLAGS]
    for name, (_label, most) in NUMBERS.items():
        value = profile.get(name, 1)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            faults.append(name)
    return faults + [name for name in FLAGS if not isinstance(profile.get(name, True), bool)]


def missing_hardware(profile: Mapping[str, Any], pc: Mapping[str, Any]) -> list[str]:
    """Return the names of what a PC lacks or does not say, nothing when the product runs on it."""
    short = [name for name in NUMBERS if int(pc.get(name, 0)) < int(profile.get(name, 0))]
    return short + [name for name in FLAGS if profile.get(name) and not pc.get(name)]


def in_words(profile: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """Return a profile as labels and values for a page."""
    shown: list[tuple[Any, Any]] = [
        (label, profile[name]) for name, (label, _most) in NUMBERS.items() if profile.get(name)
    ]
    return shown + [(label, _("needed")) for name, label in FLAGS.items() if profile.get(name)]

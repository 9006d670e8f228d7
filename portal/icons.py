"""The icons the portal uses, and the cut of the icon package down to them.

The package's sprite holds some 5,000 drawings (2 MB). Set-up cuts it once:

    python -m portal.icons static/vendor/icons/tabler-sprite.svg static/vendor/icons/portal-sprite.svg

A drawing is shown by `{% icon "check" %}`. A new icon is added to ICONS, then the cut is made again.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

SPRITE = "vendor/icons/portal-sprite.svg"
FALLBACK = "point"

ICONS: tuple[str, ...] = (
    "activity",
    "alert-circle",
    "alert-triangle",
    "archive",
    "arrow-back-up",
    "arrow-down",
    "arrow-left",
    "arrow-right",
    "arrow-up",
    "arrows-exchange",
    "award",
    "ban",
    "bell",
    "bell-ringing",
    "building",
    "building-store",
    "bulb",
    "calendar",
    "calendar-event",
    "certificate",
    "chart-bar",
    "check",
    "checklist",
    "chevron-down",
    "chevron-left",
    "chevron-right",
    "circle-check",
    "circle-dashed",
    "circle-x",
    "clipboard-check",
    "clock",
    "copy",
    "credit-card",
    "device-desktop",
    "device-laptop",
    "device-mobile",
    "device-usb",
    "door-exit",
    "dots",
    "download",
    "external-link",
    "eye",
    "eye-off",
    "file-check",
    "file-text",
    "file-upload",
    "filter",
    "fingerprint",
    "flag",
    "gavel",
    "hand-grab",
    "hand-stop",
    "heart-handshake",
    "help-circle",
    "history",
    "home",
    "hourglass",
    "id",
    "inbox",
    "info-circle",
    "key",
    "keyboard",
    "language",
    "list-check",
    "list",
    "lock",
    "login",
    "logout",
    "mail",
    "map-pin",
    "menu-2",
    "message-circle",
    "minus",
    "moon",
    "notes",
    "package",
    "paperclip",
    "pencil",
    "plus",
    "point",
    "printer",
    "receipt",
    "refresh",
    "report",
    "rotate",
    "scale",
    "scan",
    "school",
    "search",
    "send",
    "settings",
    "shield-check",
    "shield-lock",
    "shopping-cart",
    "stack-2",
    "sun",
    "trending-up",
    "truck-delivery",
    "upload",
    "user",
    "user-check",
    "user-off",
    "user-plus",
    "users",
    "world",
    "x",
)

_SYMBOL = re.compile(r'<symbol id="tabler-(?P<name>[a-z0-9-]+)".*?</symbol>', re.DOTALL)
_BLANK_SQUARE = '<path stroke="none" d="M0 0h24v24H0z" fill="none" />'


class MissingIconError(LookupError):
    """The package does not hold a drawing the portal names."""


def cut_sprite(source: str, names: tuple[str, ...] = ICONS) -> str:
    """Return a sprite with the named drawings only.

    :raises MissingIconError: names every drawing that the source does not hold.
    """
    found = {match["name"]: match.group() for match in _SYMBOL.finditer(source)}
    missing = sorted(set(names) - found.keys())
    if missing:
        raise MissingIconError(f"The icon package has no drawing named: {', '.join(missing)}")
    symbols = "\n".join(_slim(found[name]) for name in names)
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n'


def _slim(symbol: str) -> str:
    """Drop the invisible square, and the stroke width, which the style sheet sets."""
    return symbol.replace(_BLANK_SQUARE, "").replace(' stroke-width="2"', "")


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m portal.icons SOURCE.svg TARGET.svg\n")
        return 2
    source, target = (Path(argument) for argument in arguments)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(cut_sprite(source.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""Print the demo's people and how to sign in as each."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.demo_people import DEMO_PEOPLE, DemoPerson, password_of, totp_secret_of

API_KEYS_FILE = "demo-api-keys.json"


class Command(BaseCommand):
    """`bin/portal accounts`: a table for people, `--json` for programs."""

    help = "List the demo's people: role, e-mail address, password, TOTP secret, API keys."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take `--json`."""
        parser.add_argument("--json", action="store_true", help="print JSON for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the people; a portal without the demo has none."""
        if not settings.DEMO_ENABLED:
            raise CommandError("This portal runs without the demo. Its people are in the portal itself.")
        if options["json"]:
            self.stdout.write(json.dumps(_document(), indent=2, ensure_ascii=False))
            return
        self.stdout.write(f"{settings.BASE_URL}/demo/ signs you in as anyone with a click.\n\n")
        for line in _lines():
            self.stdout.write(line)


def _document() -> dict[str, Any]:
    return {
        "url": settings.BASE_URL,
        "people": [_person(person) for person in DEMO_PEOPLE],
        "api_keys": _api_keys(),
    }


def _person(person: DemoPerson) -> dict[str, Any]:
    return {
        "key": person.key,
        "name": person.name,
        "role": str(person.role),
        "partner": person.partner_code,
        "email": person.email,
        "password": password_of(person),
        "totp_secret": totp_secret_of(person),
    }


def _api_keys() -> Any:
    """Return what the demo's loader noted, nothing before it ran."""
    file = Path(settings.VAR_DIR) / API_KEYS_FILE
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []


def _lines() -> list[str]:
    rows = [("Person", "Role", "Partner", "E-mail address", "Password")]
    rows += [
        (person.name, person.role_label, person.partner_code or "MAR", person.email, password_of(person))
        for person in DEMO_PEOPLE
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]

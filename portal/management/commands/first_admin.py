"""Invite the first administrator of an empty portal."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.utils import timezone

from core.actor import Actor
from core.errors import DomainError
from core.tenancy import mar_scope
from partners.models.membership import Role
from partners.selectors.people import addresses_of_role
from partners.services.invitations import invite_person


class Command(BaseCommand):
    help = "Send the first MAR administrator an invitation. Refused as soon as there is an administrator."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="where the invitation goes")
        parser.add_argument("--name", default="Administrator", help="the person's name")

    def handle(self, *args: Any, email: str, name: str, **options: Any) -> None:
        """Invite, or say why not."""
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"{email} is not an e-mail address.") from error
        with mar_scope():
            if addresses_of_role(Role.MAR_ADMIN, partner_id=None):
                raise CommandError("There is an administrator already: ask him for an invitation.")
            try:
                invited = invite_person(
                    partner_id=None,
                    email=email,
                    name=name,
                    role=Role.MAR_ADMIN,
                    by=Actor.system("first_admin"),
                    at=timezone.now(),
                )
            except DomainError as error:
                raise CommandError(str(error)) from error
        self.stdout.write(
            f"An invitation is on its way to {invited.email}, valid until {invited.expires_at:%Y-%m-%d}."
        )

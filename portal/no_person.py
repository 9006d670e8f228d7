"""Refuse at the field what seems to be about a private person; the service refuses it as well."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from partners.rules.personal_data import NUMBER, find_personal


def no_person(value: str) -> None:
    """Hold a typed text about an organisation.

    :raises ValidationError: naming what it looks like, never saying the text back.
    """
    _hold(value, "free")


def no_person_in_number(value: str) -> None:
    """Hold a register number, which may look like a telephone number.

    :raises ValidationError: naming what it looks like.
    """
    _hold(value, NUMBER)


def _hold(value: str, kind: str) -> None:
    found = find_personal(value, kind)
    if found:
        raise ValidationError(
            _("This seems to hold %(what)s. Name the organisation only; nothing of a private person is kept.")
            % {"what": str(found[0].label)},
            code="personal_data",
        )

"""Refuse what nobody types: control characters and invisible marks that turn or hide text."""

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# Control, format (direction marks among them), surrogate, private, unassigned.
ODD_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
LINE_BREAKS = "\r\n\t"


def plain_text(value: str) -> None:
    """Hold a typed text against what a keyboard gives.

    :raises ValidationError: for an invisible character other than a line break or a tab.
    """
    if any(unicodedata.category(sign) in ODD_CATEGORIES and sign not in LINE_BREAKS for sign in value):
        raise ValidationError(_("This holds invisible characters. Type it by hand."), code="invisible")

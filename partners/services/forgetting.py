"""Blank what rows say of a person, table by table; ids, dates and amounts stay."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import DatabaseError, transaction

from core.models import SignInSession, User
from core.people import forget_names
from core.sealed import GONE, found_by
from core.services.sessions import end_sessions
from partners.models import (
    Application,
    ApplicationSection,
    Document,
    FactorReset,
    Invitation,
    Membership,
    NamedContact,
    OwnerReset,
    Partner,
)
from partners.models.application import ApplicationState
from partners.selectors.personal_data import found_in, searched_tables

# Nobody became a partner by these, so nothing of them is evidence: their keys die with the person.
_NO_EVIDENCE = (ApplicationState.DRAFT, ApplicationState.WITHDRAWN, ApplicationState.REJECTED)


@dataclass(slots=True)
class Forgotten:
    """How many rows of each table were blanked, and the subjects whose keys are to be destroyed after the commit."""

    blanked: dict[str, int] = field(default_factory=dict)
    subjects: list[UUID] = field(default_factory=list)


def forget(user: User, *, at: datetime) -> Forgotten:
    """Make a person unrecognisable in every row that may change.

    Runs in the MAR's scope, inside the caller's transaction. Destroying the keys is the caller's, who
    knows when it is final.
    """
    done = Forgotten()
    words = words_about(user)
    done.blanked["sessions"] = end_sessions(user.pk, at=at)
    _blank_applications(user.email, words, done, at=at)
    _blank_contacts(user.email, done)
    blanked = done.blanked
    blanked["invitations"] = Invitation.objects.filter(email=user.email).update(email=nobody(user), name=GONE)
    blanked["factor_resets"] = FactorReset.objects.filter(user=user).update(reason=GONE)
    cases = OwnerReset.objects.filter(user=user)
    done.subjects += cases.values_list("subject", flat=True)
    blanked["owner_resets"] = cases.update(reason=GONE, evidence_path="")
    blanked["memberships"] = Membership.objects.filter(user=user, is_active=True).update(is_active=False)
    for name, rows in (
        ("factors", Authenticator.objects.filter(user=user)),
        ("addresses", EmailAddress.objects.filter(user=user)),
        ("sign_ins", SignInSession.objects.filter(user=user)),
    ):
        blanked[name], _per_table = rows.delete()
    _pseudonymise(user)
    others = (table for table in searched_tables() if table[0] is not User)  # a namesake keeps his name
    blanked["other_texts"] = sum(_blank_table(model, columns, words) for model, columns in others)
    blanked["mail_files"] = _forget_mail_files(words)
    forget_names()
    return done


def words_about(user: User) -> list[str]:
    """Return what names a person beyond doubt: his address, first and last name together, his numbers."""
    name = [user.name] if len(user.name.split()) > 1 else []
    return [user.email, *name, *_phones(user.email)]


def nobody(user: User) -> str:
    """Return an address that no mail reaches; the domain is reserved (RFC 2606)."""
    return f"former-{user.pk.hex}@erased.invalid"


def _pseudonymise(user: User) -> None:
    user.name, user.email, user.is_active = f"Former user {user.pk.hex[:4].upper()}", nobody(user), False
    user.last_login = None
    user.set_unusable_password()
    user.save(update_fields=["name", "email", "is_active", "last_login", "password"])


def _phones(email: str) -> list[str]:
    of_applications = Application.objects.filter(contact_email=email).values_list("phone", flat=True)
    of_partners = Partner.objects.filter(contact_email=email).values_list("phone", flat=True)
    named = [contact.phone for contact in NamedContact.objects.filter(email_index=found_by(email))]
    return sorted({phone for phone in (*of_applications, *of_partners, *named) if len(phone) > 6})


def _blank_contacts(email: str, done: Forgotten) -> None:
    partners = Partner.objects.filter(contact_email=email).update(contact_name="", contact_email="", phone="")
    named = NamedContact.objects.filter(email_index=found_by(email))
    done.subjects += named.values_list("subject", flat=True)
    done.blanked["contacts"] = partners + named.update(name=GONE, email=GONE, phone="", email_index=b"")


def _blank_applications(email: str, words: list[str], done: Forgotten, *, at: datetime) -> None:
    found = Application.objects.filter(contact_email=email)
    ended = found.filter(partner__isnull=True, state__in=_NO_EVIDENCE)
    done.subjects += ended.values_list("subject", flat=True)
    Document.objects.filter(application__in=ended).update(title="", file_name=GONE, removed_at=at)
    ApplicationSection.objects.filter(application__in=ended).update(answers="")
    for section in ApplicationSection.objects.filter(application__in=found.exclude(pk__in=ended)):
        answers = _without(section.answers, words)
        if answers != section.answers:
            section.answers = answers
            section.save(update_fields=["answers"])
    done.blanked["applications"] = found.update(
        contact_name="", contact_email="nobody@erased.invalid", phone="", phone_norm="", note=""
    )


def _blank_table(model: Any, columns: list[str], words: list[str]) -> int:
    """Take the words out of every text of a table; a row that may not change stays, and the search names it."""
    count = 0
    for row in list(found_in(model, columns, words).values("pk", *columns)):
        clean = {name: _without(row[name], words) for name in columns}
        changed = {name: value for name, value in clean.items() if value != row[name]}
        with suppress(DatabaseError), transaction.atomic():
            count += model._default_manager.filter(pk=row["pk"]).update(**changed)
    return count


def _without(value: Any, words: list[str]) -> Any:
    """Return a text or JSON value with a dash for each of the words, whatever their case."""
    if isinstance(value, dict):
        return {key: _without(part, words) for key, part in value.items()}
    if isinstance(value, list):
        return [_without(part, words) for part in value]
    if isinstance(value, str):
        for word in words:
            value = re.sub(re.escape(word), GONE, value, flags=re.IGNORECASE)
    return value


def _forget_mail_files(words: list[str]) -> int:
    """Throw away the mails that a trial without a mail server wrote into its folder."""
    folder = getattr(settings, "EMAIL_FILE_PATH", None)
    naming = [path for path in _files(folder) if _names(path, words)]
    for path in naming:
        path.unlink(missing_ok=True)
    return len(naming)


def _files(folder: Any) -> Iterator[Path]:
    if folder and Path(folder).is_dir():
        yield from (path for path in Path(folder).iterdir() if path.is_file())


def _names(path: Path, words: list[str]) -> bool:
    text = path.read_text(errors="replace").lower()
    return any(word.lower() in text for word in words)

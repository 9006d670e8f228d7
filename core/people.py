"""Rows name people by id; the name is looked up when it is shown, and is gone when the person is erased.

``Actor.label`` of a person is ``person:<id>``. A column that keeps such a label is a ``WhoField``: what is
read from it compares and stores as that reference, and prints as the person's present name. All names
that a page needs are read in one query, with the first that is printed.
"""

from threading import local
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.signals import request_started
from django.db import models
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

PREFIX = "person:"


class _Names(local):
    """The names known to this thread, and the ids met but not asked for yet."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.met: set[str] = set()


_names = _Names()


def reference_to(user_id: Any) -> str:
    """Return how rows name a person."""
    return f"{PREFIX}{user_id}"


def id_in(label: str) -> str | None:
    """Return the person's id in a label, None when it names no person."""
    if not label.startswith(PREFIX):
        return None
    try:
        return str(UUID(label[len(PREFIX) :]))
    except ValueError:
        return None


def name_of(label: str) -> str:
    """Return the label with a person's reference turned into his present name."""
    plain = str.__str__(label)
    user_id = id_in(plain)
    if user_id is None:
        return plain
    if user_id not in _names.known:
        _names.met.add(user_id)
        _look_up()
    return _names.known[user_id]


def forget_names(**_kwargs: Any) -> None:
    """Forget every name: a request begins, or a name has changed."""
    _names.known.clear()
    _names.met.clear()


class Who(str):
    """A label that prints as the name of the person it refers to."""

    __slots__ = ()

    def __str__(self) -> str:
        return name_of(self)

    def __html__(self) -> SafeString:
        return escape(name_of(self))

    def __format__(self, spec: str) -> str:
        return format(name_of(self), spec)


class WhoField(models.CharField):  # type: ignore[type-arg]
    """Text that says who did something: a person's reference, a station's name or the portal's work."""

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """Stand in migrations as the text column it is."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", list(args), dict(kwargs)

    def from_db_value(self, value: str | None, _expression: Any, _connection: Any) -> "Who | None":
        """Return the label, and remember whose name will be asked for."""
        if value is None:
            return None
        user_id = id_in(value)
        if user_id is not None and user_id not in _names.known:
            _names.met.add(user_id)
        return Who(value)


def _look_up() -> None:
    users = apps.get_model("core", "User").objects.filter(pk__in=_names.met)
    found = {str(pk): name or email for pk, name, email in users.values_list("pk", "name", "email")}
    _names.known.update({user_id: found.get(user_id, _("Unknown person")) for user_id in _names.met})
    _names.met.clear()


request_started.connect(forget_names, dispatch_uid="core.people.forget_names")

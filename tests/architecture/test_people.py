"""No row keeps a person's name beside his account: who did something is a reference."""

from django.apps import apps
from django.db import models

from core.people import WhoField


def _says_who(field: models.Field) -> bool:  # type: ignore[type-arg]
    return isinstance(field, models.CharField) and (
        field.name.endswith(("_by", "actor_label")) and (field.max_length or 0) > 40
    )


def _fields() -> list[tuple[str, models.Field]]:  # type: ignore[type-arg]
    return [
        (f"{model._meta.label}.{field.name}", field)
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.Field) and _says_who(field)
    ]


def test_every_column_that_says_who_is_a_who_field() -> None:
    """A CharField that ends in _by would print person:<id>; write WhoField (core/people.py) instead."""
    assert [name for name, field in _fields() if not isinstance(field, WhoField)] == []
    assert len(_fields()) > 10

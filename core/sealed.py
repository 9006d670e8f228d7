"""Columns of personal text: plain in the code, ciphertext in the database, gone with the subject's key.

The row names its subject in a column of its own. What is sealed is written by ``save`` or ``bulk_create``
only, and never looked up by its text: ``update`` and ``filter`` refuse it, so nothing lands in clear by
mistake. What has to be found by equality has a blind index beside it.
"""

import base64
import json
from typing import Any
from uuid import UUID

from django.db import models

from core.crypto import blind_index
from core.custody_keys import blind_index_key
from core.keyring import KeyDestroyed, open_sealed, seal

GONE = "–"
_PREFIX = "s1."


class SealedTextField(models.TextField):  # type: ignore[type-arg]
    """Text under the key of the row's subject. Reads as a dash when that key was destroyed."""

    _gone: Any = GONE

    def __init__(self, *args: Any, subject: str = "subject", **kwargs: Any) -> None:
        self.subject = subject
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """Stand in migrations as the text column it is."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", list(args), dict(kwargs)

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        """Return the ciphertext that the row is saved with."""
        text = self._to_text(getattr(model_instance, self.attname))
        if text in ("", GONE):
            return text
        subject: UUID = getattr(model_instance, self.subject)
        sealed = seal(text.encode(), subject=subject, identity=self._identity())
        return f"{_PREFIX}{subject.hex}.{base64.b64encode(sealed).decode()}"

    def get_prep_value(self, value: Any) -> Any:
        """Let ciphertext and nothing through.

        :raises TypeError: for text in clear, on its way into the table or into a condition.
        """
        text = self._to_text(value) if value is not None else ""
        if text in ("", GONE) or text.startswith(_PREFIX):
            return text
        raise TypeError(f"{self.name} is sealed: save the row, and do not look it up by its text")

    def from_db_value(self, value: str | None, _expression: Any, _connection: Any) -> Any:
        """Return the text itself."""
        if value is None or not value.startswith(_PREFIX):
            return self._from_text(value or "")
        _prefix, subject, sealed = value.split(".", 2)
        try:
            plain = open_sealed(base64.b64decode(sealed), subject=UUID(subject), identity=self._identity())
        except KeyDestroyed:
            return self._gone
        return self._from_text(plain.decode())

    def _identity(self) -> str:
        return f"{self.model._meta.db_table}.{self.column}"

    def _to_text(self, value: Any) -> str:
        return str(value)

    def _from_text(self, text: str) -> Any:
        return text


class SealedJSONField(SealedTextField):
    """An object under the key of the row's subject. Reads as empty when that key was destroyed."""

    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    @property
    def _gone(self) -> dict[str, Any]:
        return {}

    def to_python(self, value: Any) -> Any:
        """Return the object as it is."""
        return value

    def _to_text(self, value: Any) -> str:
        return value if isinstance(value, str) else (json.dumps(value, ensure_ascii=False) if value else "")

    def _from_text(self, text: str) -> Any:
        return json.loads(text) if text and text != GONE else {}


def found_by(text: str) -> bytes:
    """Return the blind index by which equal personal texts are found."""
    return blind_index(blind_index_key(), f"personal:{text.strip().lower()}")

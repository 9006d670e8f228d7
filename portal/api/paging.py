"""Pages of the API's lists."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request


class NewestFirst(CursorPagination):
    """Pages by an opaque cursor, newest first."""

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200

    def __init__(self, model: type[Model], ordering: str) -> None:
        self.ordering = ordering
        self.field = model._meta.get_field(ordering.removeprefix("-"))

    def decode_cursor(self, request: Request) -> Any:
        """Return where the page begins.

        :raises NotFound: when the cursor was not made by us.
        """
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None:
            try:
                self.field.to_python(cursor.position)  # type: ignore[union-attr]
            except (ValidationError, OverflowError) as error:
                raise NotFound(self.invalid_cursor_message) from error
        return cursor

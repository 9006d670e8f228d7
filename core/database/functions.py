"""Database functions that fill columns by themselves."""

from django.db.models import BigIntegerField, Func, Value


class CurrentTransaction(Func):
    """The number of the running transaction, as a bigint."""

    template = "((pg_current_xact_id())::text)::bigint"
    output_field = BigIntegerField()


class NextNumber(Func):
    """The next number of a sequence; migrations create the sequence before the table."""

    output_field = BigIntegerField()

    def __init__(self, sequence: str) -> None:
        self.sequence = sequence
        super().__init__(Value(sequence), function="nextval")

    def deconstruct(self) -> "tuple[str, tuple[str], dict[str, object]]":
        """Return how a migration writes it."""
        return f"{type(self).__module__}.{type(self).__name__}", (self.sequence,), {}

"""Keys as a test means them: what it brought in itself, without the decoys among them."""

from django.db.models import BooleanField, F, Func, QuerySet

from licensing.models import ProductKey


def without_decoys(keys: QuerySet[ProductKey]) -> QuerySet[ProductKey]:
    """Return the keys but for decoys; each is asked for, so narrow the rows before."""
    asked = Func(F("pk"), function="licensing_is_decoy", output_field=BooleanField())
    return keys.alias(is_decoy=asked).filter(is_decoy=False)

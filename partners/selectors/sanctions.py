"""Find sanctions lists and the names on them. Inside the MAR's scope."""

from collections.abc import Iterator
from uuid import UUID

from django.db.models import QuerySet

from partners.models import SanctionsEntry, SanctionsList


def sanctions_lists() -> QuerySet[SanctionsList]:
    """Return every list ever loaded or refused, the newest first."""
    return SanctionsList.objects.order_by("-uploaded_at", "-id")


def lists_in_force() -> list[SanctionsList]:
    """Return the one list of each source that is compared with today."""
    return list(SanctionsList.objects.filter(state=SanctionsList.State.LOADED).order_by("source"))


def sanctions_list_by_id(list_id: UUID) -> SanctionsList | None:
    """Return one list, None when there is none."""
    return SanctionsList.objects.filter(pk=list_id).first()


def names_on(sanctions_list: SanctionsList) -> Iterator[tuple[int, str]]:
    """Yield (entry, normalised name) for every name and every other name on a list."""
    rows = SanctionsEntry.objects.filter(list=sanctions_list).values_list("pk", "name_norm", "aliases_norm")
    for entry_id, name, aliases in rows.order_by("pk").iterator(chunk_size=5000):
        if name:
            yield entry_id, name
        for alias in aliases:
            yield entry_id, alias


def entries_by_ids(ids: list[int]) -> dict[int, SanctionsEntry]:
    """Return these entries with their lists."""
    return SanctionsEntry.objects.select_related("list").in_bulk(ids)

"""Versions of rules as partners are told of them, and who has read them; simulations of drafts."""

from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from licensing.models import RuleNotice, RuleReading, RuleSimulation


def simulations_of(version_id: int) -> QuerySet[RuleSimulation]:
    """Return the simulations of a version, the newest first. Inside the MAR's scope."""
    return RuleSimulation.objects.filter(version_id=version_id).order_by("-data_at")


def reading_rate(version_id: int) -> tuple[int, int]:
    """Return by how many partners a version was read, and how many were told. Inside the MAR's scope."""
    readers = RuleReading.objects.filter(version_id=version_id).values("partner").distinct().count()
    return readers, RuleNotice.objects.filter(version_id=version_id).count()


def rule_inbox_of(partner_id: UUID, user_id: UUID) -> QuerySet[RuleNotice]:
    """Return what a partner was told of rules; what this person has not read stands first, then the newest."""
    read = RuleReading.objects.filter(version=OuterRef("version"), user=user_id)
    return (
        RuleNotice.objects.select_related("version")
        .filter(partner_id=partner_id)
        .annotate(is_read=Exists(read))
        .order_by("is_read", "-version__announced_at")
    )


def rule_notice_of(version_id: int, *, partner_id: UUID) -> RuleNotice | None:
    """Return a partner's notice of a version, None when he was not told."""
    return (
        RuleNotice.objects.select_related("version")
        .filter(version_id=version_id, partner_id=partner_id)
        .first()
    )


def reading_of(version_id: int, user_id: UUID) -> RuleReading | None:
    """Return when a person read a version, None when he has not."""
    return RuleReading.objects.filter(version_id=version_id, user_id=user_id).first()

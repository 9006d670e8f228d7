"""Read score models, a partner's score now, and its history."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Max, OuterRef, QuerySet, Subquery

from compliance.models import ScoreModel, ScoreSnapshot, Tier
from compliance.rules.coach import Plan, plan_for
from compliance.rules.conduct import Conduct
from compliance.rules.score_model import ScoreRules, rules_of
from compliance.selectors.conduct import conduct_of
from partners.models import Partner


@dataclass(frozen=True, slots=True)
class ScoreNow:
    """A partner's facts, the plan that starts at his score, and the model both follow."""

    model: ScoreModel
    rules: ScoreRules
    conduct: Conduct
    plan: Plan
    is_shadow: bool


def model_in_force(at: datetime) -> ScoreModel:
    """Return the published model that is valid at a time.

    :raises ScoreModel.DoesNotExist: before the first one.
    """
    published = ScoreModel.objects.filter(published_at__isnull=False, valid_from__lte=at)
    found = published.order_by("-valid_from", "-published_at").first()
    if found is None:
        raise ScoreModel.DoesNotExist
    return found


def score_models() -> QuerySet[ScoreModel]:
    """Return every version, the latest beginning first."""
    return ScoreModel.objects.order_by("-valid_from", "-id")


def rules_in(model: ScoreModel) -> ScoreRules:
    """Return a model's numbers."""
    return rules_of(model.parameters, pass_mark=model.pass_mark)


def score_now(partner_id: UUID, *, at: datetime, zone: ZoneInfo) -> ScoreNow:
    """Return a partner's score and the coach's plan from the facts of this moment."""
    model = model_in_force(at)
    rules = rules_in(model)
    conduct = conduct_of(partner_id, rules=rules, at=at, zone=zone)
    return ScoreNow(model, rules, conduct, plan_for(conduct, rules), model.is_in_shadow(at))


def history_of(partner_id: UUID, *, count: int = 12) -> list[ScoreSnapshot]:
    """Return the last snapshot of each of a partner's last months, oldest first."""
    months: dict[str, ScoreSnapshot] = {}
    rows = ScoreSnapshot.objects.filter(partner_id=partner_id).order_by("-taken_on")[: count * 31]
    for snapshot in rows:
        months.setdefault(f"{snapshot.taken_on:%Y-%m}", snapshot)
        if len(months) > count:
            break
    return [months[month] for month in sorted(months)][-count:]


def newest_totals() -> dict[UUID, ScoreSnapshot]:
    """Return every partner's newest snapshot. Inside the MAR's scope."""
    newest = (
        ScoreSnapshot.objects.values("partner_id")
        .annotate(day=Max("taken_on"))
        .values_list("partner_id", "day")
    )
    days = dict(newest.order_by())
    found = ScoreSnapshot.objects.filter(taken_on__in=set(days.values())).defer("facts")
    return {row.partner_id: row for row in found if days[row.partner_id] == row.taken_on}


def with_scores(partners: QuerySet[Partner]) -> QuerySet[Partner]:
    """Return partners with the total of their newest snapshot and the name and rank of their tier, for a list."""
    newest = ScoreSnapshot.objects.filter(partner_id=OuterRef("pk")).order_by("-taken_on")
    tier = Tier.objects.filter(code=OuterRef("tier"))
    return partners.annotate(
        score=Subquery(newest.values("total")[:1]),
        tier_name=Subquery(tier.values("name")[:1]),
        tier_rank=Subquery(tier.values("rank")[:1]),
    )


def score_movements() -> QuerySet[ScoreSnapshot]:
    """Return each partner's newest snapshot with the total of the one a month before, for a list."""
    of_partner = ScoreSnapshot.objects.filter(partner_id=OuterRef("partner_id"))
    newest = of_partner.order_by("-taken_on").values("pk")[:1]
    earlier = of_partner.filter(taken_on__lt=OuterRef("taken_on")).order_by("-taken_on").values("total")[:1]
    tier = Tier.objects.filter(code=OuterRef("partner__tier")).values("name")[:1]
    return (
        ScoreSnapshot.objects.select_related("partner", "model")
        .filter(pk=Subquery(newest))
        .annotate(total_before=Subquery(earlier), tier_name=Subquery(tier))
        .defer("facts")
    )

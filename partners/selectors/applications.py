"""Find applications: the queue and its counts, one case, and companies that look like the applicant."""

from uuid import UUID

from django.db.models import Count, F, Q, QuerySet

from partners.models import Application, ApplicationDecision, CarryOverItem, FieldQuestion
from partners.models.application import ApplicationState
from partners.rules.applications import CLAIMABLE, OPEN_STATES

QUEUES = ("open", "review", "mine", "decide", "applicant", "decided", "all")
# What a row of a list shows; a case has many wide columns beside it.
_LISTED = (
    "reference", "company", "country", "state", "submitted_at", "due_at", "claimed_by__name", "claimed_by__email",
)  # fmt: skip


def applications() -> QuerySet[Application]:
    """Return every application with the people who worked on it. Inside the MAR's scope."""
    return Application.objects.select_related("claimed_by", "reviewed_by", "decided_by", "partner")


def application_by_id(application_id: UUID) -> Application | None:
    """Return one application, None when there is none."""
    return applications().filter(pk=application_id).first()


def queue(name: str, user_id: UUID | None) -> QuerySet[Application]:
    """Return one queue, what is due first on top; of the closed ones the newest.

    ``mine`` is what the person claimed and has in hand, ``decide`` what he may decide: not his own reviews.
    """
    rows = Application.objects.select_related("claimed_by").only(*_LISTED)
    if name == "decided":
        closed = rows.filter(state__in=(ApplicationState.APPROVED, ApplicationState.REJECTED))
        return closed.order_by("-decided_at", "pk")
    if name == "all":
        return rows.order_by(F("submitted_at").desc(nulls_last=True), "pk")
    return rows.filter(_queues(user_id)[name], state__in=OPEN_STATES).order_by("due_at", "pk")


def queue_counts(user_id: UUID | None) -> dict[str, int]:
    """Return how many cases each open queue holds, in one look at the open ones."""
    open_rows = Application.objects.filter(state__in=OPEN_STATES).order_by()
    counts = {name: Count("pk", filter=condition) for name, condition in _queues(user_id).items()}
    return {name: int(number) for name, number in open_rows.aggregate(**counts).items()}


def next_case(name: str, user_id: UUID | None, *, after: UUID) -> UUID | None:
    """Return the first case of a queue other than the one just left, None when it is clear."""
    rows = queue(name, user_id).exclude(pk=after).values_list("pk", flat=True)
    return rows.first()


def history(application: Application) -> list[ApplicationDecision]:
    """Return what people said about a case, oldest first, with the people."""
    return list(application.decisions.select_related("person").order_by("at", "step"))


def proposed_reason(application: Application) -> str:
    """Return the reason code of the newest recommendation, empty when it proposes an approval."""
    newest = application.decisions.filter(step=ApplicationDecision.Step.RECOMMENDED).order_by("-at").first()
    return newest.reason_code if newest else ""


def question_of(application: Application, question_id: UUID) -> FieldQuestion | None:
    """Return one question of this case, None when it is not one of it."""
    return application.questions.filter(pk=question_id).first()


def carry_over_item(application: Application, item_id: UUID) -> CarryOverItem | None:
    """Return one thing this applicant brings along, None when it is not one of his."""
    return application.carry_over.filter(pk=item_id).first()


def _same(condition: Q, value: str) -> Q:
    """Return the condition, or nothing at all for a fact that is not known yet."""
    return condition if value else Q(pk__in=[])


def _queues(user_id: UUID | None) -> dict[str, Q]:
    return {
        "open": Q(state__in=OPEN_STATES),
        "review": Q(state__in=CLAIMABLE),
        "mine": Q(
            claimed_by=user_id, state__in=(ApplicationState.IN_REVIEW, ApplicationState.INFO_REQUESTED)
        ),
        "decide": Q(state=ApplicationState.RECOMMENDED) & ~Q(reviewed_by=user_id),
        "applicant": Q(state=ApplicationState.INFO_REQUESTED),
    }

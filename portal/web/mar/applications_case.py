"""Everything the page of one case shows, and what the person before it may do now."""

from typing import Any
from urllib.parse import urlencode

from django.forms import Form
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from partners.models import Application
from partners.models.application import ApplicationState
from partners.rules.countries import country_name
from partners.rules.reason_codes import REFUSAL_REASONS, refusal_reason
from partners.selectors import applications as selectors
from partners.selectors.drafts import all_answers, papers_of
from partners.selectors.mar import mar_zone
from portal.web.mar.applications_forms import RecommendationForm
from portal.web.mar.applications_words import CaseFile, clock_badge, fact_groups
from portal.web.mar.check_views import checks_context
from portal.web.mar.forms import ApprovalForm

RAIL_LENGTH = 30
PICTURES = ("image/jpeg", "image/png")


def queue_of(request: HttpRequest) -> str:
    """Return the queue the person works through, from the address."""
    asked = request.GET.get("queue", "")
    return asked if asked in selectors.QUEUES else "open"


def find(application_id: Any) -> Application:
    """Return the application, or answer 404."""
    application = selectors.application_by_id(application_id)
    if application is None:
        raise Http404
    return application


def case_url(application_id: Any, queue: str) -> str:
    """Return the page of a case inside its queue."""
    return f"{reverse('mar:application-detail', args=[application_id])}?{urlencode({'queue': queue})}"


def case_context(request: HttpRequest, application: Application, form: Form | None = None) -> dict[str, Any]:
    """Return what the page of a case shows to this person."""
    file = case_file(application)
    return {
        "application": application,
        "country": country_name(application.country),
        "groups": fact_groups(file),
        "open_questions": [question for question in file.questions if question.closed_at is None],
        "documents": [
            {"paper": paper, "is_picture": paper.content_type in PICTURES} for paper in file.papers
        ],
        "carry_over": list(application.carry_over.select_related("settled_by")),
        "history": _history(application),
        "decision_label": _decision_label(application),
        **checks_context(request, application.pk),
        **_rail(request, application),
        **_steps(request, application, form),
    }


def case_file(application: Application) -> CaseFile:
    """Return what the applicant handed in, with every question about it."""
    return CaseFile(
        application,
        all_answers(application.pk),
        papers_of(application.pk),
        list(application.questions.select_related("asked_by")),
    )


def _steps(request: HttpRequest, application: Application, form: Form | None) -> dict[str, Any]:
    """Return which step waits, and whether it is this person's."""
    permissions: frozenset[str] = request.permissions  # type: ignore[attr-defined]
    may_review, may_decide = "application.review" in permissions, "application.decide" in permissions
    state, is_mine = application.state, application.claimed_by_id == request.user.pk
    is_reviewer = application.reviewed_by_id == request.user.pk
    is_waiting = state == ApplicationState.RECOMMENDED
    can_recommend = state == ApplicationState.IN_REVIEW and is_mine and may_review
    can_decide = is_waiting and may_decide and not is_reviewer
    if form is None and can_recommend:
        form = RecommendationForm()
    if form is None and can_decide:
        form = ApprovalForm(initial={"monthly_quantity": max(application.expected_volume, 1) * 2})
    return {
        "form": form,
        "can_claim": state in (ApplicationState.SUBMITTED, ApplicationState.APPEALED) and may_review,
        "can_recommend": can_recommend,
        "can_close": is_mine and may_review,
        "can_settle": may_review or may_decide,
        "can_decide": can_decide,
        "is_same_person": is_waiting and is_reviewer,
        "needs_another": is_waiting and not is_reviewer and not may_decide,
        "proposes_refusal": application.recommendation == Application.Recommendation.REJECT,
    }


def _rail(request: HttpRequest, application: Application) -> dict[str, Any]:
    """Return the queue beside the case, with the case before and the one after."""
    name, zone = queue_of(request), mar_zone()
    today = timezone.now().astimezone(zone).date()
    rows = list(selectors.queue(name, request.user.pk)[:RAIL_LENGTH])
    places = [row.pk for row in rows]
    here = places.index(application.pk) if application.pk in places else -1
    rail = [
        {
            "case": row,
            "url": case_url(row.pk, name),
            "clock": clock_badge(row, today=today, zone=zone),
            "is_here": row.pk == application.pk,
        }
        for row in rows
    ]
    return {
        "queue": name,
        "rail": rail,
        "clock": clock_badge(application, today=today, zone=zone),
        "previous_url": rail[here - 1]["url"] if here > 0 else "",
        "next_url": rail[here + 1]["url"] if here + 1 < len(rail) else "",
    }


def _history(application: Application) -> list[dict[str, Any]]:
    """Return what people said, as rows of the timeline's words."""
    return [
        {
            "at": row.at,
            "actor": str(row.person),
            "step": row.step,
            "is_appeal": row.round == 2,
            "what": _what(row.step, row.recommendation),
            "reason": _reason_label(row.reason_code),
            "note": row.note,
        }
        for row in selectors.history(application)
    ]


def _what(step: str, recommendation: str) -> str:
    words = {
        ("recommended", "approve"): _("proposes to approve"),
        ("recommended", "reject"): _("proposes to refuse"),
    }
    others = {"sent_back": _("sent it back"), "approved": _("approved"), "rejected": _("refused")}
    return words.get((step, recommendation)) or others.get(step, step)


def _reason_label(code: str) -> str:
    reason = refusal_reason(code)
    return str(reason.label) if reason else ""


def _decision_label(application: Application) -> str:
    return _reason_label(application.decision_code)


def refusal_words(language: str) -> list[tuple[str, str, str]]:
    """Return each reason of a refusal with its words and next step in the applicant's language."""
    return [
        (str(reason.label), reason.text(language), reason.next_step(language)) for reason in REFUSAL_REASONS
    ]

"""After sending: how the application stands, questions to answer, appeal, withdrawal."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import DomainError
from partners.models import Application, FieldQuestion
from partners.models.application import ApplicationState
from partners.rules.application_fields import FieldKind, FormField
from partners.rules.application_form import label_of, section_named
from partners.rules.applications import may_move
from partners.selectors.drafts import answers_of, case_of, open_questions, questions_of
from partners.services.application_drafts import hand_in_paper
from partners.services.application_replies import Reply, answer_questions, appeal, withdraw
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.plain_text import plain_text
from portal.web.public.applicant import applicant, let_go
from portal.web.public.apply_forms import WordsForm, field_for, lacks
from portal.web.public.apply_steps import answer_groups
from portal.web.public.paper_turns import take_turn
from portal.web.refused import render_refused


class QuestionForm(forms.Form):
    """One asked field, open again, with a word about it."""

    use_required_attribute = False
    remark = forms.CharField(
        label=gettext_lazy("A word about it"),
        required=False,
        max_length=600,
        validators=[plain_text],
        widget=forms.Textarea({"rows": 2}),
    )

    def __init__(
        self,
        question: FieldQuestion,
        asked: FormField,
        application: Application,
        data: Any = None,
        files: Any = None,
    ) -> None:
        kept = answers_of(application.pk, question.section)
        prefix = f"q{question.pk}"
        super().__init__(data, files, prefix=prefix, initial={"value": kept.get(question.field)})
        self.question = question
        self.asked = asked
        case = case_of(application).with_answers(kept)
        self.fields = {"value": field_for(asked, case), "remark": self.fields["remark"]}
        if asked.kind == FieldKind.PAPER:
            self.fields["value"].required = True

    def clean(self) -> dict[str, Any]:
        """Ask for what lacks; a new paper in any case."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.fields["value"].required and cleaned.get("value") in (None, "", []) and not self.errors:
            self.add_error("value", lacks(self.asked))
        return cleaned

    @property
    def is_paper(self) -> bool:
        """Return whether a file is asked for."""
        return self.asked.kind == FieldKind.PAPER


@applicant
@never_cache
@require_safe
def status(request: HttpRequest, application: Application) -> HttpResponse:
    """Show how the application stands, and what the applicant can do now."""
    if application.state == ApplicationState.DRAFT:
        return redirect("apply-tasks")
    return render(request, "public/apply_status.html", _context(application))


@applicant
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def questions(request: HttpRequest, application: Application) -> HttpResponse:
    """Let the applicant change the asked fields, and these only."""
    if application.state != ApplicationState.INFO_REQUESTED:
        return redirect("apply-tasks")
    bound = (request.POST, request.FILES) if request.method == "POST" else ()
    found = _question_forms(application, *bound)
    is_valid = [form.is_valid() for form in found]  # each one, so that every error is said
    if not bound or not all(is_valid):
        return _questions_page(request, application, found, status=FORM_ERROR_STATUS if bound else 200)
    try:
        replies = {form.question.pk: _reply(request, application, form) for form in found}
        answer_questions(application.pk, replies, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        context = {"application": application, "forms": found}
        return render_refused(request, "public/apply_questions.html", context, error)
    messages.success(request, _("Thank you. The review goes on."))
    return redirect("apply-status")


@applicant
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def appeal_page(request: HttpRequest, application: Application) -> HttpResponse:
    """Take the applicant's reasons against a refusal."""
    if application.state != ApplicationState.REJECTED or application.appealed_at:
        return redirect("apply-status")
    form = WordsForm(request.POST) if request.method == "POST" else WordsForm()
    context = {"application": application, "form": form}
    if not form.is_valid():
        status_code = FORM_ERROR_STATUS if form.is_bound else 200
        return render(request, "public/apply_appeal.html", context, status=status_code)
    try:
        appeal(application.pk, text=form.cleaned_data["text"], by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "public/apply_appeal.html", context, error)
    messages.success(request, _("Your appeal is here. Somebody looks at your application anew."))
    return redirect("apply-status")


@applicant
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_page(request: HttpRequest, application: Application) -> HttpResponse:
    """Ask once more, then take the application back."""
    if not may_move(application.state, ApplicationState.WITHDRAWN):
        return redirect("apply-tasks")
    context = {"application": application}
    if request.method != "POST":
        return render(request, "public/apply_withdraw.html", context)
    try:
        withdraw(application.pk, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "public/apply_withdraw.html", context, error)
    let_go(request)
    messages.success(request, _("Withdrawn. Nothing more happens with it."))
    return redirect("apply")


def _question_forms(application: Application, *bound: Any) -> list[QuestionForm]:
    found = []
    for question in open_questions(application.pk):
        section = section_named(question.section, case_of(application))
        asked = section.field_named(question.field) if section else None
        if asked is not None:
            found.append(QuestionForm(question, asked, application, *bound))
    return found


def _reply(request: HttpRequest, application: Application, form: QuestionForm) -> Reply:
    """Return the reply to one question; a file is handed in on the way."""
    value, remark = form.cleaned_data["value"], form.cleaned_data["remark"]
    if not form.is_paper:
        return Reply(value=value, note=remark)
    question = form.question
    take_turn(request)
    hand_in_paper(
        application.pk, question.section, question.field, value.read(), file_name=value.name,
        by=actor_of(request), at=timezone.now(),
    )  # fmt: skip
    return Reply(note=remark)


def _questions_page(
    request: HttpRequest, application: Application, found: list[QuestionForm], *, status: int
) -> HttpResponse:
    context = {"application": application, "forms": found, "page_has_errors": status >= 400}
    return render(request, "public/apply_questions.html", context, status=status)


def _named(application: Application, found: Iterable[FieldQuestion]) -> list[tuple[str, FieldQuestion]]:
    """Return questions with what the field is called that each is about."""
    case = case_of(application)
    return [(label_of(question.section, question.field, case), question) for question in found]


def _context(application: Application) -> dict[str, Any]:
    state = application.state
    return {
        "application": application,
        "state": state,
        "steps": _steps(application),
        "questions": _named(application, open_questions(application.pk))
        if state == ApplicationState.INFO_REQUESTED
        else [],
        "answered": _named(application, [one for one in questions_of(application.pk) if one.answered_at]),
        "may_withdraw": may_move(state, ApplicationState.WITHDRAWN),
        "may_appeal": state == ApplicationState.REJECTED and application.appealed_at is None,
        "groups": answer_groups(application),
    }


_ORDER = {
    ApplicationState.SUBMITTED: 1,
    ApplicationState.IN_REVIEW: 1,
    ApplicationState.INFO_REQUESTED: 1,
    ApplicationState.APPEALED: 1,
    ApplicationState.RECOMMENDED: 2,
    ApplicationState.REJECTED: 3,
    ApplicationState.APPROVED: 3,
}


def _steps(application: Application) -> list[dict[str, Any]]:
    """Return the way from sending to the start, with the step it is at."""
    at = _ORDER.get(ApplicationState(application.state), 0)
    words = [
        (_("Sent"), _("You have our mail with the reference.")),
        (_("Checked"), _("A person checks your answers with the sources.")),
        (_("Decided"), _("A second person decides. You get a mail in any case.")),
        (_("Your start"), _("The mail holds your invitation: set a password, go.")),
    ]
    if application.state == ApplicationState.REJECTED:
        words = words[:3]
    states = [
        "done" if number < at else "current" if number == at else "todo" for number in range(len(words))
    ]
    return [
        {"label": label, "text": text, "state": state}
        for (label, text), state in zip(words, states, strict=True)
    ]

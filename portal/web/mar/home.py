"""Count what waits for a person of the MAR, and how the programme stands."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from licensing.models import (
    ExchangeException,
    KeyBatch,
    Order,
    OrderState,
    ProductKey,
    QuotaException,
)
from licensing.models.key_batch import KeyBatchState
from licensing.models.quota import ExceptionState
from licensing.rules.key_states import KeyState
from licensing.selectors.limits import waiting_raises
from licensing.selectors.stock import free_total
from partners.models import Application, Partner
from partners.models.application import ApplicationState
from partners.models.partner import PartnerState
from partners.models.recipients import Recipient, RecipientConflict, RecipientState
from partners.rules.applications import CLAIMABLE
from partners.selectors.company import open_changes_count
from portal import formatting
from reporting.models import UsageReport
from reporting.models.usage_report import ReportState


@dataclass(frozen=True, slots=True)
class Wait:
    """One kind of work: who may do it, how much of it there is, and where."""

    permission: str
    count: Callable[[], int]
    label: Promise | str
    text: Promise | str
    action: Promise | str
    url_name: str
    query: str = ""


OPEN_EXCEPTIONS = (ExceptionState.REQUESTED, ExceptionState.PACKAGED)

# Only counts of rows in a named state: cheap by their indexes, and right at every moment.
WAITS = (
    Wait(
        "limit.approve",
        lambda: waiting_raises().count(),
        ngettext_lazy("%(count)d higher limit to approve", "%(count)d higher limits to approve", "count"),
        _("A colleague proposed it; a second person decides, and held orders go on."),
        _("Approve"),
        "mar:limit-waiting",
    ),
    Wait(
        "application.review",
        lambda: Application.objects.filter(state__in=CLAIMABLE).count(),
        ngettext_lazy("%(count)d application to review", "%(count)d applications to review", "count"),
        _("Check company and VAT number, then a second person decides."),
        _("Review"),
        "mar:application-list",
        "?queue=review",
    ),
    Wait(
        "application.decide",
        lambda: Application.objects.filter(state=ApplicationState.RECOMMENDED).count(),
        ngettext_lazy("%(count)d application to decide", "%(count)d applications to decide", "count"),
        _("Reviewed by a colleague. You are the second person."),
        _("Decide"),
        "mar:application-list",
        "?queue=decide",
    ),
    Wait(
        "partner.manage",
        open_changes_count,
        ngettext_lazy(
            "%(count)d change of company data to confirm",
            "%(count)d changes of company data to confirm",
            "count",
        ),
        _("A partner asks to change what stands on the contract."),
        _("Look"),
        "mar:partner-list",
        "?change=requested",
    ),
    Wait(
        "order.decide",
        lambda: Order.objects.filter(state=OrderState.NEEDS_APPROVAL).count(),
        ngettext_lazy("%(count)d order to approve", "%(count)d orders to approve", "count"),
        _("Above the thresholds or with an exception. All facts stand on one page."),
        _("Decide"),
        "mar:order-waiting",
        "?state=needs_approval",
    ),
    Wait(
        "recipient.review",
        lambda: Recipient.objects.filter(state=RecipientState.SUBMITTED).count(),
        ngettext_lazy("%(count)d recipient to review", "%(count)d recipients to review", "count"),
        _("Check the evidence, then a second person decides."),
        _("Review"),
        "mar:recipient-list",
        "?state=submitted",
    ),
    Wait(
        "recipient.decide",
        lambda: Recipient.objects.filter(state=RecipientState.REVIEWED).count(),
        ngettext_lazy("%(count)d recipient to decide", "%(count)d recipients to decide", "count"),
        _("Reviewed by a colleague. You are the second person."),
        _("Decide"),
        "mar:recipient-list",
        "?state=reviewed",
    ),
    Wait(
        "recipient.decide",
        lambda: RecipientConflict.objects.filter(outcome=RecipientConflict.Outcome.OPEN).count(),
        ngettext_lazy("%(count)d double registration", "%(count)d double registrations", "count"),
        _("Two partners registered one organisation. The second one waits."),
        _("Decide"),
        "mar:conflict-list",
        "?outcome=open",
    ),
    Wait(
        "quota.handle",
        lambda: QuotaException.objects.filter(state__in=OPEN_EXCEPTIONS).count(),
        ngettext_lazy(
            "%(count)d quota exception to ask for", "%(count)d quota exceptions to ask for", "count"
        ),
        _("Make the package and send it to your contact at Microsoft."),
        _("Open"),
        "mar:quota-list",
    ),
    Wait(
        "quota.answer",
        lambda: QuotaException.objects.filter(state=ExceptionState.ASKED).count(),
        ngettext_lazy(
            "%(count)d quota exception at Microsoft", "%(count)d quota exceptions at Microsoft", "count"
        ),
        _("Record the answer when it comes. You are the second person."),
        _("Open"),
        "mar:quota-list",
        "?state=asked",
    ),
    Wait(
        "import.release",
        lambda: KeyBatch.objects.filter(state=KeyBatchState.READY).count(),
        ngettext_lazy("%(count)d delivery to release", "%(count)d deliveries to release", "count"),
        _("Checked without errors. Nothing is in stock before you release it."),
        _("Release"),
        "mar:stock",
    ),
    Wait(
        "exchange.operate",
        lambda: ExchangeException.objects.filter(closed_at__isnull=True).count(),
        ngettext_lazy("%(count)d answer that did not fit", "%(count)d answers that did not fit", "count"),
        _("Lines of Microsoft’s answers that no rule covers."),
        _("Look"),
        "mar:exchange",
    ),
    Wait(
        "report.approve",
        lambda: UsageReport.objects.filter(state=ReportState.REVIEWED).count(),
        ngettext_lazy("%(count)d monthly report to approve", "%(count)d monthly reports to approve", "count"),
        _("Reviewed by compliance. You are the second person."),
        _("Approve"),
        "compliance:report-list",
    ),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the programme."""

    permission: str
    count: Callable[[], int]
    label: Promise | str
    hint: Promise | str
    url_name: str
    query: str = ""


FIGURES = (
    Figure(
        "partner.view",
        lambda: Partner.objects.filter(state=PartnerState.ACTIVE).count(),
        _("Active partners"),
        _("may order and report"),
        "mar:partner-list",
        "?state=active",
    ),
    Figure(
        "stock.view",
        free_total,
        _("Keys in free stock"),
        _("can be ordered now"),
        "mar:stock",
    ),
    Figure(
        "exchange.view",
        lambda: ProductKey.objects.filter(state=KeyState.REPORTED_BOUND).count(),
        _("Keys at Microsoft"),
        _("sent, not answered yet"),
        "mar:exchange",
    ),
    Figure(
        "exchange.view",
        lambda: ProductKey.objects.filter(state=KeyState.ACTIVATION_DENIED).count(),
        _("Denied activations"),
        _("need a look at the device"),
        "mar:exchange",
    ),
)


def tasks_for(permissions: Collection[str]) -> list[dict[str, Any]]:
    """Return what waits for a person with these permissions, nothing for what is empty."""
    counted = [(wait, wait.count()) for wait in WAITS if wait.permission in permissions]
    return [
        {
            "label": str(wait.label % {"count": count}),
            "text": wait.text,
            "action": wait.action,
            "url": _address(wait.url_name, wait.query),
            "state": "",
        }
        for wait, count in counted
        if count
    ]


def figures(permissions: Collection[str]) -> list[dict[str, Any]]:
    """Return the numbers a person with these permissions may see."""
    return [
        {
            "label": figure.label,
            "value": formatting.number(figure.count()),
            "hint": figure.hint,
            "url": _address(figure.url_name, figure.query),
        }
        for figure in FIGURES
        if figure.permission in permissions
    ]


def _address(url_name: str, query: str) -> str:
    """Return where a number leads, empty while that room does not exist."""
    try:
        return reverse(url_name) + query
    except NoReverseMatch:
        return ""

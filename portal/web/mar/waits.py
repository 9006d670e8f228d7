"""What waits for a person of the MAR: one line for each kind of work, normal orders never among them."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from licensing.models import (
    BatchStop,
    CorrectionRequest,
    ExchangeException,
    KeyBatch,
    Order,
    OrderState,
    PartnerPricing,
    PartnerReturn,
    Price,
    PriceDeviation,
    ProductVersion,
    QuotaException,
    ReturnState,
    RuleState,
    RuleVersion,
    StockPool,
)
from licensing.models.key_batch import KeyBatchState
from licensing.models.quota import ExceptionState
from licensing.selectors.limits import waiting_raises
from partners.models import Application
from partners.models.application import ApplicationState
from partners.models.recipients import Recipient, RecipientConflict, RecipientState
from partners.rules.applications import CLAIMABLE
from partners.selectors.company import open_changes_count
from partners.selectors.standing import suspensions_to_review
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
RETURNS_TO_HANDLE = (ReturnState.REQUESTED, ReturnState.CHECKED, ReturnState.APPROVED)

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
    Wait(
        "standing.confirm",
        lambda: suspensions_to_review(timezone.now()).count(),
        ngettext_lazy(
            "%(count)d suspension to look at again", "%(count)d suspensions to look at again", "count"
        ),
        _("It has lasted 30 days since somebody looked. Lift it, or keep it with a reason."),
        _("Look"),
        "mar:partner-list",
        "?state=suspended",
    ),
    Wait(
        "rule.publish",
        lambda: RuleVersion.objects.filter(state=RuleState.DRAFT).count(),
        ngettext_lazy("%(count)d rule to publish", "%(count)d rules to publish", "count"),
        _("A draft waits for a second person. The simulation shows whom it touches."),
        _("Look"),
        "mar:rule-list",
    ),
    Wait(
        "rule.publish",
        lambda: ProductVersion.objects.filter(state=ProductVersion.State.DRAFT).count(),
        ngettext_lazy("%(count)d product to publish", "%(count)d products to publish", "count"),
        _("A product or its next version waits for a second person."),
        _("Look"),
        "mar:product-list",
    ),
    Wait(
        "price.approve",
        lambda: Price.objects.filter(announced_at__isnull=True, discarded_at__isnull=True).count(),
        ngettext_lazy("%(count)d price to announce", "%(count)d prices to announce", "count"),
        _("Written by a colleague. You are the second person."),
        _("Look"),
        "mar:price-books",
    ),
    Wait(
        "price.approve",
        lambda: PartnerPricing.objects.filter(approved_at__isnull=True, discarded_at__isnull=True).count(),
        ngettext_lazy(
            "%(count)d place on a book to approve", "%(count)d places on a book to approve", "count"
        ),
        _("Written by a colleague. You are the second person."),
        _("Look"),
        "mar:pricing-list",
    ),
    Wait(
        "price.approve",
        lambda: PriceDeviation.objects.filter(approved_at__isnull=True, discarded_at__isnull=True).count(),
        ngettext_lazy("%(count)d discount to approve", "%(count)d discounts to approve", "count"),
        _("Written by a colleague. You are the second person."),
        _("Look"),
        "mar:deviation-list",
    ),
    Wait(
        "correction.decide",
        lambda: CorrectionRequest.objects.filter(state=CorrectionRequest.State.OPEN).count(),
        ngettext_lazy("%(count)d correction to decide", "%(count)d corrections to decide", "count"),
        _("Where a key stands is put right by two people."),
        _("Decide"),
        "mar:correction-list",
    ),
    Wait(
        "return.handle",
        lambda: PartnerReturn.objects.filter(state__in=RETURNS_TO_HANDLE).count(),
        ngettext_lazy("%(count)d return to handle", "%(count)d returns to handle", "count"),
        _("To check where the rule would not, to approve, or to send with the next bundle."),
        _("Look"),
        "mar:desk",
    ),
    Wait(
        "import.release",
        lambda: BatchStop.objects.filter(state=BatchStop.State.STOPPED).count(),
        ngettext_lazy("%(count)d delivery held back", "%(count)d deliveries held back", "count"),
        _("A colleague stopped it. Undo the import, or give the keys back to the stock."),
        _("Decide"),
        "mar:stock",
    ),
    Wait(
        "import.release",
        lambda: StockPool.objects.filter(opened_at__isnull=True, ended_at__isnull=True).count(),
        ngettext_lazy("%(count)d pool to open", "%(count)d pools to open", "count"),
        _("A colleague asked for it. You are the second person."),
        _("Look"),
        "mar:stock",
    ),
)

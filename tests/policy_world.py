"""Two partners' objects and one person a role: what the walk over every route is done with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.test import Client
from django.utils import timezone

from compliance.models import ScoreModel, Tier, TierProposal, WindDown, WindDownItem
from core.actor import Actor
from core.models import User
from core.storage import store_bytes, store_sealed
from core.tenancy import acting_as, mar_scope, partner_scope
from licensing.models import (
    Build,
    BuildUpload,
    BulkHandOver,
    CallOff,
    CbrAckFile,
    CbrLine,
    ChangeNotice,
    ComputerBuildReport,
    CorrectionRequest,
    DeliveryKey,
    Device,
    ExchangeException,
    Incident,
    KeyHandOver,
    Order,
    Product,
    ProductKey,
    ProductVersion,
    ProgrammeChange,
    QuotaException,
    ReturnLine,
    ReturnRequest,
    RuleNotice,
    RuleVersion,
    StockAlert,
    StockThreshold,
)
from licensing.services.estimates import write_estimate
from licensing.services.limits import change_limit
from licensing.services.order_files import keep_order_file
from licensing.services.standing_orders import StandingLine, StandingWish, make_standing_order
from partners.models import (
    ApiKey,
    Brand,
    BulkInvitation,
    CarryOverItem,
    CompanyChange,
    Course,
    Document,
    ErasureRequest,
    FieldQuestion,
    Invitation,
    Membership,
    OwnerReset,
    Partner,
    PartnerNote,
    Recipient,
    RecipientConflict,
    RecipientEvidence,
    RetentionProposal,
    Site,
    TermsAcceptance,
    TermsVersion,
)
from partners.models.membership import Role
from partners.rules.api_keys import scopes_of_house
from partners.services.api_keys import create_api_key
from partners.services.checks import request_checks
from partners.services.documents import store_document
from partners.services.graces import give_grace
from partners.services.invitations import invite_person
from partners.services.owner_resets import WAITING_TIME
from partners.services.recipient_claims import settle_conflict
from partners.services.recipient_review import approve_recipient
from partners.services.sanctions import receive_list
from partners.services.standing import restrict_partner
from partners.services.tokens import invitation_token
from partners.services.training import WrittenCourse, save_course
from reporting.models import ReportFile, UsageReport
from reporting.services.checkpoints import make_checkpoint
from tests.factories import AT, actor_for, make_agreement, make_mar, make_member, make_partner, make_terms
from tests.factories.exchange import make_builds
from tests.factories.labels import make_labels
from tests.factories.pools import make_pool
from tests.factories.prices import make_book, make_deviation, make_price, put_on_book
from tests.factories.quota import make_exception
from tests.factories.recipients import make_citizenship, make_recipient, make_reviewed
from tests.factories.returns import ask_return
from tests.factories.rules import set_rule
from tests.partners.papers import PNG
from tests.partners.samples import make_application
from tests.portal.web.public.applying import begin
from tests.web import sign_in

LOGO = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
NOBODYS = UUID("00000000-0000-4000-8000-000000000000")


@dataclass
class House:
    """One partner's objects, one of each kind that an address can name."""

    partner: Partner
    order: Order
    key: ProductKey
    build: Build
    upload: BuildUpload
    device: Device
    api_key: ApiKey
    colleague: Membership
    papers: dict[str, UUID] = field(default_factory=dict)  # what the partner keeps under Settings
    given_back: UUID = NOBODYS  # his return


@dataclass
class Papers:
    """What the MAR keeps: one import, one report to Microsoft with a question left open, one return, one month."""

    batch_id: UUID
    cbr: ComputerBuildReport
    exception: ExchangeException
    returned: ReturnRequest
    month: UsageReport
    file: ReportFile
    pool_code: str


@dataclass
class Givers:
    """Both houses' recipients of one school, with a paper and a quota exception each; so there is a conflict."""

    own: Recipient
    foreign: Recipient
    own_paper: RecipientEvidence
    foreign_paper: RecipientEvidence
    own_exception: QuotaException
    foreign_exception: QuotaException
    conflict: RecipientConflict


@dataclass
class Rules:
    """What is agreed, announced and taught: one of each, and what only the other partner has of it."""

    terms: TermsVersion
    acceptance: TermsAcceptance
    foreign_acceptance: TermsAcceptance
    change: ProgrammeChange
    foreign_change: ProgrammeChange
    course: Course
    version: RuleVersion
    foreign_version: RuleVersion
    draft: ProductVersion
    schedules: list[TermsVersion]


@dataclass
class World:
    """Everything the routes can be asked for, and everyone who asks."""

    own: House
    foreign: House
    product: Product
    application_id: UUID
    paper_id: UUID
    bulk_id: UUID
    question_id: UUID
    carry_over_id: UUID
    invitation: Invitation
    papers: "Papers"
    givers: Givers
    rules: Rules
    people: dict[str, User]
    stranger: User  # the owner of the other partner
    check_id: UUID = NOBODYS
    erasure_id: UUID = NOBODYS
    retention_id: UUID = NOBODYS
    owner_reset_id: UUID = NOBODYS
    label_issue_id: UUID = NOBODYS
    sanctions_list_id: UUID = NOBODYS
    standing: dict[str, Any] = field(default_factory=dict)  # what stands for and against the own partner
    estimates: tuple[UUID, UUID] = (NOBODYS, NOBODYS)  # the own and the foreign one
    order_files: tuple[UUID, UUID] = (NOBODYS, NOBODYS)
    stock: dict[str, Any] = field(default_factory=dict)  # an alarm and a call-off
    standing_orders: tuple[UUID, UUID] = (NOBODYS, NOBODYS)
    deals: dict[str, Any] = field(default_factory=dict)  # a price, a place on a book, a discount
    secrets: dict[str, str] = field(default_factory=dict)  # API keys by name
    sessions: dict[str, str] = field(default_factory=dict)  # by role, the second factor fresh

    @staticmethod
    def applicant() -> Client:
        """Return the browser of somebody who has begun an application."""
        client = Client(raise_request_exception=False)
        begin(client)
        return client

    def client(self, role: str) -> Client:
        """Return a browser in which a person of this role is signed in, his second factor fresh."""
        client = Client()
        client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[role]
        return client

    def tired_client(self, role: str) -> Client:
        """Return a browser in which the second factor is too old for what cannot be undone."""
        return sign_in(Client(), self.people[role], second_factor_age=settings.STEP_UP_SECONDS + 1)


@dataclass(frozen=True)
class Sample:
    """How an address names an object: the own one, a foreign one, and one that nobody has."""

    own: Callable[[World], Any]
    foreign: Callable[[World], Any] | None
    missing: Any


# By (beginning of the address, name of its argument). The MAR sees every partner's objects, so there
# is no foreign one for it. A new argument needs a line here: the walk fails without.
SAMPLES: dict[tuple[str, str], Sample] = {
    ("mar/allocation/", "code"): Sample(lambda w: w.product.code, None, "NO-SUCH-PRODUCT"),
    ("mar/stock/", "call_off_id"): Sample(lambda w: w.stock["call_off"], None, NOBODYS),
    ("mar/stock/", "stock_alert_id"): Sample(lambda w: w.stock["alert"], None, NOBODYS),
    ("mar/stock/", "code"): Sample(lambda w: w.product.code, None, "NO-SUCH-PRODUCT"),
    ("tpr/", "code"): Sample(lambda w: w.product.code, None, "NO-SUCH-PRODUCT"),
    ("tpr/", "order_id"): Sample(lambda w: w.own.order.pk, lambda w: w.foreign.order.pk, NOBODYS),
    ("tpr/", "product_key_id"): Sample(
        lambda w: w.own.key.product_key_id, lambda w: w.foreign.key.product_key_id, "3399999999999"
    ),
    ("tpr/", "build_id"): Sample(lambda w: w.own.build.pk, lambda w: w.foreign.build.pk, NOBODYS),
    ("tpr/", "upload_id"): Sample(lambda w: w.own.upload.pk, lambda w: w.foreign.upload.pk, NOBODYS),
    ("tpr/rules/", "programme_change_id"): Sample(
        lambda w: w.rules.change.pk, lambda w: w.rules.foreign_change.pk, NOBODYS
    ),
    ("tpr/rules/", "rule_version_id"): Sample(
        lambda w: w.rules.version.pk, lambda w: w.rules.foreign_version.pk, 0
    ),
    ("mar/rules/", "product_code"): Sample(lambda w: w.product.code, None, "NO-SUCH"),
    ("mar/rules/", "product_version_id"): Sample(lambda w: w.rules.draft.pk, None, NOBODYS),
    ("mar/rules/", "rule_code"): Sample(lambda w: w.rules.version.code, None, "no.such.rule"),
    ("mar/rules/", "rule_version_id"): Sample(lambda w: w.rules.version.pk, None, 0),
    ("tpr/rules/", "agreement_id"): Sample(lambda w: w.rules.terms.agreement_id, None, NOBODYS),
    ("tpr/rules/", "acceptance_id"): Sample(
        lambda w: w.rules.acceptance.pk, lambda w: w.rules.foreign_acceptance.pk, NOBODYS
    ),
    ("tpr/rules/", "course_code"): Sample(lambda w: w.rules.course.code, None, "no-such-course"),
    ("mar/rules/", "programme_change_id"): Sample(lambda w: w.rules.change.pk, None, NOBODYS),
    ("api/v1/", "agreement_id"): Sample(
        lambda w: w.rules.schedules[0].agreement_id, lambda w: w.rules.schedules[1].agreement_id, NOBODYS
    ),
    ("mar/rules/", "agreement_id"): Sample(lambda w: w.rules.terms.agreement_id, None, NOBODYS),
    ("mar/rules/", "terms_id"): Sample(lambda w: w.rules.terms.pk, None, NOBODYS),
    ("mar/rules/", "acceptance_id"): Sample(lambda w: w.rules.acceptance.pk, None, NOBODYS),
    ("mar/rules/", "course_code"): Sample(lambda w: w.rules.course.code, None, "no-such-course"),
    ("tpr/", "partner_return_id"): Sample(
        lambda w: w.own.given_back, lambda w: w.foreign.given_back, NOBODYS
    ),
    ("mar/", "partner_return_id"): Sample(lambda w: w.own.given_back, None, NOBODYS),
    ("tpr/", "estimate_id"): Sample(lambda w: w.estimates[0], lambda w: w.estimates[1], NOBODYS),
    ("mar/rules/prices/", "book_code"): Sample(lambda w: "STANDARD-EUR", None, "no-such-book"),
    ("mar/rules/prices/", "price_id"): Sample(lambda w: w.deals["price"], None, 999_999),
    ("mar/rules/prices/partners/", "deal_id"): Sample(lambda w: w.deals["pricing"], None, NOBODYS),
    ("mar/", "limit_change_id"): Sample(lambda w: w.deals["limit"], None, NOBODYS),
    ("mar/rules/prices/deviations/", "deal_id"): Sample(lambda w: w.deals["deviation"], None, 999_999),
    ("tpr/", "device_id"): Sample(lambda w: w.own.device.pk, lambda w: w.foreign.device.pk, NOBODYS),
    ("", "membership_id"): Sample(lambda w: w.own.colleague.pk, lambda w: w.foreign.colleague.pk, NOBODYS),
    ("", "invitation_id"): Sample(
        lambda w: w.own.papers["invitation"], lambda w: w.foreign.papers["invitation"], NOBODYS
    ),
    ("tpr/settings/", "area"): Sample(lambda w: "technical", None, "no-such-area"),
    **{
        ("tpr/settings/", f"{name}_id"): Sample(
            lambda w, name=name: w.own.papers[name], lambda w, name=name: w.foreign.papers[name], NOBODYS
        )
        for name in ("site", "brand", "document", "change")
    },
    ("mar/partners/", "kind"): Sample(lambda w: "labels", None, "no-such-kind"),
    ("mar/office/", "area"): Sample(lambda w: "technical", None, "no-such-area"),
    ("mar/partners/", "note_id"): Sample(lambda w: w.own.papers["note"], None, NOBODYS),
    ("mar/partners/", "change_id"): Sample(lambda w: w.own.papers["change"], None, NOBODYS),
    ("", "api_key_id"): Sample(lambda w: w.own.api_key.pk, lambda w: w.foreign.api_key.pk, NOBODYS),
    ("mar/", "check_id"): Sample(lambda w: w.check_id, None, NOBODYS),
    ("mar/sanctions/", "list_id"): Sample(lambda w: w.sanctions_list_id, None, NOBODYS),
    ("tpr/", "recipient_id"): Sample(lambda w: w.givers.own.pk, lambda w: w.givers.foreign.pk, NOBODYS),
    ("tpr/", "evidence_id"): Sample(
        lambda w: w.givers.own_paper.pk, lambda w: w.givers.foreign_paper.pk, NOBODYS
    ),
    ("tpr/", "exception_id"): Sample(
        lambda w: w.givers.own_exception.pk, lambda w: w.givers.foreign_exception.pk, NOBODYS
    ),
    ("mar/", "recipient_id"): Sample(lambda w: w.givers.own.pk, None, NOBODYS),
    ("mar/", "evidence_id"): Sample(lambda w: w.givers.own_paper.pk, None, NOBODYS),
    ("mar/recipients/", "exception_id"): Sample(lambda w: w.givers.own_exception.pk, None, NOBODYS),
    ("mar/", "conflict_id"): Sample(lambda w: w.givers.conflict.pk, None, NOBODYS),
    ("mar/", "application_id"): Sample(lambda w: w.application_id, None, NOBODYS),
    ("mar/applications/", "bulk_id"): Sample(lambda w: w.bulk_id, None, NOBODYS),
    ("mar/applications/", "document_id"): Sample(lambda w: w.paper_id, None, NOBODYS),
    ("mar/", "question_id"): Sample(lambda w: w.question_id, None, NOBODYS),
    ("mar/", "item_id"): Sample(lambda w: w.carry_over_id, None, NOBODYS),
    ("mar/", "partner_id"): Sample(lambda w: w.own.partner.pk, None, NOBODYS),
    ("mar/", "block_id"): Sample(lambda w: w.standing["block"], None, NOBODYS),
    ("mar/", "grace_id"): Sample(lambda w: w.standing["grace"], None, NOBODYS),
    ("compliance/tiers/", "proposal_id"): Sample(lambda w: w.standing["proposal"], None, NOBODYS),
    ("compliance/", "checkpoint_id"): Sample(lambda w: w.standing["checkpoint"], None, 999_999),
    ("compliance/", "model_id"): Sample(lambda w: w.standing["model"], None, 999_999),
    ("tpr/", "bulk_id"): Sample(lambda w: w.own.papers["bulk"], lambda w: w.foreign.papers["bulk"], NOBODYS),
    ("tpr/", "incident_id"): Sample(
        lambda w: w.own.papers["incident"], lambda w: w.foreign.papers["incident"], NOBODYS
    ),
    ("mar/", "incident_id"): Sample(lambda w: w.own.papers["incident"], None, NOBODYS),
    ("mar/", "correction_id"): Sample(lambda w: w.standing["correction"], None, NOBODYS),
    ("mar/", "order_id"): Sample(lambda w: w.own.order.pk, None, NOBODYS),
    ("mar/", "product_key_id"): Sample(lambda w: w.own.key.product_key_id, None, "3399999999999"),
    ("mar/stock/labels/", "issue_id"): Sample(lambda w: w.label_issue_id, None, NOBODYS),
    ("mar/stock/pools/", "pool_code"): Sample(lambda w: w.papers.pool_code, None, "no-such-pool"),
    ("mar/stock/", "batch_id"): Sample(lambda w: w.papers.batch_id, None, NOBODYS),
    ("mar/exchange/cbrs/", "report_id"): Sample(lambda w: w.papers.cbr.pk, None, NOBODYS),
    ("mar/exchange/", "build_id"): Sample(lambda w: w.own.build.pk, None, NOBODYS),
    ("mar/exchange/", "exception_id"): Sample(lambda w: w.papers.exception.pk, None, NOBODYS),
    ("mar/exchange/", "return_id"): Sample(lambda w: w.papers.returned.pk, None, NOBODYS),
    ("compliance/", "kind"): Sample(lambda w: "duplicates", None, "no-such-kind"),
    ("compliance/", "report_id"): Sample(lambda w: w.papers.month.pk, None, NOBODYS),
    ("compliance/", "file_id"): Sample(lambda w: w.papers.file.pk, None, NOBODYS),
    ("apply/pages/", "name"): Sample(lambda w: "company", None, "no-such-page"),
    ("apply/papers/", "document_id"): Sample(lambda w: NOBODYS, None, NOBODYS),
    ("apply/open/", "application_id"): Sample(lambda w: w.application_id, None, NOBODYS),
    ("apply/open/", "token"): Sample(lambda w: "x" * 43, None, "x" * 43),
    ("mar/partners/", "case_id"): Sample(lambda w: w.owner_reset_id, None, NOBODYS),
    ("compliance/privacy/retention/", "proposal_id"): Sample(lambda w: w.retention_id, None, NOBODYS),
    ("compliance/privacy/", "request_id"): Sample(lambda w: w.erasure_id, None, NOBODYS),
    ("accounts/sessions/", "session_id"): Sample(lambda w: NOBODYS, None, NOBODYS),
    ("accounts/2fa/reset/", "token"): Sample(lambda w: "x" * 43, None, "x" * 43),
    ("join/", "token"): Sample(lambda w: invitation_token(w.invitation.pk), None, "x" * 43),
    ("demo/", "name"): Sample(lambda w: "no-mail", None, "no-mail"),
    ("demo/", "number"): Sample(lambda w: 1, None, 1),
    ("api/v1/", "partner_return_id"): Sample(
        lambda w: w.own.given_back, lambda w: w.foreign.given_back, NOBODYS
    ),
    **{
        (wing, "standing_order_id"): Sample(
            lambda w: w.standing_orders[0], lambda w: w.standing_orders[1], NOBODYS
        )
        for wing in ("tpr/", "api/v1/")
    },
    **{
        (wing, "order_file_id"): Sample(lambda w: w.order_files[0], lambda w: w.order_files[1], NOBODYS)
        for wing in ("tpr/", "api/v1/")
    },
    ("api/v1/", "estimate_id"): Sample(lambda w: w.estimates[0], lambda w: w.estimates[1], NOBODYS),
    ("api/v1/", "order_id"): Sample(lambda w: w.own.order.pk, lambda w: w.foreign.order.pk, NOBODYS),
}


def sample_of(address: str, argument: str) -> Sample:
    """Return how an address's argument is filled.

    :raises LookupError: for an argument that nobody has described here.
    """
    for (beginning, name), sample in SAMPLES.items():
        if name == argument and address.startswith(beginning):
            return sample
    raise LookupError(f"{address}: describe the argument {argument!r} in tests/policy_world.py")


def make_world() -> World:
    """Make both houses and a person for each of the eleven roles."""
    make_mar()
    own, foreign = _house("own"), _house("foreign")
    people = {
        role.value: make_member(role.value, partner=own.partner if role.startswith("tpr_") else None)
        for role in Role
    }
    application = make_application()
    with mar_scope():
        question = FieldQuestion.objects.create(
            application=application, section="company", field="vat_id", reason_code="unclear", text="Which one?",
            due_on=AT, asked_by=people["mar_admin"], asked_at=AT,
        )  # fmt: skip
        paper = store_document(
            PNG, name="extract.png", kind="register_extract", application_id=application.pk,
            by=Actor.system("test"), at=AT,
        )  # fmt: skip
        bulk = BulkInvitation.objects.create(
            file_name="rrp.csv",
            state="checked",
            row_count=1,
            rows=[],
            made_by=people["mar_admin"],
            made_at=AT,
        )
        carried = CarryOverItem.objects.create(application=application, kind="open_keys", stated="12")
    with mar_scope(), acting_as(people["mar_admin"].pk):
        erasure = ErasureRequest.objects.create(
            user=make_member("tpr_readonly", partner=own.partner), partner_id=own.partner.pk,
            requested_by_user=people["mar_admin"], requested_at=AT,
        )  # fmt: skip
        retention = RetentionProposal.objects.create(
            counts={"sign_ins": 1}, proposed_by_user=people["mar_admin"], proposed_at=AT
        )
        case = OwnerReset(
            partner=own.partner, user=people["tpr_owner"], proof="letter", reason="Lost.",
            evidence_type="image/png", asked_by_user=people["mar_admin"], asked_at=AT,
            opens_at=AT + WAITING_TIME,
        )  # fmt: skip
        case.evidence_path, case.evidence_sha256 = store_sealed(
            PNG, subject=case.subject, folder="owner-resets"
        )
        case.save(force_insert=True)
    world = World(
        own=own,
        erasure_id=erasure.pk,
        retention_id=retention.pk,
        owner_reset_id=case.pk,
        foreign=foreign,
        product=own.key.product,
        application_id=application.pk,
        paper_id=paper.pk,
        bulk_id=bulk.pk,
        question_id=question.pk,
        carry_over_id=carried.pk,
        invitation=_invite(own.partner),
        papers=_papers(own),
        givers=_givers(own.partner, foreign.partner),
        rules=_rules(own, foreign, people),
        people=people,
        stranger=make_member("tpr_owner", partner=foreign.partner),
    )
    world.standing = _standing(own.partner) | {
        "correction": _correction(own, people),
        "checkpoint": _checkpoint(),
    }
    world.estimates = (_estimate(own), _estimate(foreign))
    world.order_files = (_order_file(own), _order_file(foreign))
    world.standing_orders = (
        _standing_order(own, people["tpr_owner"]),
        _standing_order(foreign, world.stranger),
    )
    world.deals = _deals(own)
    world.stock = _stock_plan(own.key.product)
    world.label_issue_id = make_labels(own.partner).pk
    with mar_scope():
        world.check_id = request_checks(application.pk, at=AT)[0].pk
        world.sanctions_list_id = receive_list(
            b"<export/>", source="eu_xml", file_name="list.xml", by=Actor.system("test"), at=AT
        ).pk
    world.sessions = {
        role: sign_in(Client(), user).cookies[settings.SESSION_COOKIE_NAME].value
        for role, user in {**people, "stranger": world.stranger}.items()
    }
    world.secrets = {
        "own": _secret(own.partner.pk, scopes_of_house(is_partner=True)),
        "stranger": _secret(foreign.partner.pk, scopes_of_house(is_partner=True)),
        "mar": _secret(None, scopes_of_house(is_partner=False)),
        **{scope: _secret(own.partner.pk, [scope]) for scope in scopes_of_house(is_partner=True)},
    }
    return world


def _standing_order(house: House, owner: User) -> UUID:
    with mar_scope():
        code = Product.objects.get(pk=house.key.product_id).code
    now = timezone.now()
    wish = StandingWish(
        "Stock", [StandingLine(code, 1)], "weekly", now.date() + timedelta(days=2), now.time(), "UTC"
    )
    with partner_scope(house.partner.pk):
        made = make_standing_order(house.partner.pk, wish, by=actor_for(owner, partner=house.partner), at=now)
    return made.pk


def _order_file(house: House) -> UUID:
    with mar_scope():
        code = Product.objects.get(pk=house.key.product_id).code
    with partner_scope(house.partner.pk):
        content = f"order_reference,product,quantity\nA,{code},1\n".encode()
        kept = keep_order_file(house.partner.pk, content, file_name="o.csv", by=Actor.system("test"), at=AT)
    return kept.pk


def _estimate(house: House) -> UUID:
    with partner_scope(house.partner.pk):
        product = house.key.product
        written = write_estimate(house.partner.pk, [(product.code, 1)], by=Actor.system("test"), at=AT)
        return written.pk


def _stock_plan(product: Product) -> dict[str, Any]:
    """Return an alarm of low stock, over a threshold of the product, and a call-off."""
    with mar_scope():
        StockThreshold.objects.create(
            product=product, measure="keys", below=1, roles=["mar_stock"], changed_by="test", changed_at=AT
        )
        alert = StockAlert.objects.create(
            product=product, occasion="test", measure="keys", below=1, value=0, free=0, raised_at=AT,
            raised_by="test", ended_at=AT,
        )  # fmt: skip
        call_off = CallOff.objects.create(
            call_off_reference="CO-WALK", product=product, quantity=5, proposed=5, called_at=AT,
            expected_on=AT.date() + timedelta(days=20),
        )  # fmt: skip
    return {"alert": alert.pk, "call_off": call_off.pk}


def _deals(house: House) -> dict[str, Any]:
    """Return a price that is to come, a place on a book, a discount, and a limit to be raised."""
    product, book = house.key.product, make_book()
    price = make_price(book, product, "31.00", valid_from=timezone.now() + timedelta(days=60))
    return {
        "price": price.pk,
        "pricing": put_on_book(house.partner, book).pk,
        "deviation": make_deviation(house.partner, product, "1.00").pk,
        "limit": _proposed_limit(house.partner),
    }


def _proposed_limit(partner: Partner) -> UUID:
    with mar_scope():
        return change_limit(
            partner.pk, kind="monthly", after=Decimal(200_000), reason="Two new lines", at=AT,
            by=actor_for(make_member("mar_finance")),
        ).pk  # fmt: skip


def _givers(own: Partner, foreign: Partner) -> Givers:
    product = make_citizenship()
    # The second one is shared, so that its partner may have an exception too.
    first, second = make_recipient(own), make_reviewed(foreign)
    decider = actor_for(make_member("mar_approver"))
    with mar_scope():
        conflict = RecipientConflict.objects.get()
        settle_conflict(conflict.pk, outcome="shared", reason="Both deliver there.", by=decider, at=AT)
        approve_recipient(second.pk, by=decider, at=AT)
    exceptions = [
        make_exception(partner, recipient, product, state="packaged")
        for partner, recipient in ((own, first), (foreign, second))
    ]
    with mar_scope():
        papers = [RecipientEvidence.objects.get(recipient=recipient) for recipient in (first, second)]
    return Givers(first, second, *papers, *exceptions, conflict)


def _house(name: str) -> House:
    partner = make_partner()
    ready, waiting = make_builds(2, partner=partner)
    with mar_scope():
        KeyHandOver.objects.create(
            partner=partner, key=waiting.key, device=waiting.device, channel="reveal", reason="Station is down",
            handed_by="Technician", handed_at=AT,
        )  # fmt: skip
        Build.objects.filter(pk=waiting.pk).update(state="needs_details")
        build = Build.objects.select_related("key__order_line__order", "key__product", "device").get(
            pk=waiting.pk
        )
        upload = BuildUpload.objects.create(
            partner=partner, file_name=f"{name}.zip", uploaded_by="Technician", uploaded_at=AT
        )
        build.upload = upload
        build.save(update_fields=["upload"])
        api_key, _ = create_api_key(
            partner.pk,
            name="Station",
            scopes=["keys:claim"],
            daily_claims=5,
            by=Actor.system("test"),
            at=AT,
        )
    colleague = make_member("tpr_buyer", partner=partner, name="Colleague")
    with mar_scope():
        membership = Membership.objects.get(user=colleague)
    order = build.key.order_line.order
    papers = _own_papers(partner, colleague)
    given_back = ask_return([ready.key]).pk
    return House(
        partner, order, build.key, build, upload, build.device, api_key, membership, papers, given_back
    )


def _own_papers(partner: Partner, colleague: User) -> dict[str, UUID]:
    path, digest = store_bytes(LOGO, folder="test", suffix=".png")
    with mar_scope():
        document = Document.objects.create(
            partner=partner, kind="certificate", file_name="r2.png", content_type="image/png", size=len(LOGO),
            sha256=digest, path=path, uploaded_by="Owner", uploaded_at=AT,
        )  # fmt: skip
        site = Site.objects.create(
            partner=partner, kind="build", name="Hall 2", street="Ring 1", postcode="10115", city="Berlin",
            country="DE", since=AT.date(),
        )  # fmt: skip
        brand = Brand.objects.create(partner=partner, name="Again", logo=document, created_at=AT)
        bulk = BulkHandOver.objects.create(
            partner=partner, product=Product.objects.order_by("pk")[0], quantity=1, reason="Line without a net",
            delivery_key=DeliveryKey.objects.create(
                partner=partner, recipient="age1", fingerprint="0", registered_by="Owner", registered_at=AT,
                usable_from=AT + timedelta(days=1),
            ),
            asked_by="Owner", asked_at=AT, sha256="0" * 64, token_hash=b"0" * 32, expires_at=AT,
        )  # fmt: skip
        incident = Incident.objects.create(
            reference=f"IN-{partner.code[-6:]}", partner=partner, kind="lost", facts="Gone", due_on=AT.date(),
            reported_by="Owner", reported_at=AT,
        )  # fmt: skip
        change = CompanyChange.objects.create(
            partner=partner, before={"name": partner.name}, after={"name": "New GmbH"}, reason="Register",
            state="requested", requested_by=colleague, requested_at=AT,
        )  # fmt: skip
        # A way out without its end: every page of it opens, and the partner still does everything.
        wind_down = WindDown.objects.create(
            partner=partner, reason="Leaves", started_by="Marta", started_by_id="1", started_at=AT,
            ends_at=AT + timedelta(days=30), file_path=path, file_sha256=digest, file_made_at=AT,
        )  # fmt: skip
        WindDownItem.objects.bulk_create(
            WindDownItem(wind_down=wind_down, partner=partner, kind=kind) for kind in WindDownItem.Kind.values
        )
        note = PartnerNote.objects.create(partner=partner, author=colleague, text="Calls on Fridays", at=AT)
    found = {
        "document": document,
        "site": site,
        "brand": brand,
        "change": change,
        "note": note,
        "incident": incident,
        "bulk": bulk,
    }
    return {name: row.pk for name, row in found.items()} | {"invitation": _invite(partner, "late").pk}


def _checkpoint() -> int:
    with mar_scope():
        made = make_checkpoint(by=Actor.system("test"), at=AT)
    assert made is not None
    return int(made.pk)


def _correction(house: House, people: dict[str, User]) -> UUID:
    with mar_scope(), acting_as(people["mar_stock"].pk):
        return CorrectionRequest.objects.create(
            key=house.key, kind="denied", facts="Microsoft says otherwise", proof="Mail of May",
            asked_by=people["mar_stock"], asked_at=AT,
        ).pk  # fmt: skip


def _standing(partner: Partner) -> dict[str, Any]:
    by = Actor.system("test")
    with mar_scope():
        block = restrict_partner(
            partner.pk, kind="orders", reason="Late", until=AT + timedelta(days=1), by=by, at=AT
        )
        grace = give_grace(
            partner.pk,
            rule="CMP-11",
            reason="Flood",
            valid_from=AT,
            valid_before=AT + timedelta(days=9),
            by=by,
            at=AT,
        )
        tiers = [Tier.objects.get(code=code) for code in ("starter", "standard")]
        proposal = TierProposal.objects.create(
            partner=partner, from_tier=tiers[0], to_tier=tiers[1], builds=60, score=70, proposed_at=AT
        )
        model = ScoreModel.objects.get()
    return {"block": block.pk, "grace": grace.pk, "proposal": proposal.pk, "model": model.pk}


def _papers(house: House) -> Papers:
    path, digest = store_bytes(b"<ComputerBuildReportRequest/>", folder="test", suffix=".xml")
    with mar_scope():
        cbr = ComputerBuildReport.objects.create(
            connector="file", state="sent", line_count=1, file_path=path, file_sha256=digest, prepared_at=AT,
            sent_at=AT,
        )  # fmt: skip
        CbrLine.objects.create(report=cbr, partner=house.partner, key=house.key, build=house.build)
        answer = CbrAckFile.objects.create(
            file_name="ack.xml", file_path=path, sha256=digest, received_by="Operator", received_at=AT
        )
        exception = ExchangeException.objects.create(
            ack_file=answer, kind="unknown_key", product_key_id=house.key.product_key_id, created_at=AT
        )
        returned = ReturnRequest.objects.create(
            rma_number="RMA-1", return_type="ZOA", reason="Spare", requested_by="Operator", sent_at=AT
        )
        ReturnLine.objects.create(request=returned, key=house.key, previous_state=12)
        month = UsageReport.objects.create(
            number="UR-2026-10", period="2026-10", revision=1, state="draft", requested_at=AT,
            requested_by="Portal", built_at=AT, frozen_at=AT,
        )  # fmt: skip
        file = ReportFile.objects.create(
            report=month, kind="summary", is_draft=True, name="UR-2026-10.csv", path=path, sha256=digest, size=30,
            created_at=AT,
        )  # fmt: skip
    pool = make_pool(house.key.product, house.partner)
    return Papers(house.key.batch_id, cbr, exception, returned, month, file, pool.code)


def _rules(own: House, foreign: House, people: dict[str, User]) -> Rules:
    with mar_scope():
        course = save_course(
            WrittenCourse(
                code="licences", title="Licences", pass_mark=50, valid_months=12, is_required=False, required_from=AT,
                readings={"en": "Read this."}, questions={"en": "# Which?\n+ This\n- That\n> So it is."},
            ),
            is_new=True, by=Actor.system("test"), at=AT,
        )  # fmt: skip
        changes = [
            ProgrammeChange.objects.create(
                product=house.key.product, order_stop_at=AT + timedelta(days=90), written_by=people["mar_admin"],
                written_at=AT, published_by=people["mar_approver"], announced_at=AT, free_keys=0,
                texts={"en": {"title": "It ends", "text": "Soon."}},
            )
            for house in (own, foreign)
        ]  # fmt: skip
        for house, change in zip((own, foreign), changes, strict=True):
            ChangeNotice.objects.create(
                change=change, partner=house.partner, keys_assigned=1, keys_taken=0, devices_unsold=0
            )
        accepted = [
            TermsAcceptance.objects.select_related("terms").get(partner=house.partner)
            for house in (own, foreign)
        ]
    versions = [set_rule(code, at=AT - timedelta(days=9)) for code in ("label.use", "return.goodwill")]
    with mar_scope():
        for house, version in zip((own, foreign), versions, strict=True):
            RuleNotice.objects.create(version=version, partner=house.partner)
        draft = ProductVersion.objects.create(
            product=own.key.product,
            state="draft",
            valid_from=AT,
            written_by=people["mar_admin"],
            written_at=AT,
        )
    schedules = [_schedule(number, row) for number, row in enumerate(accepted)]
    return Rules(accepted[0].terms, accepted[0], accepted[1], *changes, course, *versions, draft, schedules)


def _schedule(number: int, like: TermsAcceptance) -> TermsVersion:
    """Return a schedule that one house alone has accepted; it stops nothing."""
    agreement = make_agreement(
        f"SCHEDULE-{number}", kind="schedule", title="Schedule", products=[f"NONE-{number}"]
    )
    terms = make_terms(agreement=agreement, text=f"Schedule {number}.")
    with mar_scope():
        TermsAcceptance.objects.create(
            partner_id=like.partner_id, terms=terms, user_id=like.user_id, role="tpr_owner", accepted_at=AT,
            language="en", text_sha256=like.text_sha256,
        )  # fmt: skip
    return terms


def _invite(partner: Partner, name: str = "new") -> Invitation:
    with partner_scope(partner.pk):
        return invite_person(
            partner_id=partner.pk, name="New", email=f"{name}{partner.code}@example.test", role="tpr_buyer",
            by=Actor.system("test"), at=timezone.now(),
        )  # fmt: skip


def _secret(partner_id: UUID | None, scopes: Any) -> str:
    with mar_scope():
        _, secret = create_api_key(
            partner_id, name="Walk", scopes=list(scopes), daily_claims=50, by=Actor.system("test"), at=AT
        )
    return secret.reveal()

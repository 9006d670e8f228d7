"""A refurbisher's request to become a partner: a draft he fills over days, then a case two people decide."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import APP_ROLE, CURRENT_GUEST, MAR_ROLE, Access, Right
from core.sealed import SealedJSONField
from partners.models.partner import Partner


class ApplicationState(models.TextChoices):
    """Where an application stands. The steps between them: partners/rules/applications.py."""

    DRAFT = "draft", _("Being filled in")
    SUBMITTED = "submitted", _("Submitted")
    IN_REVIEW = "in_review", _("In review")
    INFO_REQUESTED = "info_requested", _("Question to the applicant")
    RECOMMENDED = "recommended", _("Reviewed, waits for a second person")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Refused")
    APPEALED = "appealed", _("Appealed")
    WITHDRAWN = "withdrawn", _("Withdrawn")


_OWN = f"id = {CURRENT_GUEST}"

# What an applicant may change of his own row; whether he may now is decided by the state (guards.py).
_APPLICANT_COLUMNS = (
    "company", "trade_name", "legal_form", "country", "vat_id", "register_number", "contact_name",
    "contact_email", "phone", "iban", "street", "postcode", "city", "website", "company_norm",
    "wiping_standard", "expected_volume", "note", "state", "submitted_at", "saved_at", "appeal_text", "appealed_at",
)  # fmt: skip


class Application(models.Model):
    """What is asked of every applicant, how it stands, and the people who decided on it.

    The columns are the facts that checks, lists and the partner's row need; the answers of each page
    of the task list stand in ``ApplicationSection``.
    """

    access = Access(
        {
            APP_ROLE: Right("SELECT, INSERT, UPDATE", _OWN, _APPLICANT_COLUMNS),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE"),
        }
    )

    class Kind(models.TextChoices):
        """What the applicant does; the pages of the task list follow from it."""

        SHOP = "shop", _("Computer shop or repair shop")
        ITAD = "itad", _("Asset recovery or recycling company")
        CHARITY = "charity", _("Charity or association")
        SCHOOL = "school", _("School or training workshop")
        BROKER = "broker", _("Broker of used devices")

    class Branch(models.TextChoices):
        """Where the applicant comes from."""

        NEW = "new", _("New to the programme")
        TRANSFER = "transfer", _("Partner of another MAR")
        FORMER_RRP = "former_rrp", _("Former Registered Refurbisher")

    class Recommendation(models.TextChoices):
        """What the reviewer proposes to the second person."""

        NONE = "", _("None yet")
        APPROVE = "approve", _("Approve")
        REJECT = "reject", _("Refuse")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    # Whose key seals the answers and the papers; a new one when the person behind it is erased.
    subject = models.UUIDField(default=uuid4, editable=False)
    reference = models.CharField(_("reference"), max_length=12, unique=True, help_text=_("Like A-7KQ2M9."))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.SHOP)
    branch = models.CharField(_("comes from"), max_length=12, choices=Branch.choices, default=Branch.NEW)
    language = models.CharField(_("language"), max_length=5, default="en")

    company = models.CharField(_("company"), max_length=120, blank=True)
    trade_name = models.CharField(_("trade name"), max_length=120, blank=True)
    legal_form = models.CharField(_("legal form"), max_length=60, blank=True)
    country = models.CharField(_("country"), max_length=2, help_text=_("ISO 3166-1 code."))
    vat_id = models.CharField(_("VAT id"), max_length=20, blank=True)
    register_number = models.CharField(_("register number"), max_length=40, blank=True)
    contact_name = models.CharField(_("contact"), max_length=120, blank=True)
    contact_email = models.EmailField(_("contact e-mail"), help_text=_("Lower case."))
    phone = models.CharField(_("telephone"), max_length=30, blank=True)
    iban = models.CharField(_("IBAN"), max_length=34, blank=True)
    street = models.CharField(_("street and number"), max_length=120, blank=True)
    postcode = models.CharField(_("postcode"), max_length=12, blank=True)
    city = models.CharField(_("town"), max_length=80, blank=True)
    website = models.URLField(_("web site"), blank=True)
    # Lower case, without legal form, accents and punctuation: compared with "=" (a decision of the house).
    company_norm = models.CharField(max_length=120, blank=True, editable=False)
    # Written when the checks are asked for (rules/company_identity.py); the duplicate check compares them.
    vat_root = models.CharField(max_length=24, blank=True, editable=False)
    address_norm = models.CharField(max_length=120, blank=True, editable=False)
    iban_norm = models.CharField(max_length=34, blank=True, editable=False)
    phone_norm = models.CharField(max_length=9, blank=True, editable=False)
    wiping_standard = models.CharField(_("wiping standard"), max_length=60, blank=True)
    expected_volume = models.PositiveIntegerField(
        _("expected volume"), default=0, help_text=_("PCs a month.")
    )
    note = models.TextField(_("note"), blank=True, max_length=2000)
    checker_answers = models.JSONField(_("answers of the checker"), default=dict, blank=True)

    state = models.CharField(_("state"), max_length=16, choices=ApplicationState.choices)
    started_at = models.DateTimeField(_("started"))
    saved_at = models.DateTimeField(_("last saved"))
    reminded_at = models.DateTimeField(_("reminded of the draft"), null=True)
    submitted_at = models.DateTimeField(_("submitted"), null=True)
    due_at = models.DateTimeField(
        _("to be answered by"), null=True, help_text=_("Our promise to the applicant.")
    )

    claimed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    claimed_at = models.DateTimeField(_("claimed"), null=True)
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    reviewed_at = models.DateTimeField(_("reviewed"), null=True)
    review_note = models.CharField(_("review note"), max_length=1000, blank=True)
    recommendation = models.CharField(
        _("recommendation"), max_length=10, choices=Recommendation.choices, blank=True, default=""
    )
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True)
    decision_code = models.CharField(_("reason code"), max_length=40, blank=True)
    decision_reason = models.CharField(_("reason"), max_length=1000, blank=True)
    appeal_text = models.TextField(_("appeal"), blank=True, max_length=2000)
    appealed_at = models.DateTimeField(_("appealed"), null=True)
    partner = models.OneToOneField(Partner, models.PROTECT, null=True, related_name="application")

    class Meta:
        ordering = ("submitted_at",)
        indexes: ClassVar = [
            models.Index(fields=["state", "submitted_at"], name="application_queue"),
            models.Index(fields=["vat_id"], name="application_vat_id"),
            models.Index(fields=["company_norm"], name="application_company_norm"),
            models.Index(fields=["contact_email"], name="application_contact_email"),
            models.Index(fields=["vat_root"], name="application_vat_root"),
            models.Index(fields=["address_norm"], name="application_address_norm"),
            models.Index(fields=["iban_norm"], name="application_iban_norm"),
            models.Index(fields=["phone_norm"], name="application_phone_norm"),
            # The queue: what is open, by the day we promised an answer.
            models.Index(
                fields=["due_at", "id"],
                name="application_open",
                condition=models.Q(
                    state__in=["submitted", "appealed", "in_review", "info_requested", "recommended"]
                ),
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~models.Q(state__in=["approved", "rejected"])
                | models.Q(reviewed_by__isnull=False, decided_by__isnull=False),
                name="application_decision_needs_two",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="approved") | models.Q(partner__isnull=False),
                name="application_approved_is_partner",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["approved", "rejected"])
                | ~models.Q(reviewed_by=models.F("decided_by")),
                name="application_two_different_people",
            ),
            # The partner carries its application's id, so two approvals at once cannot make two partners.
            models.CheckConstraint(
                condition=models.Q(partner__isnull=True) | models.Q(partner=models.F("id")),
                name="application_becomes_one_partner",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["draft", "withdrawn"]) | models.Q(submitted_at__isnull=False),
                name="application_sent_has_time",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="rejected")
                | (~models.Q(decision_code="") & ~models.Q(decision_reason="")),
                name="application_refusal_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.company}"


class ApplicationSection(models.Model):
    """One page of the task list: its answers and how far it is. ``answers`` is keyed by field name."""

    access = Access(
        {
            APP_ROLE: Right(
                "SELECT, INSERT, UPDATE",
                f"application_id = {CURRENT_GUEST}",
                ("answers", "is_complete", "saved_at"),
            ),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE"),
        }
    )

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    application = models.ForeignKey(Application, models.PROTECT, related_name="sections")
    name = models.CharField(_("page"), max_length=30)
    subject = models.UUIDField(
        editable=False, help_text=_("As the application's when the page was first saved.")
    )
    answers = SealedJSONField(_("answers"), default=dict, blank=True)
    is_complete = models.BooleanField(_("complete"), default=False)
    saved_at = models.DateTimeField(_("last saved"))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["application", "name"], name="application_section_once"),
            models.CheckConstraint(
                condition=models.Q(answers="") | models.Q(answers__startswith="s1."),
                name="answers_are_sealed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.name}"


class FieldQuestion(models.Model):
    """A question back to the applicant about one field; only that field opens to him again."""

    access = Access(
        {
            APP_ROLE: Right(
                "SELECT, UPDATE", f"application_id = {CURRENT_GUEST}", ("answered_at", "answer_note")
            ),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE"),
        }
    )

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    application = models.ForeignKey(Application, models.PROTECT, related_name="questions")
    section = models.CharField(_("page"), max_length=30)
    field = models.CharField(_("field"), max_length=40)
    reason_code = models.CharField(_("reason code"), max_length=40)
    text = models.CharField(_("question"), max_length=600)
    example = models.CharField(_("example"), max_length=200, blank=True)
    due_on = models.DateField(_("answer by"))
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("asked"))
    value_before = models.JSONField(_("value before"), null=True)
    answered_at = models.DateTimeField(_("answered"), null=True)
    answer_note = models.CharField(_("note to the answer"), max_length=600, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True)

    class Meta:
        ordering = ("asked_at",)
        indexes: ClassVar = [models.Index(fields=["application"], name="field_question_application")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["application", "section", "field"],
                condition=models.Q(closed_at__isnull=True),
                name="one_open_question_a_field",
            ),
            models.CheckConstraint(
                condition=~models.Q(reason_code="") & ~models.Q(text=""), name="question_says_why"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.section}.{self.field}"


class CarryOverItem(models.Model):
    """One thing a partner of another MAR brings along; staff tick it off before he is activated."""

    access = Access({MAR_ROLE: Right("SELECT, INSERT, UPDATE")})

    class Kind(models.TextChoices):
        """What is carried over."""

        OPEN_KEYS = "open_keys", _("Keys not yet used")
        UNREPORTED_BUILDS = "unreported_builds", _("PCs not yet reported")
        LABELS = "labels", _("Labels in stock")
        NOTICE = "notice", _("Notice given to the earlier MAR")
        PROOF = "proof", _("Proof of the earlier membership")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    application = models.ForeignKey(Application, models.PROTECT, related_name="carry_over")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    stated = models.CharField(_("stated by the applicant"), max_length=300)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    settled_at = models.DateTimeField(_("ticked off"), null=True)
    settled_note = models.CharField(_("how it was settled"), max_length=300, blank=True)

    class Meta:
        ordering = ("kind",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["application", "kind"], name="carry_over_once")
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.kind}"

"""Tables about who."""

from partners.models.api_key import ApiKey
from partners.models.applicant_link import ApplicantLink
from partners.models.application import Application, ApplicationSection, CarryOverItem, FieldQuestion
from partners.models.bulk_invitation import BulkInvitation, InvitedApplicant
from partners.models.check import CheckResult
from partners.models.company_change import CompanyChange
from partners.models.contact import NamedContact
from partners.models.decision import ApplicationDecision
from partners.models.document import Document
from partners.models.factor_reset import FactorReset
from partners.models.mar import Mar
from partners.models.membership import Invitation, Membership
from partners.models.note import PartnerNote
from partners.models.owner_reset import OwnerReset
from partners.models.partner import Partner
from partners.models.privacy import ErasureRequest, RetentionProposal
from partners.models.public_profile import PublicProfile
from partners.models.recipients import Recipient, RecipientClass, RecipientConflict, RecipientEvidence
from partners.models.reminder import Reminder
from partners.models.renewal import RecipientRenewal
from partners.models.sanctions import SanctionsEntry, SanctionsList
from partners.models.site import Brand, Site
from partners.models.standing import CreditPosition, Grace, OrderBlock, PartnerBadge
from partners.models.terms import Agreement, TermsAcceptance, TermsText, TermsVersion
from partners.models.training import Course, CourseVersion, TrainingAttempt

__all__ = [
    "Agreement",
    "ApiKey",
    "ApplicantLink",
    "Application",
    "ApplicationDecision",
    "ApplicationSection",
    "Brand",
    "BulkInvitation",
    "CarryOverItem",
    "CheckResult",
    "CompanyChange",
    "Course",
    "CourseVersion",
    "CreditPosition",
    "Document",
    "ErasureRequest",
    "FactorReset",
    "FieldQuestion",
    "Grace",
    "Invitation",
    "InvitedApplicant",
    "Mar",
    "Membership",
    "NamedContact",
    "OrderBlock",
    "OwnerReset",
    "Partner",
    "PartnerBadge",
    "PartnerNote",
    "PublicProfile",
    "Recipient",
    "RecipientClass",
    "RecipientConflict",
    "RecipientEvidence",
    "RecipientRenewal",
    "Reminder",
    "RetentionProposal",
    "SanctionsEntry",
    "SanctionsList",
    "Site",
    "TermsAcceptance",
    "TermsText",
    "TermsVersion",
    "TrainingAttempt",
]

"""Tables about who."""

from partners.models.api_key import ApiKey
from partners.models.application import Application, ApplicationSection, CarryOverItem, FieldQuestion
from partners.models.check import CheckResult
from partners.models.document import Document
from partners.models.mar import Mar
from partners.models.membership import Invitation, Membership
from partners.models.partner import Partner
from partners.models.recipients import Recipient, RecipientClass, RecipientConflict, RecipientEvidence
from partners.models.standing import CreditPosition, Grace, OrderBlock, PartnerBadge
from partners.models.terms import TermsAcceptance, TermsVersion

__all__ = [
    "ApiKey",
    "Application",
    "ApplicationSection",
    "CarryOverItem",
    "CheckResult",
    "CreditPosition",
    "Document",
    "FieldQuestion",
    "Grace",
    "Invitation",
    "Mar",
    "Membership",
    "OrderBlock",
    "Partner",
    "PartnerBadge",
    "Recipient",
    "RecipientClass",
    "RecipientConflict",
    "RecipientEvidence",
    "TermsAcceptance",
    "TermsVersion",
]

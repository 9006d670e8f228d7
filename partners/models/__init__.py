"""Tables about who."""

from partners.models.api_key import ApiKey
from partners.models.application import Application
from partners.models.mar import Mar
from partners.models.membership import Invitation, Membership
from partners.models.partner import Partner
from partners.models.standing import CreditPosition, OrderBlock
from partners.models.terms import TermsAcceptance, TermsVersion

__all__ = [
    "ApiKey",
    "Application",
    "CreditPosition",
    "Invitation",
    "Mar",
    "Membership",
    "OrderBlock",
    "Partner",
    "TermsAcceptance",
    "TermsVersion",
]

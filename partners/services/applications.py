"""The steps of a case, gathered for whoever calls them."""

from partners.services.application_carry_over import CarryOverOpen, settle_carry_over
from partners.services.application_case import ApplicationCannotMove, ClaimedByAnother, SamePersonDecides
from partners.services.application_claims import AppealNeedsFreshEyes, claim_application, let_go
from partners.services.application_decisions import (
    ProposalNotDecidable,
    ReasonMissing,
    approve_application,
    recommend,
    reject_application,
    send_back,
)
from partners.services.application_drafts import submit_application
from partners.services.application_questions import QuestionWrong, ask_back, close_question

__all__ = [
    "AppealNeedsFreshEyes",
    "ApplicationCannotMove",
    "CarryOverOpen",
    "ClaimedByAnother",
    "ProposalNotDecidable",
    "QuestionWrong",
    "ReasonMissing",
    "SamePersonDecides",
    "approve_application",
    "ask_back",
    "claim_application",
    "close_question",
    "let_go",
    "recommend",
    "reject_application",
    "send_back",
    "settle_carry_over",
    "submit_application",
]

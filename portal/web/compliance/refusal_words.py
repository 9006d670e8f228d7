"""What was refused, in a few words for the log: the code says it to programs, these to people."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WORDS: Mapping[str, Promise] = {
    "already_bound": _("the key sits on a PC already"),
    "already_reported": _("the build is reported already"),
    "api_key_revoked": _("the credential is revoked"),
    "cap_exceeded": _("more than the month's Citizenship quota"),
    "carry_over_open": _("something carried over is not ticked off"),
    "conflict_decided": _("somebody else decided the conflict first"),
    "credit_limit": _("more than the credit limit"),
    "daily_claims": _("more keys than a station takes in a day"),
    "evidence_missing": _("evidence is missing"),
    "evidence_over": _("the evidence does not hold any more"),
    "family_not_allowed": _("a licence family outside the contract"),
    "hand_over_blocked": _("taking keys is stopped"),
    "hash_seen_before": _("this PC was reported before"),
    "idempotency_key_reused": _("one request number for two requests"),
    "install_stop": _("the product is not installed any more"),
    "item_not_waived": _("the item is not let go in this way"),
    "key_for_another_device": _("the key was taken for another PC"),
    "key_on_hold": _("the key is on hold"),
    "monthly_limit": _("more than the month's limit"),
    "order_blocked": _("new orders are stopped"),
    "out_of_stock": _("not enough keys in stock"),
    "partner_cannot_move": _("the partner's state does not allow it"),
    "partner_not_active": _("the partner is not active"),
    "permission": _("a right is missing"),
    "product_key_in_text": _("a product key in the text"),
    "product_not_on_sale": _("the product is not on sale"),
    "recipient_cannot_move": _("the recipient's state does not allow it"),
    "reveal_rate": _("too many keys looked at in an hour"),
    "same_person": _("the same person twice"),
    "same_person_decides": _("the same person twice"),
    "second_key_for_device": _("a second key for the same PC"),
    "second_person_needed": _("a second person is needed"),
    "sell_through_stop": _("the product is not sold any more"),
    "suspension_not_confirmed": _("the suspension is not confirmed by this person"),
    "terms_not_accepted": _("the terms are not accepted"),
    "training_missing": _("a course is not passed"),
    "view_has_no_power": _("who only looks changes nothing"),
    "wrong_device": _("the report names another PC"),
}


def refusal_words(code: str) -> str:
    """Return what a code says; one nobody named here is told by its own words."""
    return str(WORDS.get(code, code.replace("_", " ")))

"""VAT number without a look-up: the country's form and its check digit. It never says "registered"."""

from django.utils.translation import gettext as _
from stdnum import get_cc_module
from stdnum.exceptions import InvalidChecksum, InvalidComponent, InvalidFormat, InvalidLength, ValidationError

from partners.checks.base import ApplicantFacts, CheckAnswer
from partners.models.check import CheckResult
from partners.rules.vat_ids import FORMS, normalise_vat_id

# Where python-stdnum names a country's module otherwise than "vat".
_MODULES = {"NO": "mva"}


class OfflineVat:
    """Check form and check digit with python-stdnum."""

    kind = CheckResult.Kind.VAT.value
    name = "python-stdnum"

    def run(self, facts: ApplicantFacts) -> CheckAnswer:
        """Answer at once; no network."""
        problem = form_problem(facts)
        if problem is not None:
            return problem
        return CheckAnswer(
            CheckResult.Outcome.CLEAR,
            _("Form and check digit are right. Whether the number is registered was not asked."),
            {"form": "right", "registration": "not_asked"},
        )


def form_problem(facts: ApplicantFacts) -> CheckAnswer | None:
    """Return what is wrong with the number itself, None when it could exist."""
    if not facts.vat_id.strip():
        return CheckAnswer(CheckResult.Outcome.SKIPPED, _("The applicant gave no VAT number."))
    vat_id = normalise_vat_id(facts.vat_id, country=facts.country)
    module = get_cc_module(facts.country.lower(), _MODULES.get(facts.country, "vat"))
    if module is None:
        text = _("For this country we know no form of VAT numbers. A person checks it.")
        return CheckAnswer(CheckResult.Outcome.ATTENTION, text, {"form": "unknown"})
    try:
        module.validate(vat_id)
    except ValidationError as error:
        return CheckAnswer(
            CheckResult.Outcome.FAILED,
            _sentence(error, facts.country),
            {"form": _code(error), "registration": "not_asked"},
        )
    return None


def _code(error: ValidationError) -> str:
    known = (
        (InvalidChecksum, "check_digit"),
        (InvalidLength, "length"),
        (InvalidComponent, "part"),
        (InvalidFormat, "form"),
    )
    return next((code for kind, code in known if isinstance(error, kind)), "form")


def _sentence(error: ValidationError, country: str) -> str:
    form = FORMS.get(country)
    example = form.example if form else "–"
    if _code(error) == "check_digit":
        return _("The check digit is wrong: a digit is mistyped, or the number does not exist.")
    return _("The number does not have the form of its country, which is like %(example)s.") % {
        "example": example
    }

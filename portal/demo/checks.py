"""Sanctions lists and automatic checks of the demo; every listed name is invented."""

from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from core.actor import Actor
from core.tenancy import mar_scope
from partners.checks.base import ApplicantFacts, CheckAnswer, ProviderUnavailable
from partners.models import Application, CheckResult, SanctionsList
from partners.models.application import ApplicationState
from partners.services.checks import request_checks, run_check
from partners.services.sanctions import load_list, receive_list
from portal.demo.applying import apply
from portal.demo.programme import APPLICANTS

SAMPLE = Path(__file__).parent / "samples" / "sanctions-sample.xml"
SAMPLE_DATE = "2026-11-02"
# So long was the VAT service away, with the attempts that the portal made meanwhile.
AWAY_SINCE = timedelta(hours=2, minutes=40)
_ATTEMPTS = (timedelta(0), timedelta(minutes=5), timedelta(minutes=35), timedelta(hours=2, minutes=35))


class _VatServiceAway:
    """The VAT service on a bad evening."""

    kind = CheckResult.Kind.VAT.value
    name = "VIES (REST)"

    def run(self, _facts: ApplicantFacts) -> CheckAnswer:
        """Be away, as a member state's register often is."""
        raise ProviderUnavailable(
            "MS_UNAVAILABLE", raw='{"actionSucceed":false,"errorWrappers":[{"error":"MS_UNAVAILABLE"}]}'
        )


def load_sample_list(*, by: Actor, at: datetime) -> SanctionsList | None:
    """Bring the invented list into force, dated three days before."""
    published = (at - timedelta(days=3)).date().isoformat()
    content = SAMPLE.read_text(encoding="utf-8").replace(SAMPLE_DATE, published)
    with mar_scope():
        received = receive_list(
            content.encode(), source="eu_xml", file_name=f"{published}-sample.xml", by=by, at=at
        )
        return load_list(received.pk, at=at)


def check_everybody() -> None:
    """Have every application that was sent checked, a minute after it came."""
    with mar_scope():
        sent = Application.objects.exclude(state=ApplicationState.DRAFT).filter(submitted_at__isnull=False)
        moments = list(sent.order_by("submitted_at").values_list("pk", "submitted_at"))
    for application_id, submitted_at in moments:
        at = (submitted_at or datetime.min) + timedelta(minutes=1)
        with mar_scope():
            begun = [check.pk for check in request_checks(application_id, at=at)]
        for check_id in begun:
            run_check(check_id, at=at + timedelta(seconds=2))


def applicants_arrive(*, now: datetime) -> None:
    """Let two companies apply: a day ago one without a fault, this evening one to look at twice."""
    alike, faultless = APPLICANTS
    apply(faultless, at=now - timedelta(days=1))
    application = apply(alike, at=now - AWAY_SINCE)
    _check_without_vat_service(application.pk, at=now - AWAY_SINCE)


def _check_without_vat_service(application_id: UUID, *, at: datetime) -> None:
    """Leave the VAT check without an answer: the portal has asked four times and will ask again."""
    with mar_scope():
        begun = request_checks(application_id, at=at)
    for check in begun:
        if check.kind != _VatServiceAway.kind:
            run_check(check.pk, at=at)
            continue
        for waited in _ATTEMPTS:
            run_check(check.pk, at=at + waited, provider=_VatServiceAway())

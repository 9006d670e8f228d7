"""How the demo's partners stand: scores month by month, two beside the mark, a grace, tiers and badges."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from io import BytesIO

from pypdf import PdfWriter

from compliance.models import TierProposal
from compliance.rules.score import score_of
from compliance.rules.score_model import DEFAULT
from compliance.selectors.conduct import conduct_of
from compliance.selectors.score import model_in_force, rules_in
from compliance.services.badges import renew_badges
from compliance.services.reporting_rule import apply_reporting_rule
from compliance.services.score import propose_model, publish_model, take_snapshots
from compliance.services.tiers import confirm_move, propose_moves
from core.tenancy import mar_scope, partner_scope
from licensing.exchange.ohr import OhrFacts
from licensing.models import KeyHandOver
from licensing.rules.key_states import KeyState
from licensing.services.batches import Bound, Taken, report_batch
from partners.models import CreditPosition
from partners.selectors.mar import mar_zone
from partners.services.documents import store_document
from partners.services.graces import give_grace
from partners.services.partners import record_unpaid, set_tier
from portal.demo.history import Stage, hash_of

LATE = "TPR-0004"
NEAR_THE_MARK = {"TPR-0007": 69, "TPR-0010": 70, LATE: 61}
PAPERS = (
    ("TPR-0001", "wiping_proof", "Wiping process", 700), ("TPR-0002", "wiping_proof", "Wiping process", 700),
    (LATE, "certificate", "R2v3", 20), ("TPR-0007", "certificate", "R2v3", 20),
    ("TPR-0010", "certificate", "R2v3", 20), ("TPR-0010", "certificate", "ISO 14001", 20),
)  # fmt: skip
FACTS = OhrFacts("Notebook", "Standard", "Nontouch", "14.0", "20L5000BGE")
CONFIRMED_AT_ONCE = ("TPR-0001", "TPR-0003")


def begin_scoring(stage: Stage, *, at: datetime, shadow_until: datetime) -> None:
    """Publish a score model by two people: in shadow at first, then it counts."""
    with mar_scope():
        model = propose_model(
            version="Demo-1", parameters=DEFAULT, pass_mark=70, valid_from=at, is_shadow=True,
            shadow_until=shadow_until, reason="Partners see their score before it counts.",
            by=stage.cast.staff("carla"), at=at,
        )  # fmt: skip
        publish_model(model.pk, by=stage.cast.staff("jonas"), at=at + timedelta(hours=2))


def bring_over_a_tier(stage: Stage, *, at: datetime) -> None:
    """Give one partner the tier he had in the earlier programme; his volume does not bear it out."""
    with mar_scope():
        set_tier(stage.cast.partners["TPR-0011"].pk, tier="volume", by=stage.cast.staff("marta"), at=at)


def hand_in_papers(stage: Stage, *, at: datetime) -> None:
    """Give some partners a valid proof of wiping, and those near the mark certificates that expire."""
    content = _paper()
    with mar_scope():
        for code, kind, title, days in PAPERS:
            store_document(
                content, name=f"{kind}.pdf", kind=kind, title=title, partner_id=stage.cast.partners[code].pk,
                expires_on=(at + timedelta(days=days)).date(), by=stage.cast.owner(code), at=at,
            )  # fmt: skip


def _paper() -> bytes:
    writer, file = PdfWriter(), BytesIO()
    writer.add_blank_page(595, 842)
    writer.write(file)
    return file.getvalue()


def score_month(stage: Stage, *, at: datetime) -> None:
    """Take the scores of a month's end; once they count, propose moves and confirm two."""
    with mar_scope():
        take_snapshots(at=at)
        propose_moves(at=at)
        for proposal in TierProposal.objects.filter(
            outcome="open", partner__code__in=CONFIRMED_AT_ONCE, proposed_at=at
        ):
            confirm_move(proposal.pk, reason="Reliable for a year.", by=stage.cast.staff("marta"), at=at)


def catch_up(stage: Stage, *, at: datetime) -> None:
    """Let everybody report what he forgot; the late partner only what is older than his restriction shows."""
    for code, partner in stage.cast.partners.items():
        if code not in stage.cast.stations:
            continue
        older = at - timedelta(days=53 if code == LATE else 18)
        with partner_scope(partner.pk):
            rows = KeyHandOver.objects.select_related("key").filter(
                key__state=KeyState.RETRIEVED, key__hold="none", handed_at__lt=older
            )
            taken = [Taken(row.key_id, row.key.product_key_id, row.device_id) for row in rows]
            if taken:
                builds = [Bound(key, hash_of(key), FACTS) for key in taken]
                report_batch(partner_id=partner.pk, builds=builds, by=stage.cast.station(code), at=at)


def show_standing(stage: Stage, *, at: datetime) -> None:
    """Restrict by rule, set three partners near the mark, give one grace, take scores, badges, proposals."""
    with mar_scope():
        apply_reporting_rule(at=at - timedelta(hours=4))
        for code, wanted in NEAR_THE_MARK.items():
            _tune(stage, code, wanted, at=at - timedelta(hours=3))
        give_grace(
            stage.cast.partners["TPR-0005"].pk, rule="CMP-11", reason="Flood in the warehouse; stock is being counted.",
            valid_from=at - timedelta(days=2), valid_before=at + timedelta(days=28), by=stage.cast.staff("marta"),
            at=at - timedelta(days=2),
        )  # fmt: skip
        take_snapshots(at=at - timedelta(hours=2))
        renew_badges(at=at - timedelta(hours=2))
        propose_moves(at=at - timedelta(hours=2))


def _tune(stage: Stage, code: str, wanted: int, *, at: datetime) -> None:
    """Leave just so much unpaid that the partner's score is the wanted one, where payment can do that."""
    partner_id = stage.cast.partners[code].pk
    rules = rules_in(model_in_force(at))
    conduct = conduct_of(partner_id, rules=rules, at=at, zone=mar_zone())
    limit = CreditPosition.objects.get(pk=partner_id).limit
    for part in range(0, 1001, 5):
        unpaid = (limit * part / 1000).quantize(Decimal("0.01"))
        total = score_of(replace(conduct, unpaid=unpaid), rules).total
        if total is not None and total <= wanted:
            record_unpaid(partner_id, unpaid=unpaid, by=stage.cast.staff("franziska"), at=at)
            return

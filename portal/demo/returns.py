"""Returns of one partner in each state, each by the real steps."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from core.actor import Actor
from core.tenancy import mar_scope, partner_scope
from licensing.exchange.return_xml import ReturnAckFile, ReturnAckLine, write_return_ack
from licensing.models import ProductKey, ReturnRequest
from licensing.models.partner_return import ReturnState
from licensing.rules.key_states import KeyState
from licensing.services import partner_returns as services
from licensing.services.exchange import import_answer_file
from licensing.services.partner_returns import ReturnWish
from licensing.services.replacements import Wanted, swap_key
from licensing.services.return_bundles import send_bundle
from licensing.services.return_withdrawal import withdraw_return
from portal.demo.history import NAMESPACE, Stage
from portal.demo.programme import MAR

PARTNER = "TPR-0001"


@dataclass(frozen=True, slots=True)
class _Story:
    """A return of the demo: what it says and how far it goes."""

    ends: str
    quantity: int
    return_type: str
    reason: str
    reference: str
    is_without_credit: bool = False


STORIES = (
    _Story("closed", 2, "ZOC", "Two buyers sent their notebooks back", "RMA-118"),
    _Story("answered_credit", 3, "ZOB", "Boards failed in the burn-in test", "RMA-121"),
    _Story("answered_no_credit", 1, "ZOE", "Stolen from the delivery van", "RMA-122", is_without_credit=True),
    _Story("sent", 2, "ZOD", "Test PCs of the new hall", "RMA-127"),
    _Story("approved", 1, "ZOB", "Screen and board broken by the carrier", "RMA-130"),
    _Story("checked", 1, "ZOC", "The school sent one PC back", "RMA-131"),
    _Story("requested", 1, "ZOA", "Ordered one too many", "RMA-133"),
    _Story("withdrawn", 1, "ZOB", "Dropped, and runs after all", "RMA-132"),
    _Story("refused", 1, "ZOF", "Customer wants another edition", "RMA-125", is_without_credit=True),
)
AFTER_CHECK = ("closed", "answered_credit", "answered_no_credit", "sent", "approved")


def give_back(stage: Stage, *, now: datetime) -> None:
    """Play the returns: the older a story is, the further it has come."""
    keys = _keys(stage)
    for place, story in enumerate(STORIES):
        chosen, keys = keys[: story.quantity], keys[story.quantity :]
        if len(chosen) == story.quantity:
            _play(stage, story, chosen, at=now - timedelta(days=len(STORIES) - place, hours=5))


def swap_and_replace(stage: Stage, *, now: datetime) -> None:
    """One wrong key swapped before its report, and one board replaced after the activation."""
    partner = stage.cast.partners[PARTNER]
    with mar_scope():
        wrong = ProductKey.objects.filter(partner=partner, state=KeyState.RETRIEVED, hold="none").order_by(
            "id"
        )
        key = wrong.select_related("product").first()
        used = (
            ProductKey.objects.filter(partner=partner, state=KeyState.ACTIVATION_ENABLED)
            .order_by("-id")
            .first()
        )
    if key is None or used is None:
        return
    with partner_scope(partner.pk):
        swap_key(
            partner_id=partner.pk, product_key_id=key.product_key_id, by=stage.cast.owner(PARTNER),
            wanted=Wanted("Taken for a PC that was scrapped"), at=now - timedelta(hours=9),
        )  # fmt: skip
    reason = "Board replaced: L1HF84K00AB, now L1HF99K77CD"
    story = _Story("approved", 1, "ZOB", reason, "RMA-134")
    _play(
        stage, story, [used.product_key_id], at=now - timedelta(hours=8), kind="board_swap",
        replacement_product_id=used.product_id,
    )  # fmt: skip


def _keys(stage: Stage) -> list[str]:
    needed = sum(story.quantity for story in STORIES)
    with mar_scope():
        found = ProductKey.objects.filter(
            partner=stage.cast.partners[PARTNER], state=KeyState.ACTIVATION_ENABLED, hold="none"
        )
        return list(found.order_by("id").values_list("product_key_id", flat=True)[:needed])


def _play(stage: Stage, story: _Story, keys: list[str], *, at: datetime, **more: Any) -> None:
    partner, desk = stage.cast.partners[PARTNER], stage.cast.staff("marta")
    wish = ReturnWish(
        tuple(keys), story.return_type, story.reason, story.is_without_credit, story.reference, **more
    )  # fmt: skip
    with partner_scope(partner.pk):
        asked = services.request_return(
            partner_id=partner.pk, wish=wish, idempotency_key=str(uuid5(NAMESPACE, story.reference)),
            by=stage.cast.owner(PARTNER), at=at,
        )  # fmt: skip
    minute = timedelta(minutes=1)
    with mar_scope():
        seen = services.check_return(asked.return_id, by=Actor.system("check of returns"), at=at + minute)
        if seen.state == ReturnState.REQUESTED and story.ends in (*AFTER_CHECK, "checked"):
            note = "Delivered long ago; the papers are complete."
            services.check_return(asked.return_id, by=desk, at=at + 60 * minute, note=note)
        if story.ends == "refused":
            note = "The edition is changed by a swap on the key's page, not by a return."
            services.refuse_return(asked.return_id, note=note, by=desk, at=at + 90 * minute)
        if story.ends in AFTER_CHECK:
            services.approve_return(asked.return_id, note="", by=desk, at=at + 90 * minute)
        if story.ends in AFTER_CHECK[:4]:
            sent = send_bundle([asked.return_id], by=desk, at=at + 100 * minute)
            if story.ends != "sent":
                _answer(sent, keys, story, by=desk, at=at + 300 * minute)
        if story.ends == "closed":
            services.close_return(asked.return_id, by=desk, at=at + 400 * minute)
    if story.ends == "withdrawn":
        with partner_scope(partner.pk):
            withdraw_return(
                asked.return_id, partner_id=partner.pk, by=stage.cast.owner(PARTNER), at=at + 30 * minute
            )


def _answer(sent: ReturnRequest, keys: list[str], story: _Story, *, by: Actor, at: datetime) -> None:
    codes = {"ZOB": "OP", "ZOC": "OJ", "ZOE": "QH"}
    lines = tuple(ReturnAckLine(key, codes[story.return_type]) for key in keys)
    unique: UUID = uuid5(NAMESPACE, f"ack:{story.reference}")
    ack = ReturnAckFile(
        str(unique), f"{unique.int % 10**10:010d}", at, sent.rma_number, sent.sent_at, MAR["sold_to_id"],
        "MAR", lines,
    )  # fmt: skip
    import_answer_file(write_return_ack(ack), file_name=f"return-ack-{sent.rma_number}.xml", by=by, at=at)

"""What can happen to a key beside its straight way, each with a canary in its hand and its text pasted beside it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import pyrage
import pytest
from django.db import transaction
from django.utils import timezone

from core.actor import Actor
from core.tenancy import mar_scope, partner_scope
from licensing.exchange.return_xml import ReturnAckFile, ReturnAckLine, write_return_ack
from licensing.models import Incident, KeyReplacement, ProductKey
from licensing.rules.devices import DeviceIdentity
from licensing.services import bulk_hand_over
from licensing.services.corrections import ask_for_correction, decide_correction
from licensing.services.delivery_keys import register_delivery_key
from licensing.services.exchange import import_answer_file
from licensing.services.exchange_answers import AnswerRefused
from licensing.services.incidents import close_incident, note_measures, report_incident
from licensing.services.recall import recall_key
from licensing.services.replacements import Wanted, swap_key
from licensing.services.returns import send_return
from tests.canary import flows
from tests.canary.browser import Page
from tests.canary.portal_on_trial import Trial
from tests.factories import actor_for
from tests.factories.decoys import without_decoys

DAY = timedelta(days=1)
FIRST_ID = 74_000
ANSWERS = ("OJ", "PA", "QI", "XX")


@dataclass(frozen=True)
class Gone:
    """What left: the answers that may hold a key, and the file with who may open it."""

    doors: Sequence[Page]
    file: bytes
    opened: bytes


def go_all_ways(trial: Trial, keys: Sequence[str]) -> Gone:
    """Send twelve canaries every way; each text that a person or Microsoft writes names one in clear."""
    flows.stock_up(trial, "csv", keys, lpn=trial.product.lpn, first_id=FIRST_ID)
    flows.order(trial, trial.product.code, 9)
    held = flows.key_ids(FIRST_ID, state=11)
    assert len(held) >= 8
    file, opened = _in_a_file(trial)
    held = flows.key_ids(FIRST_ID, state=11)
    shown = [flows.reveal(trial, name, f"PF0WAY{place}") for place, name in enumerate(held[:3])]
    _lost_and_found(trial, shown[0].product_key_id, keys[0])
    _called_back_and_corrected(trial, shown[1].product_key_id, keys[1])
    _swapped(trial, shown[2].product_key_id, keys[2])
    claimed = flows.claim(trial, trial.product.code, "PF0CONSUME")
    _consumed(trial, claimed.product_key_id, keys[3])
    _returned(trial, keys[4])
    _board_swapped(trial, keys[5])
    return Gone([*(each.page for each in shown), claimed.page], file, opened)


def _by(trial: Trial, role: str) -> Actor:
    person = trial.users[role]
    return actor_for(person, partner=trial.partner if role.startswith("tpr_") else None)


def _pk(product_key_id: str) -> int:
    with mar_scope():
        return int(ProductKey.objects.values_list("pk", flat=True).get(product_key_id=product_key_id))


def _in_a_file(trial: Trial) -> tuple[bytes, bytes]:
    """Take two keys as a file that this process alone can open."""
    identity, now, by = pyrage.x25519.Identity.generate(), timezone.now(), _by(trial, "tpr_owner")
    pcs = [DeviceIdentity("LENOVO", "20N2", f"PF0FILE{number}") for number in range(2)]
    with partner_scope(trial.partner.pk):
        register_delivery_key(
            partner_id=trial.partner.pk, recipient=str(identity.to_public()), by=by, at=now - 2 * DAY
        )
        made = bulk_hand_over.hand_over_file(
            partner_id=trial.partner.pk,
            product_id=trial.product.pk,
            devices=pcs,
            reason="New line",
            by=by,
            at=now,
        )
    trial.person("tpr_owner").get(f"/tpr/keys/files/{made.bulk_id}/")
    with partner_scope(trial.partner.pk):
        file = bulk_hand_over.take_file(
            made.bulk_id, token=made.token.reveal(), partner_id=trial.partner.pk, by=by, at=now
        )
    return file, pyrage.decrypt(file, [identity])


def _lost_and_found(trial: Trial, name: str, key: str) -> None:
    now, text = timezone.now(), f"The bag with {key} was on the train"
    with partner_scope(trial.partner.pk):
        case = report_incident(
            [name], partner_id=trial.partner.pk, kind="lost", facts=text, police_reference=key,
            due_on=now.date(), by=_by(trial, "tpr_owner"), at=now,
        )  # fmt: skip
    with mar_scope():
        note_measures(case.pk, measures=text, due_on=now.date(), by=_by(trial, "compliance"), at=now)
        close_incident(
            case.pk,
            outcome=Incident.State.FOUND,
            measures=text,
            note=text,
            by=_by(trial, "compliance"),
            at=now,
        )


def _called_back_and_corrected(trial: Trial, name: str, key: str) -> None:
    now, pk = timezone.now(), _pk(name)
    with mar_scope():
        recall_key(pk, reason=f"{key} was for another PC", by=_by(trial, "mar_admin"), at=now)
        asked = ask_for_correction(
            pk, kind="give_back", facts=f"{key} is on the PC", proof=key, by=_by(trial, "mar_stock"), at=now
        )
        decide_correction(
            asked.pk, is_approved=True, note=f"{key} was seen", by=_by(trial, "mar_approver"), at=now
        )


def _swapped(trial: Trial, name: str, key: str) -> None:
    with partner_scope(trial.partner.pk):
        swap_key(
            partner_id=trial.partner.pk, product_key_id=name, wanted=Wanted(f"{key} is the wrong one", None),
            by=_by(trial, "tpr_owner"), at=timezone.now(),
        )  # fmt: skip
    with mar_scope():
        assert KeyReplacement.objects.filter(old_product_key_id=name).exists()


def _consumed(trial: Trial, name: str, key: str) -> None:
    visitor = trial.person("visitor")
    for body in ({"product_key_id": name}, {"product_key_id": key}):
        visitor.api("POST", "keys:consume", json.dumps(body), trial.secret)
    with mar_scope():
        assert ProductKey.objects.get(product_key_id=name).state == 2


def _returned(trial: Trial, key: str) -> None:
    """Return what may go, and let Microsoft answer with every letter, the key in its words."""
    now, by = timezone.now(), _by(trial, "mar_admin")
    with mar_scope():
        chosen = list(
            without_decoys(ProductKey.objects.filter(product=trial.product, state=1, hold="quarantined"))
            .order_by("pk").values_list("pk", "product_key_id")
        )  # fmt: skip
        free = without_decoys(ProductKey.objects.filter(product=trial.product, state=1, hold="none"))
        chosen += list(free.order_by("pk").values_list("pk", "product_key_id")[: len(ANSWERS) - len(chosen)])
        assert len(chosen) == len(ANSWERS)
        sent = send_return(
            [pk for pk, _name in chosen], return_type="ZOA", reason=f"{key} and others", by=by, at=now
        )
        for text in (key, ""):
            lines = tuple(
                ReturnAckLine(name, code, reason_description=f"As agreed {text}")
                for (_pk, name), code in zip(chosen, ANSWERS, strict=True)
            )
            answer = ReturnAckFile("u", "1", now, sent.rma_number, now, "0000123456", "MAR", lines)
            content = write_return_ack(answer)
            if text:
                with pytest.raises(AnswerRefused), transaction.atomic():
                    import_answer_file(content, file_name="answer.xml", by=by, at=now)
            else:
                import_answer_file(content, file_name=f"{key}.xml", by=by, at=now)
        states = ProductKey.objects.filter(pk__in=[pk for pk, _name in chosen]).order_by("pk")
        assert list(states.values_list("state", flat=True)) == [5, 1, 5, 8]


def _board_swapped(trial: Trial, key: str) -> None:
    """Ask about a PC whose key is enabled, first with the key in each field."""
    owner, names = trial.person("tpr_owner"), ("manufacturer", "model", "serial")
    good = {f"{side}_{name}": f"{side.upper()} {name}" for side in ("old", "new") for name in names}
    good |= {
        "product_key_id": flows.key_ids(71_000, state=9)[0],
        "reason": "defect",
        "failed": "before_sale",
        "label": "intact",
        "token": str(uuid4()),
    }
    for field in (*good, "nothing"):
        owner.post("/tpr/returns/board/", {**good, field: key, "ask": "1"})
    looked = owner.post("/tpr/returns/board/", good)
    assert looked.status == 200, (looked.status, looked.text[-1500:])
    owner.post("/tpr/returns/board/", {**good, "ask": "1"})

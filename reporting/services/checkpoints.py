"""Say once a day, signed, where the chains end, and carry it outside; hold such a file against the chains again.

Whoever owns the database and the seal key can write a new chain, but not the copies that have left.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.models import AuditEvent
from core.queue import enqueue
from core.services.seal import Verdict, streams
from core.tenancy import mar_scope
from licensing.models import LedgerEntry
from licensing.selectors.ledger_accounts import Books, read_books
from licensing.selectors.stock import keys_in_all
from partners.models import Mar
from partners.models.membership import Role
from partners.selectors.people import addresses_of_role
from partners.services.letters import Letter
from partners.services.mails import message_id, send_letter
from reporting.models import Checkpoint, CheckpointDelivery
from reporting.rules.checkpoint import Signed, sign, to_file
from reporting.services.anchors import anchors, missing_end, verify_anchored

DELIVER_TASK = "reporting.deliver_checkpoint"
ALARM_TASK = "reporting.alarm_books"
HOOK_SECONDS = 15
Channel = CheckpointDelivery.Channel


class NotDelivered(Exception):
    """The other side did not say that it has the checkpoint; the queue tries again."""


def public_key() -> bytes:
    """Return the key by which checkpoints are verified."""
    return Ed25519PrivateKey.from_private_bytes(settings.CHECKPOINT_KEY).public_key().public_bytes_raw()


@transaction.atomic
def make_checkpoint(*, by: Actor, at: datetime) -> Checkpoint | None:
    """Sign today's end of every chain and queue its ways out; None when today has its own already.

    The books are held against the keys in the same breath; a difference alarms compliance. Runs in
    the MAR's scope.
    """
    day = at.astimezone(UTC).date()
    if Checkpoint.objects.filter(day=day).exists():
        return None
    books = read_books()
    before = Checkpoint.objects.order_by("-day").first()
    signed = sign(settings.CHECKPOINT_KEY, _facts(books, before, at))
    made, is_new = Checkpoint.objects.get_or_create(
        day=day,
        defaults={
            "made_at": at,
            "statement": signed.statement,
            "signature": signed.signature,
            "public_key": signed.public_key,
            "sha256": signed.sha256,
            "is_balanced": books.is_balanced,
        },
    )
    if not is_new:
        return None
    for channel in channels():
        delivery = CheckpointDelivery.objects.create(checkpoint=made, channel=channel)
        enqueue(DELIVER_TASK, at=at, delivery_id=delivery.pk)
    audit.record(
        "reporting.checkpoint.made", by=by, at=at, object_type="checkpoint", object_id=made.pk,
        facts={"day": day.isoformat(), "sha256": made.sha256, "problems": list(books.problems[:5])},
    )  # fmt: skip
    if not books.is_balanced:
        enqueue(ALARM_TASK, at=at, checkpoint_id=made.pk)
    return made


def channels() -> list[str]:
    """Return the ways out that the settings name."""
    ways = {
        Channel.FOLDER: settings.CHECKPOINT_FOLDER,
        Channel.MAIL: settings.CHECKPOINT_MAIL,
        Channel.HOOK: settings.CHECKPOINT_HOOK,
    }
    return [channel.value for channel, target in ways.items() if target]


def deliver(delivery_id: int, *, at: datetime) -> bool:
    """Carry one checkpoint out by one channel and note the receipt; False when it was out already.

    :raises NotDelivered: when the other side has not said yes; the attempt is noted by the caller's next try.
    """
    delivery = CheckpointDelivery.objects.select_related("checkpoint").get(pk=delivery_id)
    if delivery.delivered_at is not None:
        return False
    delivery.attempts += 1
    try:
        delivery.receipt = _CARRIERS[delivery.channel](delivery.checkpoint)[:300]
        delivery.delivered_at, delivery.problem = at, ""
    except requests.RequestException as error:
        # Its text names the whole address, which may hold the receiver's secret.
        delivery.problem = type(error).__name__
    except (NotDelivered, OSError) as error:
        delivery.problem = f"{type(error).__name__}: {error}"[:300]
    delivery.save(update_fields=["attempts", "receipt", "delivered_at", "problem"])
    return delivery.delivered_at is not None


def is_waiting(delivery_id: int) -> bool:
    """Return whether a checkpoint still has to leave by this channel."""
    with mar_scope():
        return CheckpointDelivery.objects.filter(pk=delivery_id, delivered_at__isnull=True).exists()


def file_of(made: Checkpoint) -> bytes:
    """Return the file that left, or will."""
    return to_file(Signed(made.statement, bytes(made.signature), bytes(made.public_key)))


def alarm_books(made: Checkpoint) -> int:
    """Tell compliance that the ledger and the keys differ."""
    letter = Letter(
        subject=_("ALARM: the custody ledger does not balance"),
        sentence=_("The daily comparison found keys that do not stand where the ledger has them."),
        detail=_("Run: manage.py verify_ledger. It names each key and row."),
        button_label=_("Open the chains"),
        button_url=f"{settings.BASE_URL}/compliance/audit/chains/",
        reason=_("You get this mail because you answer for the keys."),
    )
    to = addresses_of_role(Role.COMPLIANCE, partner_id=None)
    return send_letter(letter, to=to, identity=f"books.{made.pk}")


def verify_against(facts: Mapping[str, Any], *, at: datetime) -> list[str]:
    """Return what the database contradicts of a checkpoint's facts. In the MAR's scope.

    Each chain is recomputed row by row, then its block of that day is looked for: a chain written anew
    holds in itself, but does not end where the file says.
    """
    problems = []
    told: Mapping[str, Any] = facts["chains"]
    for stream in streams():
        anchor = told.get(stream.name)
        verdict: Verdict = verify_anchored(stream, at=at)
        if not verdict.is_sound:
            row = f" row {verdict.row_id}:" if verdict.row_id is not None else ""
            problems.append(f"{stream.name}:{row} {verdict.problem}")
        elif anchor is not None and (
            problem := missing_end(stream, anchor, f"the checkpoint of {facts['made_at']}")
        ):
            problems.append(f"{stream.name}: {problem}")
    counts: Mapping[str, int] = facts["counts"]
    return problems + [
        f"{name}: {now} now, {counts[name]} at the checkpoint"
        for name, now in _counts().items()
        if now < counts.get(name, 0)
    ]


def _facts(books: Books, before: Checkpoint | None, at: datetime) -> dict[str, Any]:
    mar = Mar.objects.first()
    return {
        "portal": settings.BASE_URL,
        "mar": mar.legal_name if mar else "",
        "made_at": at.astimezone(UTC).isoformat(),
        "chains": anchors(),
        "counts": _counts(),
        "accounts": {f"{each.product}/{each.account}": each.by_ledger for each in books.balances},
        "is_balanced": books.is_balanced,
        "before": before.sha256 if before else "",
    }


def _counts() -> dict[str, int]:
    return {
        "keys": keys_in_all(),
        "ledger_rows": LedgerEntry.objects.count(),
        "audit_rows": AuditEvent.objects.count(),
    }


def _to_folder(made: Checkpoint) -> str:
    folder = Path(settings.CHECKPOINT_FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    target, content = folder / f"{made}.json", file_of(made)
    half = folder / f".{uuid4().hex}.part"
    half.write_bytes(content)
    half.replace(target)
    if target.read_bytes() != content:
        raise NotDelivered("what was read back is not what was written")
    return f"{target} read back"


def _by_mail(made: Checkpoint) -> str:
    identity = message_id(f"checkpoint.{made.day:%Y-%m-%d}")
    message = EmailMessage(
        subject=_("Checkpoint of %(day)s") % {"day": made.day.isoformat()},
        body=_(
            "Keep this file. With it and the public key anyone can prove whether our ledger was rewritten:"
        )
        + f"\n\nmanage.py verify_checkpoint {made}.json --public-key FILE\n\nSHA-256 {made.sha256}\n",
        to=list(settings.CHECKPOINT_MAIL),
        headers={"Message-ID": identity},
    )
    message.attach(f"{made}.json", file_of(made), "application/json")
    if not message.send():
        raise NotDelivered("the mail server took nothing")
    return f"{identity} {', '.join(settings.CHECKPOINT_MAIL)}"


def _by_hook(made: Checkpoint) -> str:
    answer = requests.post(
        settings.CHECKPOINT_HOOK,
        data=file_of(made),
        headers={"Content-Type": "application/json", "Idempotency-Key": made.sha256},
        timeout=HOOK_SECONDS,
        allow_redirects=False,
    )
    if not 200 <= answer.status_code < 300:
        raise NotDelivered(f"answered {answer.status_code}")
    return f"{answer.status_code} {answer.headers.get('X-Receipt', '')}".strip()


_CARRIERS = {Channel.FOLDER.value: _to_folder, Channel.MAIL.value: _by_mail, Channel.HOOK.value: _by_hook}

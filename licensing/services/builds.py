"""Report builds: bind a handed-over key to its PC by the hardware hash. Good reports go through, each alone."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.crypto import blind_index
from core.custody_keys import blind_index_key
from core.errors import DomainError, NotFound, Refusal, refuse
from licensing.exchange.oa3 import Oa3Report
from licensing.exchange.ohr import OPTIONAL_NAMES, OhrFacts, check_ohr, check_optional_info
from licensing.exchange.refusals import FormatError
from licensing.locks import lock_keys
from licensing.models import Build, BuildUpload, KeyHandOver, KeySecret, ProductKey
from licensing.models.build import BuildState
from licensing.rules.devices import normalise
from licensing.rules.key_states import NOT_REPORTED, Hold, KeyState
from licensing.rules.key_syntax import SecretKey, mask_keys
from licensing.services.custody import Step, move_keys


class BuildRefused(DomainError):
    """The build cannot be reported; the refusal says why and what to do."""


@dataclass(frozen=True, slots=True)
class BuildFacts:
    """What a report says: the key, the hash, and what is known of the device.

    ``product_key`` is only compared by its blind index and never kept.
    """

    product_key_id: str
    hardware_hash: str
    serial: str = ""
    product_key: SecretKey | None = None
    ohr: Mapping[str, str] = field(default_factory=dict)
    optional_info: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_oa3(cls, report: Oa3Report) -> "BuildFacts":
        """Return the facts of one OA3.xml."""
        return cls(
            product_key_id=report.product_key_id,
            hardware_hash=report.hardware_hash,
            serial=report.serial_number or "",
            product_key=report.product_key,
            ohr=dict(report.ohr_facts),
            optional_info=dict(report.optional_info),
        )


@transaction.atomic
def report_build(
    *,
    partner_id: UUID,
    facts: BuildFacts,
    channel: str,
    by: Actor,
    at: datetime,
    upload: BuildUpload | None = None,
) -> Build:
    """Bind the key to its device. Without the five device facts the build waits for them.

    :raises NotFound: for a key that is not one of the partner's.
    :raises BuildRefused: when the key is not on a PC, is on another, is bound, or the hash was seen.
    """
    key = _lock_own_key(partner_id, facts.product_key_id)
    _require_same_key(key, facts.product_key)
    _require_not_reported(key)
    hand_over = _require_handed_over(key)
    _require_right_device(hand_over, facts.serial)
    digest = hashlib.sha256(facts.hardware_hash.encode()).hexdigest()
    _require_new_hash(digest)
    checked = check_ohr({name: text for name, text in facts.ohr.items() if text})
    build = Build(
        partner_id=partner_id,
        key=key,
        device_id=hand_over.device_id,
        upload=upload,
        channel=channel,
        state=BuildState.READY if checked.facts else BuildState.NEEDS_DETAILS,
        hardware_hash=facts.hardware_hash,
        hardware_hash_sha256=digest,
        optional_info=_optional(facts.optional_info),
        reported_by=by.label[:200],
        reported_at=at,
    )
    _set_details(build, facts.ohr, checked.facts)
    _insert(build)
    move_keys(
        [key.id],
        to=KeyState.BOUND,
        sources=NOT_REPORTED,
        step=Step("build.reported", build.id, by, at),
    )
    _audit("licensing.build.reported", build, key, by, at)
    return build


@transaction.atomic
def complete_details(
    *, partner_id: UUID, build_id: UUID, ohr: Mapping[str, str], by: Actor, at: datetime
) -> Build:
    """Add the five device facts to a build that waits for them.

    :raises DetailsWrong: with one error per field.
    :raises BuildRefused: when the build does not wait for details.
    """
    build = _lock_build(partner_id, build_id)
    if build.state != BuildState.NEEDS_DETAILS:
        raise BuildRefused(_not_waiting(build))
    checked = check_ohr(dict(ohr))
    if checked.facts is None:
        raise DetailsWrong(checked.errors)
    _set_details(build, ohr, checked.facts)
    build.state = BuildState.READY
    build.save(
        update_fields=[
            "state",
            "model_sku",
            "form_factor",
            "form_factor_detail",
            "screen_size",
            "touch_screen",
        ]
    )
    _audit("licensing.build.completed", build, build.key, by, at)
    return build


@transaction.atomic
def revert_build(*, partner_id: UUID, build_id: UUID, reason: str, by: Actor, at: datetime) -> None:
    """Take a build back before it was sent to Microsoft: the key is on its PC again, unbound.

    :raises BuildRefused: when it was sent already.
    """
    build = _lock_build(partner_id, build_id)
    if build.state not in (BuildState.NEEDS_DETAILS, BuildState.READY):
        raise BuildRefused(_already_sent(build))
    move_keys(
        [build.key_id],
        to=KeyState.RETRIEVED,
        sources=[KeyState.BOUND],
        step=Step("build.reverted", build.id, by, at),
    )
    build.state, build.ended_at = BuildState.REVERTED, at
    build.save(update_fields=["state", "ended_at"])
    audit.record(
        "licensing.build.reverted",
        by=by,
        at=at,
        object_type="build",
        object_id=build.id,
        partner_id=partner_id,
        facts={"reason": mask_keys(reason)},
    )


class DetailsWrong(Exception):
    """The five device facts are not all there and good."""

    def __init__(self, errors: Iterable[FormatError]) -> None:
        self.errors = tuple(errors)
        super().__init__(", ".join(error.code for error in self.errors))


def _lock_own_key(partner_id: UUID, product_key_id: str) -> ProductKey:
    key = (
        ProductKey.objects.select_for_update(no_key=True)
        .filter(partner_id=partner_id, product_key_id=product_key_id)
        .first()
    )
    if key is None:
        # The same words for a stranger's key and for one that does not exist.
        raise NotFound(_("The key %(id)s is not one of yours.") % {"id": product_key_id})
    return key


def _lock_build(partner_id: UUID, build_id: UUID) -> Build:
    # The key first, by the written order of locks; the build is read again once both are held.
    key_id = Build.objects.filter(partner_id=partner_id, pk=build_id).values_list("key_id", flat=True).first()
    if key_id is not None:
        lock_keys([key_id])
    build = (
        Build.objects.select_for_update(no_key=True)
        .filter(partner_id=partner_id, pk=build_id, ended_at__isnull=True)
        .first()
    )
    if build is None:
        raise NotFound(_("This build is not one of yours."))
    return build


def _require_same_key(key: ProductKey, product_key: SecretKey | None) -> None:
    if product_key is None:
        return
    kept = KeySecret.objects.values_list("blind_index", flat=True).get(key_id=key.pk)
    if blind_index(blind_index_key(), product_key.reveal()) != bytes(kept):
        raise BuildRefused(
            refuse(
                "key_and_id_differ",
                _("The file's product key and product key id do not belong together."),
                rule="BLD-1",
                facts={_("Product key id"): key.product_key_id},
                next_step=_("Run the OA3 tool's report again on this PC and upload the new file."),
                lifted_by=_("You"),
            )
        )


def _require_not_reported(key: ProductKey) -> None:
    if key.state in (KeyState.RETRIEVED, KeyState.CONSUMED, KeyState.ASSIGNED):
        return
    build = Build.objects.filter(key=key, ended_at__isnull=True).select_related("device").first()
    facts: dict[str, Any] = {
        _("Product key id"): key.product_key_id,
        _("State"): KeyState(key.state).microsoft_name,
    }
    if build is not None:
        facts |= {_("Reported"): build.reported_at.date().isoformat(), _("PC"): str(build.device)}
    raise BuildRefused(
        refuse(
            "already_bound",
            _("This key is already reported."),
            rule="BLD-2",
            facts=facts,
            next_step=_("Nothing to do for the same PC. For another PC take another key."),
            lifted_by=_("Nobody: one key is for one PC"),
        )
    )


def _require_handed_over(key: ProductKey) -> KeyHandOver:
    if key.hold != Hold.NONE:
        raise BuildRefused(
            refuse(
                "key_on_hold",
                _("This key is on hold and cannot be reported."),
                rule="BLD-3",
                facts={_("Product key id"): key.product_key_id, _("Hold"): key.hold},
                next_step=_("Write to the MAR; take another key for the PC."),
                lifted_by=_("The MAR"),
            )
        )
    hand_over = KeyHandOver.objects.select_related("device").filter(key=key).first()
    if hand_over is None:
        raise BuildRefused(
            refuse(
                "not_handed_over",
                _("This key was never handed over for a PC."),
                rule="BLD-4",
                facts={_("Product key id"): key.product_key_id},
                next_step=_("Take the key for the PC first: by your station, or on the key's page."),
                lifted_by=_("You"),
            )
        )
    return hand_over


def _require_right_device(hand_over: KeyHandOver, serial: str) -> None:
    if not normalise(serial) or normalise(serial) == hand_over.device.serial_norm:
        return
    raise BuildRefused(
        refuse(
            "wrong_device",
            _("The serial number in the report is not that of the PC for which the key was taken."),
            rule="BLD-5",
            facts={_("Taken for"): str(hand_over.device), _("Reported serial"): serial[:36]},
            next_step=_("Report the PC that has the key, or revert and take a key for this PC."),
            lifted_by=_("The MAR"),
        )
    )


def _require_new_hash(digest: str) -> None:
    build = (
        Build.objects.filter(hardware_hash_sha256=digest, ended_at__isnull=True)
        .select_related("device")
        .first()
    )
    if build is None:
        return
    raise BuildRefused(
        _hash_seen({_("PC"): str(build.device), _("Reported"): build.reported_at.date().isoformat()})
    )


def _insert(build: Build) -> None:
    try:
        with transaction.atomic():
            build.save(force_insert=True)
    except IntegrityError as error:
        diagnosis = getattr(error.__cause__, "diag", None)
        if getattr(diagnosis, "constraint_name", "") != "build_hash_once":
            raise
        # Another partner's PC, which nobody here may see, or a rival report of this very moment.
        raise BuildRefused(_hash_seen({})) from error


def _hash_seen(facts: Mapping[str, Any]) -> Refusal:
    return refuse(
        "hash_seen_before",
        _("This hardware hash was reported before, for another key."),
        rule="BLD-6",
        facts=facts,
        next_step=_("Make the report on the PC itself; a copied hash is no report."),
        lifted_by=_("The MAR's compliance officer"),
    )


def _optional(info: Mapping[str, str]) -> dict[str, str]:
    # Microsoft refuses a whole key for an unknown name (code 08): only good fields are kept.
    bad = {error.field for error in check_optional_info(info)}
    return {name: text for name, text in info.items() if name in OPTIONAL_NAMES and name not in bad and text}


def _set_details(build: Build, raw: Mapping[str, str], facts: OhrFacts | None) -> None:
    if facts is not None:
        build.model_sku, build.screen_size, build.touch_screen = (
            facts.model_sku,
            facts.screen_size,
            facts.touch_screen,
        )
        build.form_factor, build.form_factor_detail = facts.form_factor_cl1, facts.form_factor_cl2
        return
    # Kept as far as known, so that nobody types a fact twice.
    build.model_sku = raw.get("model_sku", "")[:64]
    build.form_factor = raw.get("form_factor_cl1", "")[:64]
    build.form_factor_detail = raw.get("form_factor_cl2", "")[:64]
    build.screen_size = raw.get("screen_size", "")[:32]
    build.touch_screen = raw.get("touch_screen", "")[:32]


def _not_waiting(build: Build) -> Any:
    return refuse(
        "details_complete",
        _("This build has all its details."),
        rule="BLD-7",
        facts={_("State"): build.get_state_display()},
        next_step=_("Nothing to do."),
        lifted_by=_("–"),
    )


def _already_sent(build: Build) -> Any:
    return refuse(
        "already_sent",
        _("This build was already reported to Microsoft and cannot be taken back."),
        rule="BLD-8",
        facts={_("Sent"): build.sent_at.isoformat() if build.sent_at else ""},
        next_step=_("If the PC changed, ask the MAR for a return."),
        lifted_by=_("The MAR, by a return"),
    )


def _audit(action: str, build: Build, key: ProductKey, by: Actor, at: datetime) -> None:
    audit.record(
        action,
        by=by,
        at=at,
        object_type="build",
        object_id=build.id,
        partner_id=build.partner_id,
        facts={"key": key.product_key_id, "device": str(build.device_id), "state": build.state},
    )

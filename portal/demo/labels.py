"""Labels of the demo: two rolls received, three partners supplied, most PCs labelled, two labels spoiled."""

from datetime import datetime, timedelta

from core.tenancy import mar_scope, partner_scope
from licensing.models import Build, LabelUse
from licensing.services.labels import issue_labels, receive_labels, spoil_label, use_label
from portal.demo.history import Stage

ISSUED = (("TPR-0001", 1, 400), ("TPR-0002", 401, 600), ("TPR-0007", 601, 700))
LABELLED = 24


def label_pcs(stage: Stage, *, now: datetime) -> None:
    """Receive, issue and use labels by the real steps; the last PCs are still without one."""
    stock = stage.cast.staff("stefan")
    with mar_scope():
        for first, last, note in ((1, 1000, "Roll 2026-11"), (2001, 2500, "Roll 2026-12")):
            receive_labels(
                first=f"NLR{first:07d}", last=f"NLR{last:07d}", reference=note, by=stock,
                at=now - timedelta(days=40),
            )  # fmt: skip
        for code, first, last in ISSUED:
            issue_labels(
                stage.cast.partners[code].pk, first=f"NLR{first:07d}", last=f"NLR{last:07d}", by=stock,
                at=now - timedelta(days=35),
            )  # fmt: skip
    for code, first, _last in ISSUED[:2]:
        _use(stage, code, first, now)


def _use(stage: Stage, code: str, first: int, now: datetime) -> None:
    partner_id, by = stage.cast.partners[code].pk, stage.cast.owner(code)
    with partner_scope(partner_id):
        builds = Build.objects.filter(
            partner_id=partner_id,
            state="enabled",
            answered_at__gt=now - timedelta(days=30),
            ended_at__isnull=True,
        )
        devices = builds.order_by("-answered_at").values_list("device_id", "answered_at")
        for place, (device_id, at) in enumerate(list(devices[2 : LABELLED + 2])):
            use_label(partner_id, device_id=device_id, serial=f"NLR{first + place:07d}", by=by, at=at or now)
        worn = LabelUse.objects.filter(partner_id=partner_id).order_by("position").first()
        if worn is not None:
            spoil_label(
                partner_id, serial=worn.serial, reason="Torn when the lid was changed", by=by,
                at=now - timedelta(hours=30),
            )  # fmt: skip
        spoil_label(
            partner_id, serial=f"NLR{first + 60:07d}", reason="Misprinted on the roll", by=by,
            at=now - timedelta(days=3),
        )  # fmt: skip

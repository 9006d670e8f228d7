"""Raises of limits that two people have agreed on, so that a test may set a limit as it likes."""

from decimal import Decimal

from core.tenancy import acting_as, mar_scope
from licensing.models import LimitChange
from licensing.selectors.limits import limit_now
from partners.models import Partner
from tests.factories import AT, make_user


def agree_to_raise(partner: Partner, after: Decimal, kind: str = "credit") -> None:
    """Write the change by which a limit may be raised to a value; nothing for a lower one."""
    with mar_scope():
        before = limit_now(partner.pk, kind)
        if after <= before:
            return
        writer, approver = make_user(), make_user()
        with acting_as(writer.pk):
            change = LimitChange.objects.create(
                partner=partner, kind=kind, before=before, after=after, reason="A test", written_by=writer,
                written_at=AT,
            )  # fmt: skip
        change.approved_by, change.approved_at = approver, AT
        with acting_as(approver.pk):
            change.save(update_fields=["approved_by", "approved_at"])

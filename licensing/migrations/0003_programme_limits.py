"""The month's quota of Citizenship licences, as published for a refurbisher."""

from datetime import UTC, datetime

from django.db import migrations

BEGIN = datetime(2021, 7, 1, tzinfo=UTC)
LIMITS = (("citizenship.windows.month", 250), ("citizenship.office.month", 250))


def add(apps, _editor):
    rows = apps.get_model("licensing", "ProgrammeLimit")
    for code, amount in LIMITS:
        rows.objects.create(code=code, amount=amount, source="Programme guide, quota", valid_from=BEGIN)


class Migration(migrations.Migration):
    dependencies = [("licensing", "0002_quota")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]

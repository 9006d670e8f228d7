"""The first score model, in shadow until a person publishes another, the three tiers, and the ages of rule CMP-11."""

from datetime import UTC, datetime

from django.db import migrations

BEGIN = datetime(2021, 7, 1, tzinfo=UTC)
PARAMETERS = {
    "weights": {"reporting": 30, "hygiene": 25, "payment": 15, "training": 15, "evidence": 15},
    "window_days": 90,
    "age_days": [7, 30, 60],
    "least_areas": 3,
    "costs": {
        "reporting.late": {"cap": 30, "full": 500, "free": 20},
        "reporting.aged_1": {"points": 1, "cap": 20},
        "reporting.aged_2": {"points": 2, "cap": 30},
        "reporting.aged_3": {"points": 4, "cap": 40},
        "hygiene.denied": {"cap": 40, "full": 100, "free": 5},
        "hygiene.duplicates": {"points": 5, "cap": 20},
        "hygiene.revealed": {"cap": 20, "full": 800, "free": 200},
        "hygiene.returned": {"cap": 20, "full": 100, "free": 10},
        "payment.unpaid": {"cap": 100, "full": 1000, "free": 100},
        "training.missing": {"points": 50, "cap": 100},
        "evidence.missing": {"points": 40, "cap": 80},
        "evidence.expired": {"points": 20, "cap": 60},
        "evidence.recipients": {"points": 15, "cap": 60},
    },
    "wanted_papers": ["wiping_proof"],
    "minutes": {"report": 5, "return_denied": 30, "pay": 15, "train": 45, "renew": 60},
    "badges": {"high_volume_builds": 600, "api_share": 800, "api_builds": 20, "valid_days": 45},
}
TIERS = (
    ("starter", "Starter", 1, 0, 0,
     "Order from one licence up\nDelivered keys in seconds, every day of the week\nHelp by mail within two working days"),
    ("standard", "Standard", 2, 60, 70,
     "All of Starter\nHelp by telephone on working days\nA named contact at the MAR\nStatement in the format of your ERP"),
    ("volume", "Volume", 3, 600, 80,
     "All of Standard\nFirst in line when keys are scarce\nQuarterly review with the MAR\nOwn credit terms"),
)  # fmt: skip


def add(apps, _editor):
    apps.get_model("compliance", "ScoreModel").objects.create(
        version="2021-1", parameters=PARAMETERS, pass_mark=70, valid_from=BEGIN, is_shadow=True, proposed_by="Portal",
        proposed_by_id="system", proposed_at=BEGIN, published_by="First installation", published_by_id="installation",
        published_at=BEGIN, reason="The first model.",
    )  # fmt: skip
    tiers = apps.get_model("compliance", "Tier")
    for code, name, rank, least_builds, least_score, benefits in TIERS:
        tiers.objects.create(
            code=code, name=name, rank=rank, least_builds=least_builds, least_score=least_score, benefits=benefits
        )
    apps.get_model("compliance", "ReportingRule").objects.create(valid_from=BEGIN)


class Migration(migrations.Migration):
    dependencies = [("compliance", "0001_score")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]

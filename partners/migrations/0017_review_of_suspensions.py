from django.db import migrations, models

# Full suspensions of before hold on, and are looked at again within the same 30 days.
FILL = """
UPDATE partners_orderblock SET review_at = coalesce(confirmed_at, since) + interval '30 days'
WHERE is_suspension AND kind = 'all' AND until IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [("partners", "0016_bulk_invitations")]

    operations = [
        migrations.AddField(
            model_name="orderblock",
            name="review_at",
            field=models.DateTimeField(
                help_text="When a person says again whether it goes on.",
                null=True,
                verbose_name="looked at again",
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="orderblock",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("is_suspension", True), ("kind", "all"), _negated=True),
                    ("until__isnull", False),
                    ("review_at__isnull", False),
                    _connector="OR",
                ),
                name="block_full_has_an_end_or_review",
            ),
        ),
    ]

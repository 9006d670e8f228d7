from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Refuse answers and contacts in clear."""

    dependencies = [("partners", "0019_seal_personal_text")]

    operations = [
        migrations.AlterField(
            "applicationsection",
            "subject",
            models.UUIDField(
                editable=False, help_text="As the application's when the page was first saved."
            ),
        ),
        migrations.AddConstraint(
            "applicationsection",
            models.CheckConstraint(
                condition=Q(answers="") | Q(answers__startswith="s1."), name="answers_are_sealed"
            ),
        ),
        migrations.AddConstraint(
            "namedcontact",
            models.CheckConstraint(
                condition=(Q(name__in=["", "–"]) | Q(name__startswith="s1."))
                & (Q(email__in=["", "–"]) | Q(email__startswith="s1."))
                & (Q(phone__in=["", "–"]) | Q(phone__startswith="s1.")),
                name="contact_is_sealed",
            ),
        ),
    ]

from uuid import uuid4

from django.db import migrations, models


class Migration(migrations.Migration):
    """Give applications, papers and contacts a subject, and make room for ciphertext."""

    dependencies = [("partners", "0017_review_of_suspensions")]

    operations = [
        migrations.AddField(
            "application", "subject", models.UUIDField(default=uuid4, editable=False)
        ),
        migrations.AddField(
            "applicationsection",
            "subject",
            models.UUIDField(
                editable=False, null=True, help_text="As the application's when the page was first saved."
            ),
        ),
        migrations.AddField(
            "document",
            "subject",
            models.UUIDField(
                editable=False, null=True, help_text="Whose key seals the bytes; empty: stored as they are."
            ),
        ),
        migrations.AddField("namedcontact", "subject", models.UUIDField(default=uuid4, editable=False)),
        migrations.AddField(
            "namedcontact", "email_index", models.BinaryField(default=bytes, editable=False, max_length=32)
        ),
        migrations.AlterField(
            "applicationsection",
            "answers",
            models.TextField(blank=True, default=dict, verbose_name="answers"),
        ),
        migrations.AlterField("namedcontact", "name", models.TextField(verbose_name="name")),
        migrations.AlterField("namedcontact", "email", models.TextField(verbose_name="e-mail address")),
        migrations.AlterField(
            "namedcontact", "phone", models.TextField(blank=True, verbose_name="telephone")
        ),
        migrations.AddIndex(
            "namedcontact", models.Index(fields=["email_index"], name="contact_email_index")
        ),
    ]

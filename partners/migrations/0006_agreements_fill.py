from uuid import uuid4

from django.db import migrations


def put_versions_under_the_master(apps, schema_editor):
    """Make the master agreement of the versions there are, and move their texts out."""
    agreements = apps.get_model("partners", "Agreement")
    versions = apps.get_model("partners", "TermsVersion")
    texts = apps.get_model("partners", "TermsText")
    first = versions.objects.order_by("effective_from").first()
    if first is None:
        return
    master = agreements.objects.create(
        id=uuid4(), code="TPR", kind="master", title="TPR agreement", created_at=first.effective_from
    )
    for version in versions.objects.all():
        texts.objects.create(
            id=uuid4(), terms=version, language="en", summary=version.summary, text=version.text,
            sha256=version.text_sha256,
        )
        version.agreement, version.binding_language = master, "en"
        version.announced_at = version.effective_from
        version.save(update_fields=["agreement", "binding_language", "announced_at"])


class Migration(migrations.Migration):
    """Put the versions there are under the master agreement."""

    dependencies = [("partners", "0005_agreements_and_training")]

    operations = [migrations.RunPython(put_versions_under_the_master, migrations.RunPython.noop)]

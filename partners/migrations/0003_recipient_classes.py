"""The four classes of recipients as the programme publishes them; the MAR dates new rows when they change."""

from datetime import UTC, datetime

from django.db import migrations

BEGIN = datetime(2021, 7, 1, tzinfo=UTC)
CLASSES = (
    (
        "charity", "Charitable organisation",
        "A charity, association or foundation whose work serves the public, with a notice or register entry that says so.",
        ["windows"], ["charity_status"],
        "The tax office’s notice of exemption, or an extract of the charities’ register with the number visible.",
    ),
    (
        "academic", "School or place of learning",
        "A school, college, university, public library or museum, recognised by the state.",
        ["windows"], ["school_status"],
        "The school authority’s recognition, or the entry in the official list of schools.",
    ),
    (
        "specially_approved", "Specially approved recipient",
        "An organisation outside the other classes that Microsoft has approved by name.",
        ["windows"], ["mar_letter"],
        "Microsoft’s or the MAR’s letter with the name of the organisation and its date.",
    ),
    (
        "tap", "Technology Access Programme",
        "A programme that passes PCs on to people with limited access to technology, a disability or a low income. "
        "The portal keeps the programme and its criteria, never a person.",
        ["windows", "office"], ["programme_page", "programme_brochure", "programme_criteria"],
        "A picture of the programme’s web page, its brochure, or its blank application form with the criteria.",
    ),
)  # fmt: skip


def add(apps, _editor):
    rows = apps.get_model("partners", "RecipientClass")
    for code, name, description, products, evidence, example in CLASSES:
        rows.objects.create(
            code=code, name=name, description=description, products=products, evidence=evidence, example=example,
            terms_reference="AT 1836", valid_from=BEGIN,
        )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("partners", "0002_recipients")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]

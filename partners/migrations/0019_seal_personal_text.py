import base64
from uuid import uuid4

from django.db import migrations

from core.keyring import seal
from core.sealed import found_by


def _sealed(text, subject, identity):
    if not text or text == "–":
        return text
    bits = seal(text.encode(), subject=subject, identity=identity)
    return f"s1.{subject.hex}.{base64.b64encode(bits).decode()}"


def seal_what_stands(apps, schema_editor):
    """Put every answer and every named contact under a key of its own subject."""
    applications = apps.get_model("partners", "Application").objects
    sections = apps.get_model("partners", "ApplicationSection").objects
    for pk in applications.values_list("pk", flat=True):
        subject = uuid4()  # the column's default gave all old rows the same one
        applications.filter(pk=pk).update(subject=subject)
        for section in sections.filter(application_id=pk):
            answers = "" if section.answers in ("", "{}") else section.answers
            answers = _sealed(answers, subject, "partners_applicationsection.answers")
            sections.filter(pk=section.pk).update(subject=subject, answers=answers)
    contacts = apps.get_model("partners", "NamedContact").objects
    for contact in contacts.all():
        subject = uuid4()
        said = {
            name: _sealed(getattr(contact, name), subject, f"partners_namedcontact.{name}")
            for name in ("name", "email", "phone")
        }
        index = found_by(contact.email)
        contacts.filter(pk=contact.pk).update(subject=subject, email_index=index, **said)


class Migration(migrations.Migration):
    """Seal the personal text there is."""

    dependencies = [("partners", "0018_personal_keys")]

    operations = [migrations.RunPython(seal_what_stands, migrations.RunPython.noop)]

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Take the texts out of the versions: they stand in a table of their own."""

    dependencies = [
        ('partners', '0006_agreements_fill'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='termsversion',
            name='summary',
        ),
        migrations.RemoveField(
            model_name='termsversion',
            name='text',
        ),
        migrations.RemoveField(
            model_name='termsversion',
            name='text_sha256',
        ),
        migrations.AlterField(
            model_name='termsversion',
            name='announced_at',
            field=models.DateTimeField(verbose_name='announced'),
        ),
        migrations.AlterField(
            model_name='termsversion',
            name='binding_language',
            field=models.CharField(help_text='The text in this language counts.', max_length=5, verbose_name='binding language'),
        ),
        migrations.AlterField(
            model_name='termsversion',
            name='version',
            field=models.CharField(max_length=20, verbose_name='version'),
        ),
        migrations.AlterField(
            model_name='termsversion',
            name='agreement',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='partners.agreement'),
        ),
        migrations.AddConstraint(
            model_name='termsversion',
            constraint=models.UniqueConstraint(fields=('agreement', 'version'), name='terms_version_once'),
        ),
        migrations.AddConstraint(
            model_name='termsversion',
            constraint=models.UniqueConstraint(fields=('agreement', 'effective_from'), name='terms_begin_once'),
        ),
        migrations.AddConstraint(
            model_name='termsversion',
            constraint=models.CheckConstraint(condition=models.Q(('due_from__gte', models.F('effective_from')), ('effective_from__gte', models.F('announced_at'))), name='terms_dates_in_order'),
        ),
    ]

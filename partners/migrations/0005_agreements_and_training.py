import uuid

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Add agreements, texts per language, courses and reminders."""

    dependencies = [
        ('partners', '0004_standing'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Course',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('code', models.SlugField(max_length=40, unique=True, verbose_name='code')),
                ('title', models.CharField(max_length=120, verbose_name='title')),
                ('is_required', models.BooleanField(default=True, verbose_name='required')),
                ('required_from', models.DateTimeField(verbose_name='required from')),
                ('pass_mark', models.PositiveSmallIntegerField(help_text='Percent of the questions.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)], verbose_name='pass mark')),
                ('valid_months', models.PositiveSmallIntegerField(verbose_name='months a pass is valid')),
                ('created_at', models.DateTimeField(verbose_name='created')),
            ],
            options={
                'ordering': ('title',),
            },
        ),
        migrations.CreateModel(
            name='CourseVersion',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveSmallIntegerField(verbose_name='number')),
                ('texts', models.JSONField(verbose_name='texts')),
                ('published_at', models.DateTimeField(verbose_name='published')),
                ('published_by', models.CharField(max_length=200, verbose_name='published by')),
            ],
            options={
                'ordering': ('-number',),
            },
        ),
        migrations.CreateModel(
            name='Reminder',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('subject', models.CharField(help_text='terms or training.', max_length=20, verbose_name='subject')),
                ('object_id', models.UUIDField(verbose_name='object')),
                ('days_before', models.PositiveSmallIntegerField(verbose_name='days before')),
                ('sent_at', models.DateTimeField(verbose_name='sent')),
            ],
        ),
        migrations.CreateModel(
            name='TermsText',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('language', models.CharField(max_length=5, verbose_name='language')),
                ('summary', models.TextField(verbose_name='in plain words')),
                ('text', models.TextField(verbose_name='text')),
                ('sha256', models.CharField(max_length=64, verbose_name='text hash')),
            ],
        ),
        migrations.CreateModel(
            name='TrainingAttempt',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('language', models.CharField(max_length=5, verbose_name='language')),
                ('seed', models.PositiveIntegerField(verbose_name='seed')),
                ('pass_mark', models.PositiveSmallIntegerField(help_text='Percent, as it was then.', verbose_name='pass mark')),
                ('started_at', models.DateTimeField(verbose_name='started')),
                ('submitted_at', models.DateTimeField(null=True, verbose_name='handed in')),
                ('answers', models.JSONField(null=True, verbose_name='answers')),
                ('score', models.PositiveSmallIntegerField(help_text='Percent.', null=True, verbose_name='score')),
                ('is_passed', models.BooleanField(null=True, verbose_name='passed')),
                ('expires_on', models.DateField(help_text="Exclusive: the first day in the MAR's zone without it.", null=True, verbose_name='valid until')),
            ],
            options={
                'ordering': ('-started_at',),
            },
        ),
        migrations.AddField(
            model_name='mar',
            name='notice_days',
            field=models.PositiveSmallIntegerField(default=30, help_text='Days between announcement and entry into force.', verbose_name='notice of new terms'),
        ),
        migrations.AddField(
            model_name='termsacceptance',
            name='language',
            field=models.CharField(blank=True, max_length=5, verbose_name='language read'),
        ),
        migrations.AddField(
            model_name='termsversion',
            name='announced_at',
            field=models.DateTimeField(null=True, verbose_name='announced'),
        ),
        migrations.AddField(
            model_name='termsversion',
            name='binding_language',
            field=models.CharField(null=True, help_text='The text in this language counts.', max_length=5, verbose_name='binding language'),
        ),
        migrations.AddField(
            model_name='termsversion',
            name='notice_waiver',
            field=models.CharField(blank=True, help_text='Empty: full notice.', max_length=200, verbose_name='why the notice is shorter'),
        ),
        migrations.AddField(
            model_name='termsversion',
            name='published_by',
            field=models.CharField(blank=True, max_length=200, verbose_name='published by'),
        ),
        migrations.CreateModel(
            name='Agreement',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(help_text='Like TPR or WIN-COM.', max_length=20, unique=True, verbose_name='code')),
                ('kind', models.CharField(choices=[('master', 'Master agreement'), ('schedule', 'Product schedule'), ('additional', 'Additional terms')], max_length=10, verbose_name='kind')),
                ('title', models.CharField(max_length=120, verbose_name='title')),
                ('families', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=12), default=list, size=None, verbose_name='licence families')),
                ('products', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=30), default=list, size=None, verbose_name='product codes')),
                ('created_at', models.DateTimeField(verbose_name='created')),
            ],
            options={
                'ordering': ('code',),
                'constraints': [models.UniqueConstraint(condition=models.Q(('kind', 'master')), fields=('kind',), name='one_master_agreement'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'master'), _negated=True), models.Q(('families', []), ('products', [])), _connector='OR'), name='master_covers_everything')],
            },
        ),
        migrations.AddField(
            model_name='termsversion',
            name='agreement',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='partners.agreement'),
        ),
        migrations.AddConstraint(
            model_name='course',
            constraint=models.CheckConstraint(condition=models.Q(('pass_mark__range', (1, 100))), name='pass_mark_is_percent'),
        ),
        migrations.AddConstraint(
            model_name='course',
            constraint=models.CheckConstraint(condition=models.Q(('valid_months__range', (1, 60))), name='pass_ends'),
        ),
        migrations.AddField(
            model_name='courseversion',
            name='course',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='partners.course'),
        ),
        migrations.AddField(
            model_name='reminder',
            name='partner',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='partners.partner'),
        ),
        migrations.AddField(
            model_name='termstext',
            name='terms',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='texts', to='partners.termsversion'),
        ),
        migrations.AddField(
            model_name='trainingattempt',
            name='course',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='attempts', to='partners.course'),
        ),
        migrations.AddField(
            model_name='trainingattempt',
            name='partner',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='training_attempts', to='partners.partner'),
        ),
        migrations.AddField(
            model_name='trainingattempt',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='trainingattempt',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='attempts', to='partners.courseversion'),
        ),
        migrations.AddConstraint(
            model_name='courseversion',
            constraint=models.UniqueConstraint(fields=('course', 'number'), name='course_version_once'),
        ),
        migrations.AddConstraint(
            model_name='reminder',
            constraint=models.UniqueConstraint(fields=('partner', 'subject', 'object_id', 'days_before'), name='reminded_once'),
        ),
        migrations.AddConstraint(
            model_name='termstext',
            constraint=models.UniqueConstraint(fields=('terms', 'language'), name='terms_text_once'),
        ),
        migrations.AddIndex(
            model_name='trainingattempt',
            index=models.Index(condition=models.Q(('is_passed', True)), fields=['partner', 'course', 'expires_on'], name='training_passes'),
        ),
        migrations.AddIndex(
            model_name='trainingattempt',
            index=models.Index(fields=['partner', 'user', 'course', 'started_at'], name='training_person'),
        ),
        migrations.AddConstraint(
            model_name='trainingattempt',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answers__isnull', True), ('is_passed__isnull', True), ('score__isnull', True), ('submitted_at__isnull', True)), models.Q(('answers__isnull', False), ('is_passed__isnull', False), ('score__isnull', False), ('submitted_at__isnull', False)), _connector='OR'), name='attempt_graded_as_a_whole'),
        ),
        migrations.AddConstraint(
            model_name='trainingattempt',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('expires_on__isnull', False), ('is_passed', True)), models.Q(('expires_on__isnull', True), ('is_passed', False)), models.Q(('expires_on__isnull', True), ('is_passed__isnull', True)), _connector='OR'), name='a_pass_has_its_end'),
        ),
    ]

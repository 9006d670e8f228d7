"""The Celery application: tasks are found in every installed app's tasks.py."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.production")
app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect  # type: ignore[untyped-decorator]
def check_role(**_kwargs: Any) -> None:
    """Refuse to work with a database role that row-level security does not hold."""
    from portal.startup import refuse_unsafe_role

    refuse_unsafe_role()

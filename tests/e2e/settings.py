"""Settings of the browser tests: those of `bin/portal`, with a quicker beat.

Static files get their hashed names but are not compressed, which would take most of the start.
"""

from datetime import timedelta

from portal.settings.local import *  # noqa: F403
from portal.settings.local import CELERY_BEAT_SCHEDULE as _BEAT
from portal.settings.local import STORAGES as _STORAGES

STORAGES = _STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
}
APPLICATION_PAPERS_PER_HOUR = 10_000
APPLICATION_STARTS_PER_HOUR = 100  # all applicants of these tests come from one address
_SECONDS = {"relay-outbox": 2, "seal-chains": 3, "exchange-cbrs": 2}
CELERY_BEAT_SCHEDULE = {
    name: entry | ({"schedule": timedelta(seconds=_SECONDS[name])} if name in _SECONDS else {})
    for name, entry in _BEAT.items()
}

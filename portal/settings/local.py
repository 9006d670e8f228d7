"""Settings of `bin/portal`: a full portal on one machine, with the demo's comforts."""

from portal.settings.base import *  # noqa: F403
from portal.settings.base import STORAGES, VAR_DIR

ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = ["http://localhost", "http://127.0.0.1"]
ENVIRONMENT_NAME = "local"
DEMO_ENABLED = True
EXCHANGE_CONNECTOR = "simulator"

# Hashed names, no compression: collecting takes seconds instead of minutes, and one machine needs no less.
STORAGES = STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
}

EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = VAR_DIR / "mail"

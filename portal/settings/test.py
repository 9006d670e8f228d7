"""Settings of `bin/test`: real Postgres and Valkey, quick password hashing, mails in memory."""

from portal.settings.base import *  # noqa: F403
from portal.settings.base import BASE_DIR, VAR_DIR

ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
ENVIRONMENT_NAME = "local"
DEMO_ENABLED = True
EXCHANGE_CONNECTOR = "simulator"
SIMULATOR_DELAY_SECONDS = 0
APPLICATION_PAPERS_PER_HOUR = 100_000  # all tests come from one address, and the cache outlives them

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Served as they lie in the checkout: no collecting before a test.
STATIC_ROOT = BASE_DIR / "static"
STATICFILES_DIRS = []

EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": VAR_DIR / "files"},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

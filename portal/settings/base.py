"""Settings common to every way of running the portal."""

import os
from datetime import timedelta
from pathlib import Path

import dj_database_url
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from portal.settings.environment import (
    address,
    broker_urls,
    derived,
    hmac_blocks,
    https_address,
    optional_secret,
    required,
    required_factors,
    required_secret,
    text,
    words,
)

BASE_DIR = Path(__file__).resolve().parents[2]
VAR_DIR = Path(os.environ.get("PORTAL_VAR", BASE_DIR / "var"))

DEBUG = False
SECRET_KEY = required("PORTAL_SECRET_KEY")
SECRET_KEY_FALLBACKS = words("PORTAL_SECRET_KEY_FALLBACKS")
METRICS_TOKEN = text("PORTAL_METRICS_TOKEN")  # empty: /metrics does not exist
BASE_URL = os.environ.get("PORTAL_BASE_URL", "http://localhost:8000")
ALLOWED_HOSTS = words("PORTAL_ALLOWED_HOSTS")

# Key custody. The master key wraps each batch's data key; neither stands in the database.
MASTER_KEY_ID = os.environ.get("PORTAL_MASTER_KEY_ID", "k1")
MASTER_KEY = required_secret("PORTAL_MASTER_KEY")
BLIND_INDEX_KEY = required_secret("PORTAL_BLIND_INDEX_KEY")
SEAL_KEY = required_secret("PORTAL_SEAL_KEY")
# Makes the marks by which the database knows a decoy key. It comes with each connection and is stored nowhere.
DECOY_KEY = optional_secret("PORTAL_DECOY_KEY") or derived(BLIND_INDEX_KEY, "decoys")
# Signs the daily checkpoint (Ed25519). Without one of its own it follows from the seal key.
CHECKPOINT_KEY = optional_secret("PORTAL_CHECKPOINT_KEY") or derived(SEAL_KEY, "checkpoint")
CHECKPOINT_FOLDER = text("PORTAL_CHECKPOINT_FOLDER")
CHECKPOINT_MAIL = words("PORTAL_CHECKPOINT_MAIL")
CHECKPOINT_HOOK = https_address("PORTAL_CHECKPOINT_HOOK")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "django_structlog",
    "csp",
    "portal",
    "core",
    "partners",
    "licensing",
    "compliance",
    "reporting",
]

# How many proxies of ours stand in front; each appends the address it saw to X-Forwarded-For.
TRUSTED_PROXY_COUNT = int(os.environ.get("PORTAL_TRUSTED_PROXIES", "0"))

MIDDLEWARE = [
    "portal.key_guard.KeyInHeaderMiddleware",
    "portal.middleware.ClientAddressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.middleware.SessionAgeMiddleware",
    "portal.middleware.TenantMiddleware",
    "portal.middleware.SecondFactorMiddleware",
    "portal.view_as.ViewAsMiddleware",
    "portal.key_guard.KeyInFieldMiddleware",
    "portal.middleware.OpenedByHandMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
FORM_RENDERER = "portal.forms.PortalFormRenderer"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.portal",
            ],
        },
    },
]

# Two database identities: the owner changes the schema, the application does everything else
# and is held by row-level security. manage.py chooses.
if os.environ.get("PORTAL_DATABASE_IDENTITY") == "owner":
    _database_url = address("DATABASE_OWNER_URL", login="PORTAL_OWNER_PASSWORD")
else:
    _database_url = address("DATABASE_URL", login="PORTAL_APP_PASSWORD")
DATABASES = {"default": dj_database_url.parse(_database_url, conn_max_age=300)}
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"].setdefault("OPTIONS", {})["application_name"] = "portal"
DATABASES["default"]["OPTIONS"]["options"] = f"-c app.decoy_key={hmac_blocks(DECOY_KEY)}"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "core.User"

CELERY_BROKER_URL, _cache_url = broker_urls(address("REDIS_URL", login="REDIS_PASSWORD"))
CACHES = {
    "default": {
        "BACKEND": "portal.cache.SturdyRedisCache",
        "LOCATION": _cache_url,
        "KEY_PREFIX": "portal",
        "OPTIONS": {"socket_timeout": 2},
    }
}

# Work is a row in core_outbox; the broker only carries a nudge and may lose everything.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 570
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 1800, "unacked_restore_throttle": 1}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE = {
    "relay-outbox": {"task": "core.relay_outbox", "schedule": timedelta(seconds=10)},
    "seal-chains": {"task": "core.seal_chains", "schedule": timedelta(seconds=15)},
    "exchange-cbrs": {"task": "licensing.exchange_cbrs", "schedule": timedelta(seconds=30)},
    "complete-orders": {"task": "licensing.complete_orders", "schedule": timedelta(minutes=1)},
    "sweep-orders": {"task": "licensing.sweep_orders", "schedule": timedelta(minutes=1)},
    "tidy-pools": {"task": "licensing.tidy_pools", "schedule": timedelta(minutes=1)},
    "run-standing-orders": {"task": "licensing.run_standing_orders", "schedule": timedelta(minutes=1)},
    "watch-standing": {"task": "compliance.watch_standing", "schedule": timedelta(hours=1)},
    "take-scores": {"task": "compliance.take_scores", "schedule": timedelta(hours=6)},
    "reconcile-reports": {"task": "reporting.reconcile_months", "schedule": timedelta(hours=1)},
    "remind-of-rules": {"task": "partners.send_due_reminders", "schedule": timedelta(hours=1)},
    "end-accesses": {"task": "compliance.end_accesses", "schedule": timedelta(minutes=5)},
    "remind-of-expiry": {"task": "partners.remind_of_expiry", "schedule": timedelta(hours=6)},
    "expire-recipients": {"task": "partners.expire_recipients", "schedule": timedelta(hours=1)},
    "care-for-drafts": {"task": "partners.care_for_drafts", "schedule": timedelta(days=1)},
    "make-checkpoint": {"task": "reporting.make_checkpoint", "schedule": timedelta(hours=1)},
    "clear-bulk-files": {"task": "licensing.clear_bulk_files", "schedule": timedelta(minutes=5)},
    "sweep-jobs": {"task": "licensing.sweep_imports", "schedule": timedelta(minutes=5)},
    "watch-stock": {"task": "licensing.watch_stock", "schedule": timedelta(minutes=5)},
    "count-stock-use": {"task": "licensing.count_stock_use", "schedule": timedelta(hours=1)},
}

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "after-sign-in"
ACCOUNT_ADAPTER = "portal.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
# Guessing is slowed by portal/sign_in_throttle.py; allauth's own count of failures would lock people out.
ACCOUNT_RATE_LIMITS = {"login_failed": None, "login": "60/m/ip"}
MFA_RATE_LIMITS = {"webauthn_login": "60/m/ip"}
ACCOUNT_EMAIL_NOTIFICATIONS = False
MFA_ADAPTER = "portal.accounts.MFAAdapter"
MFA_SUPPORTED_TYPES = ["webauthn", "totp", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_FORMS = {
    "authenticate": "portal.web.account.forms.SecondStepForm",
    "reauthenticate": "portal.web.account.forms.ConfirmForm",
    "authenticate_webauthn": "portal.web.account.forms.SecondStepPasskeyForm",
    "add_webauthn": "portal.web.account.forms.AddPasskeyForm",
}
MFA_TOTP_ISSUER = "Refurb Licence Portal"
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODES_SHOW_ONCE = True

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_IDLE_SECONDS = 30 * 60
# For roles that may look at keys.
SESSION_IDLE_SECONDS_WITH_KEYS = 15 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "portal.errors.csrf_failure"
STEP_UP_SECONDS = 300
# Which kind of second factor a role needs: the first fitting line decides, any kind without one.
REQUIRED_FACTORS = required_factors("PORTAL_REQUIRED_FACTORS", default="")

LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", _("English")),
    ("de", _("German")),
    ("fr", _("French")),
    ("nl", _("Dutch")),
    ("pl", _("Polish")),
]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": VAR_DIR / "files", "file_permissions_mode": 0o600},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Data keys of persons and applicants, and the list of who was erased: outside the database, and backed up
# by their own rules (docs/how-to/back-up-and-restore.md).
KEYRING_DIR = Path(os.environ.get("PORTAL_KEYRING_DIR", VAR_DIR / "keyring"))
ERASURES_DIR = Path(os.environ.get("PORTAL_ERASURES_DIR", VAR_DIR / "erasures"))
FONTS_DIR = BASE_DIR / "static" / "vendor"

# Uploads: spooled files never touch the disk in clear for key material (portal/uploads.py).
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 500
FILE_UPLOAD_HANDLERS = ["portal.uploads.CappedMemoryUploadHandler"]

DEFAULT_FROM_EMAIL = os.environ.get("PORTAL_FROM_EMAIL", "portal@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    },
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["portal.api.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["portal.api.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_VERSIONING_CLASS": None,
    "EXCEPTION_HANDLER": "portal.api.problem.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Refurb Licence Portal API",
    "DESCRIPTION": "Order digital Windows licences, take one key for one device, report builds.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "ENUM_NAME_OVERRIDES": {
        "StandingStateEnum": "licensing.models.standing_order.StandingState",
        "OrderStateEnum": "licensing.models.order.OrderState",
        "BuildStateEnum": "licensing.models.build.BuildState",
        "RecipientStateEnum": "partners.models.recipients.RecipientState",
        "RecipientSizeEnum": "partners.models.recipients.Recipient.Size",
        "LaneEnum": "licensing.models.order.Lane",
        "ReturnStateEnum": "licensing.models.partner_return.ReturnState",
        "ReturnKindEnum": "licensing.models.partner_return.PartnerReturn.Kind",
    },
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# First-come protection of a recipient ends after so many days without an order for him.
RECIPIENT_PROTECTION_DAYS = int(os.environ.get("PORTAL_RECIPIENT_PROTECTION_DAYS", "365"))

# Exchange with Microsoft: "file" (outbox and inbox) or "simulator". There is no live link.
EXCHANGE_CONNECTOR = os.environ.get("PORTAL_EXCHANGE_CONNECTOR", "file")
EXCHANGE_BATCH_SIZE = 5000
EXCHANGE_DIR = Path(os.environ.get("PORTAL_EXCHANGE_DIR", VAR_DIR / "exchange"))
SIMULATOR_DELAY_SECONDS = int(os.environ.get("PORTAL_SIMULATOR_DELAY_SECONDS", "5"))

# Automatic checks of applicants. Nothing leaves this machine unless it is switched on here.
APPLICATION_STARTS_PER_HOUR = 5  # from one network
APPLICATION_PAPERS_PER_HOUR = 60  # from one network
VAT_PROVIDER = os.environ.get("PORTAL_VAT_PROVIDER", "offline")  # offline, vies_rest or vies_soap
VIES_URL = os.environ.get("PORTAL_VIES_URL", "")
CHECK_WEBSITES = os.environ.get("PORTAL_CHECK_WEBSITES", "false").lower() == "true"
CHECK_MAIL_DNS = os.environ.get("PORTAL_CHECK_MAIL_DNS", "false").lower() == "true"
SANCTIONS_THRESHOLD = int(os.environ.get("PORTAL_SANCTIONS_THRESHOLD", "85"))  # likeness from 0 to 100
DUPLICATE_THRESHOLD = int(os.environ.get("PORTAL_DUPLICATE_THRESHOLD", "85"))
SANCTIONS_LIST_MAX_AGE_DAYS = 14

DEMO_ENABLED = False
ENVIRONMENT_NAME = "production"

LOGGING_CONFIG = None
from portal.logs import configure as _configure_logging  # noqa: E402  (after the settings it reads nothing from)

_configure_logging()

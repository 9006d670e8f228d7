"""Settings of a portal that partners use: https only, no demo."""

import os

from portal.settings.base import *  # noqa: F403
from portal.settings.environment import flag, required, required_factors, text, words

ALLOWED_HOSTS = words("PORTAL_ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS]

SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
REQUIRED_FACTORS = required_factors(
    "PORTAL_REQUIRED_FACTORS", default="mar_*=passkey,compliance=passkey,auditor=passkey"
)
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-sessionid"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrftoken"

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = required("PORTAL_EMAIL_HOST")
EMAIL_PORT = int(os.environ.get("PORTAL_EMAIL_PORT", "587"))
EMAIL_HOST_USER = os.environ.get("PORTAL_EMAIL_USER", "")
EMAIL_HOST_PASSWORD = text("PORTAL_EMAIL_PASSWORD")
EMAIL_USE_TLS = flag("PORTAL_EMAIL_TLS", default=True)
EMAIL_TIMEOUT = 20

# The shipped proxy stands in front; set the number of yours.
TRUSTED_PROXY_COUNT = int(os.environ.get("PORTAL_TRUSTED_PROXIES", "1"))

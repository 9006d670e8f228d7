"""The way in for an asynchronous web server; the product itself is served by WSGI."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.production")
application = get_asgi_application()

from portal.startup import refuse_unsafe_role  # noqa: E402  (needs the settings)

refuse_unsafe_role()

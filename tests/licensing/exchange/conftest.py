"""Let messages be read even when these tests run without the project's settings: the exchange needs none."""

import os

from django.conf import settings

if not settings.configured and "DJANGO_SETTINGS_MODULE" not in os.environ:
    settings.configure(USE_I18N=False)

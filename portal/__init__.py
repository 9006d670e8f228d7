"""The site: the only package that speaks HTTP and the only one that knows settings modules."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]

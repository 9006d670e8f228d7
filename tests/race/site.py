"""The site as it is served, warmed up before the workers are forked: a test does not wait for imports."""

from django.db import connection

from portal.wsgi import application

__all__ = ["application"]


def _warm_up() -> None:
    from django.test import Client

    Client().get("/api/v1/me", headers={"Host": "localhost"})
    connection.close()  # two workers must never share one


_warm_up()

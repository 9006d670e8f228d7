"""Refuse to serve in a state that would be unsafe."""

from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from core.checks import role_problems


def refuse_unsafe_role() -> None:
    """Raise when the site would run as a superuser, past row-level security, or as the tables' owner.

    Called once by each web and worker process. A database that does not answer is no reason to refuse:
    /health/ready says so, and the site comes up when the database does.

    :raises ImproperlyConfigured: naming what is wrong with DATABASE_URL.
    """
    try:
        problems = [
            problem for problem in role_problems() if not problem.startswith("The database does not answer")
        ]
    finally:
        # Workers may be forked from here: two that share a connection read each other's answers.
        connection.close()
    if problems:
        raise ImproperlyConfigured(" ".join(problems))

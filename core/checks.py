"""Refuse to start in a state that would be unsafe."""

import os
from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import OperationalError, connection

from core.database.access import MAR_ROLE, TPR_ROLE
from core.database.apply import access_of


@register()
def every_model_declares_access(**_kwargs: Any) -> list[CheckMessage]:
    """Fail for a table without declared access: it would be open or closed by accident."""
    return [
        Error(
            f"{model._meta.label} declares no database access.",
            hint="Set `access` on the model.",
            id="core.E001",
        )
        for model in apps.get_models()
        if model._meta.managed and access_of(model) is None
    ]


@register(Tags.database)
def application_role_is_harmless(
    *, databases: Sequence[str] | None = None, **_kwargs: Any
) -> list[CheckMessage]:
    """Fail when the site would run as a role that row-level security does not hold."""
    if not databases or os.environ.get("PORTAL_DATABASE_IDENTITY") == "owner":
        return []
    return [Error(problem, id="core.E002") for problem in role_problems()]


def role_problems() -> list[str]:
    """Return what is wrong with the connected role, in words."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                f"""SELECT r.rolname, r.rolsuper, r.rolbypassrls, EXISTS (SELECT 1 FROM pg_class c
                  WHERE pg_has_role(r.oid, c.relowner, 'MEMBER') AND c.relkind = 'r'
                    AND c.relnamespace = 'public'::regnamespace),
                  EXISTS (SELECT 1 FROM pg_roles g
                    WHERE g.rolname IN ('{TPR_ROLE}', '{MAR_ROLE}') AND pg_has_role(r.oid, g.oid, 'USAGE'))
                FROM pg_roles r WHERE r.rolname = session_user"""
            )
            name, is_super, bypasses, owns, inherits = cursor.fetchone()
    except OperationalError as error:
        return [f"The database does not answer: {str(error).strip().splitlines()[0]}"]
    problems = []
    if is_super:
        problems.append(f"The portal may not run as the superuser {name}.")
    if bypasses:
        problems.append(f"The role {name} bypasses row-level security.")
    if owns:
        problems.append(f"The role {name} owns tables; give the portal its own login role in DATABASE_URL.")
    if inherits and not is_super:
        problems.append(
            f"The role {name} inherits the rights of {TPR_ROLE} or {MAR_ROLE}: a query outside every scope "
            f"would see all partners. Run ALTER ROLE {name} NOINHERIT, then migrate."
        )
    return problems

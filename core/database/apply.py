"""Turn the declared access rules into SQL, as the schema's owner, after every migration.

Running it again changes nothing: each table's rights are revoked and granted in one transaction.
"""

from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.models import Model

from core.database.access import (
    ALLOCATOR_ROLE,
    APP_ROLE,
    MAR_ROLE,
    REQUEST_ROLES,
    THIRD_PARTY,
    TPR_ROLE,
    Access,
    Right,
)

GROUP_ROLES = (TPR_ROLE, MAR_ROLE, ALLOCATOR_ROLE)

APPEND_ONLY_FUNCTION = """
CREATE OR REPLACE FUNCTION core_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'table % is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$
"""


def access_of(model: type[Model]) -> Access | None:
    """Return the model's declared access, None when it declares none."""
    declared = getattr(model, "access", None) or THIRD_PARTY.get(model._meta.app_label)
    return declared if isinstance(declared, Access) else None


def apply_access(using: str = DEFAULT_DB_ALIAS, **_kwargs: Any) -> None:
    """Create the roles and give every table its declared rights."""
    connection = connections[using]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('core.apply_access'))")
        existing = set(connection.introspection.table_names(cursor))
        for statement in role_statements():
            cursor.execute(statement)
        for model in apps.get_models():
            access = access_of(model)
            if access is not None and model._meta.managed and model._meta.db_table in existing:
                for statement in table_statements(model._meta.db_table, access):
                    cursor.execute(statement)
        for app_config in apps.get_app_configs():
            for statement in getattr(app_config, "database_guards", list)():
                cursor.execute(statement)


def role_statements() -> list[str]:
    """Return the SQL that makes the NOLOGIN roles and lets the login role switch to them."""
    create = [
        f"""DO $$ BEGIN CREATE ROLE {role} NOLOGIN NOINHERIT NOBYPASSRLS;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"""
        for role in GROUP_ROLES
    ]
    member = [f"GRANT {role} TO {APP_ROLE}" for role in (TPR_ROLE, MAR_ROLE)]
    owner = [f"GRANT {ALLOCATOR_ROLE} TO CURRENT_USER"]
    schema = [f"GRANT USAGE ON SCHEMA public TO {role}" for role in (*REQUEST_ROLES, ALLOCATOR_ROLE)]
    schema += [
        f"GRANT CREATE ON SCHEMA public TO {ALLOCATOR_ROLE}",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    ]
    # The sealer and the import copy rows into temporary tables: COPY into a secured table is refused.
    temporary = [
        f"""DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO {MAR_ROLE}', current_database()); END $$"""
    ]
    bookkeeping = [f"GRANT SELECT ON django_migrations TO {role}" for role in REQUEST_ROLES]
    return [*create, *member, *owner, *schema, *temporary, *bookkeeping, APPEND_ONLY_FUNCTION]


def table_statements(table: str, access: Access) -> list[str]:
    """Return the SQL that gives one table its rights, policies and append-only guard."""
    statements = [f'REVOKE ALL ON "{table}" FROM {role}' for role in REQUEST_ROLES]
    for role, right in access.rights.items():
        statements += _grants(table, role, right)
    statements += _policies(table, access)
    statements += _append_only(table, access.is_append_only)
    return statements


def _grants(table: str, role: str, right: Right) -> list[str]:
    narrowed = {"UPDATE": right.update_columns, "SELECT": right.select_columns}
    granted = []
    for verb in right.verbs.split(", "):
        columns = ", ".join(f'"{column}"' for column in narrowed.get(verb, ()))
        granted.append(f"{verb} ({columns})" if columns else verb)
    return [f'GRANT {", ".join(granted)} ON "{table}" TO {role}']


def _policies(table: str, access: Access) -> list[str]:
    names = ["owner_all", *(f"{role}_rows" for role in (*REQUEST_ROLES, ALLOCATOR_ROLE))]
    drops = [f'DROP POLICY IF EXISTS {name} ON "{table}"' for name in names]
    if not access.is_row_secured:
        return [*drops, f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY']
    secured = [
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY',
        f'CREATE POLICY owner_all ON "{table}" TO CURRENT_USER USING (true) WITH CHECK (true)',
    ]
    for role, right in access.rights.items():
        secured.append(
            f'CREATE POLICY {role}_rows ON "{table}" TO {role} USING ({right.rows})'
            f" WITH CHECK ({right.written or right.rows})"
        )
    return [*drops, *secured]


def _append_only(table: str, is_append_only: bool) -> list[str]:
    statements = [
        f'DROP TRIGGER IF EXISTS append_only_rows ON "{table}"',
        f'DROP TRIGGER IF EXISTS append_only_table ON "{table}"',
    ]
    if is_append_only:
        statements += [
            f"""CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON "{table}"
            FOR EACH ROW EXECUTE FUNCTION core_refuse_change()""",
            f"""CREATE TRIGGER append_only_table BEFORE TRUNCATE ON "{table}"
            FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change()""",
        ]
    return statements

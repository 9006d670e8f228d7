#!/usr/bin/env python
"""Run a management command, as the database owner where the schema changes and as the application elsewhere."""

import os
import sys

# Only these need the owner's rights; everything else runs under row-level security like the site itself.
OWNER_COMMANDS = {"migrate", "sqlmigrate", "showmigrations", "optimizemigration"}


def main() -> None:
    """Hand the command line to Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.local")
    if len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS:
        os.environ["PORTAL_DATABASE_IDENTITY"] = "owner"
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

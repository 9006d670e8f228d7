"""Run by the process tests, in a process of its own: start children, say who they are, then wait.

usage: trees.py BIN_DIR LOG_DIR SHELL_COMMAND…
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, sys.argv[1])

from launcher import command, identity
from launcher.processes import Children, Command


def body(children: Children) -> int:
    for number, script in enumerate(sys.argv[3:]):
        child = children.start(
            Command(
                name=f"tree{number}",
                argv=["sh", "-c", script],
                env={"PATH": "/usr/bin:/bin"},
                grace=1.0,
                identity=identity.caller(),
                cwd=Path("/"),
                log=Path(sys.argv[2]) / f"tree{number}.log",
            )
        )
        print(child.group, flush=True)
    known = 0
    while True:
        children.renew_will()
        if children._will.pid != known:
            known = children._will.pid
            print(known, flush=True)
        time.sleep(0.1)


raise SystemExit(command.run(body))

"""A Postgres and a Valkey for one run, in a folder that goes with them."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from launcher import contract, setup, wheels
from launcher.paths import Paths
from launcher.processes import Children
from launcher.progress import Progress
from launcher.servers import Embedded
from launcher.supervisor import Supervisor

PORT = 8000  # nobody listens there; addresses in mails and pages name it


@contextmanager
def servers(
    paths: Paths,
    ready: setup.Ready,
    settings: Mapping[str, str],
    django_settings: str,
    children: Children,
    progress: Progress,
) -> Iterator[dict[str, str]]:
    """Start both servers and hand out the environment for Django; at the end stop them and remove all."""
    # Not $TMPDIR, which may be long: the folder holds sockets.
    folder = Path(tempfile.mkdtemp(prefix="portal-run-", dir="/tmp"))
    children.remove_at_end(folder)
    try:
        data, own, programs = folder / "server", folder / "var", folder / "bin"
        folder.chmod(0o755)
        for made, mode in ((data, 0o700), (own, 0o700), (programs, 0o755)):
            made.mkdir(mode=mode)
        ready.identity.own(data)
        kept = contract.new_secrets()
        embedded = Embedded(
            runtime=data / "s", data=data, logs=data, identity=ready.identity, kept=kept, settings=settings
        )
        binaries = wheels.within_reach(ready.binaries, ready.identity, programs)
        embedded.start(binaries, Supervisor(children, progress.note), progress)
        env = contract.environment(
            paths, embedded.addresses(), kept, settings=django_settings, port=PORT, var=own
        )
        env["PORTAL_POSTGRES_BIN"] = str(binaries.postgres_bin)  # psql and pgbench, for the benchmarks
        yield env
    finally:
        children.stop_all()
        shutil.rmtree(folder, ignore_errors=True)

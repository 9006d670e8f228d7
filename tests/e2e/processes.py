"""Start the programs of a portal for a test, and stop every one of them."""

import ctypes
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
GRACE_SECONDS = 20


def _end_with_parent() -> None:
    """Ask the kernel to end this child when the test run dies, however it dies."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Programs:
    """The running programs of one stack, each with its log."""

    def __init__(self, logs: Path, *, env: Mapping[str, str], cwd: Path) -> None:
        self.logs, self.env, self.cwd = logs, dict(env), cwd
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, argv: Sequence[str], *, pass_fds: Sequence[int] = ()) -> None:
        """Start a program that logs to NAME.log."""
        with (self.logs / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                argv,
                cwd=self.cwd,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=pass_fds,
                preexec_fn=_end_with_parent,
            )

    def wait_until(self, name: str, ready: Callable[[], bool], *, seconds: float = 60) -> None:
        """Wait for a program to be ready; fail with its log when it ends or takes too long."""
        until = time.monotonic() + seconds
        while not ready():
            if self.running[name].poll() is not None:
                raise AssertionError(f"{name} ended at once:\n{self.tail(name)}")
            if time.monotonic() > until:
                raise AssertionError(f"{name} was not ready within {seconds} s:\n{self.tail(name)}")
            time.sleep(0.05)

    def tail(self, name: str, lines: int = 60) -> str:
        """Return the end of a program's log."""
        log = self.logs / f"{name}.log"
        text = log.read_text(errors="replace") if log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def stop(self) -> None:
        """Stop every program, the last started first; kill what does not stop in time."""
        for program in reversed(self.running.values()):
            program.terminate()
        until = time.monotonic() + GRACE_SECONDS
        for program in self.running.values():
            try:
                program.wait(max(until - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()


def processes_with(word: str) -> list[str]:
    """Return the command lines of all running processes that have a word in them or in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command, environment = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
        except OSError:
            continue  # it has ended, or is not ours to look at
        if word.encode() in command + environment:
            found.append(command.replace(b"\0", b" ").decode(errors="replace"))
    return found

"""Children of the launcher: each in a process group of its own, none of which outlives the launcher."""

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from launcher import groups
from launcher.errors import Interrupted, LaunchError
from launcher.identity import Identity

PR_SET_PDEATHSIG = 1
TAIL_LINES = 20
LARGEST_LOG = 10 * 1024 * 1024  # bytes; a longer log is moved to NAME.log.1 at the next start
SETUP_RANK, SERVER_RANK, SERVICE_RANK = 2, 0, 1

# Loaded before any fork: loading it in the child, after the privileges are gone, may fail.
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Command:
    """What to run and how it is stopped."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    identity: Identity
    cwd: Path
    log: Path | None = None  # None: the child writes to our own terminal
    stop_signal: int = signal.SIGTERM
    grace: float = 10.0  # seconds before SIGKILL
    rank: int = SERVICE_RANK  # higher ranks stop first
    umask: int = 0o077  # -1: the caller's
    foreground: bool = False  # takes the terminal, as a shell gives it to a command


@dataclass(eq=False)
class Child:
    """A running command."""

    command: Command
    popen: "subprocess.Popen[bytes]"
    started: float  # time.monotonic()

    @property
    def group(self) -> int:
        return self.popen.pid


class Children:
    """Start and stop children, and keep the last will up to date."""

    def __init__(self) -> None:
        self._running: list[Child] = []
        self._folders: list[Path] = []
        self._will = self._start_will()

    def _start_will(self) -> "subprocess.Popen[bytes]":
        """Start the last will in its own session, so that no Ctrl-C and no killed group reaches it."""
        env = {"PYTHONPATH": str(Path(__file__).resolve().parents[1]), "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.Popen(
            [sys.executable, "-S", "-m", "launcher.will"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=env,
            start_new_session=True,
            cwd="/",
        )

    def _tell_will(self, **entry: Any) -> None:
        pipe = self._will.stdin
        if pipe is None:
            return
        with contextlib.suppress(BrokenPipeError):  # somebody killed it; PDEATHSIG is still there
            pipe.write(json.dumps(entry).encode() + b"\n")
            pipe.flush()

    def renew_will(self) -> None:
        """Make a new last will when somebody has killed the old one."""
        if self._will.poll() is not None:
            self._will = self._start_will()
            for folder in self._folders:
                self._tell_will(do="remove", folder=str(folder))
            for child in self._running:
                self._watch(child)

    def remove_at_end(self, folder: Path) -> None:
        """Have a folder removed should the launcher be killed."""
        self._folders.append(folder)
        self._tell_will(do="remove", folder=str(folder))

    def _watch(self, child: Child) -> None:
        number, rank = int(child.command.stop_signal), child.command.rank
        self._tell_will(do="watch", group=child.group, signal=number, rank=rank)

    def start(self, command: Command, stdout: int | None = None) -> Child:
        """Start a command in its own process group."""
        with _output(command) as log:
            popen = subprocess.Popen(
                command.argv,
                cwd=command.cwd,
                env=dict(command.env),
                stdin=None if command.foreground else subprocess.DEVNULL,
                stdout=log if stdout is None else stdout,
                stderr=log,
                start_new_session=not command.foreground,
                process_group=0 if command.foreground else None,
                umask=command.umask,
                preexec_fn=_preparation(command),
            )
        child = Child(command=command, popen=popen, started=time.monotonic())
        self._watch(child)
        self._running.append(child)
        return child

    def collect(self, child: Child) -> int:
        """Wait for a child that has ended or will, kill what it left behind, and return its exit code."""
        code = child.popen.wait()
        groups.send(child.group, signal.SIGKILL)
        groups.wait_gone(child.group, 2)
        self._tell_will(do="forget", group=child.group)
        if child in self._running:
            self._running.remove(child)
        return code

    def stop(self, child: Child, *, at_once: bool = False) -> None:
        """Stop a child and all its descendants."""
        if child.popen.poll() is None:
            groups.send(child.group, signal.SIGKILL if at_once else child.command.stop_signal)
            try:
                child.popen.wait(timeout=child.command.grace)
            except subprocess.TimeoutExpired:
                groups.send(child.group, signal.SIGKILL)
        self.collect(child)

    def stop_all(self) -> None:
        """Stop all children, those of the highest rank first, within a rank the youngest first.

        A second Ctrl-C kills instead of asking.
        """
        while self._running:
            rank = max(child.command.rank for child in self._running)
            of_rank = [child for child in reversed(self._running) if child.command.rank == rank]
            try:
                for child in of_rank:  # ask all first, so that they stop side by side
                    if child.popen.poll() is None:
                        groups.send(child.group, child.command.stop_signal)
                for child in of_rank:
                    self.stop(child)
            except Interrupted:
                for child in of_rank:
                    groups.send(child.group, signal.SIGKILL)

    def close(self) -> None:
        """Stop all and dismiss the last will."""
        self.stop_all()
        self._tell_will(do="done")
        if self._will.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._will.stdin.close()
        self._will.wait()

    def run(self, command: Command, *, each_line: Callable[[str], None] | None = None) -> None:
        """Run a command to its end, handing on each line it prints.

        :raises LaunchError: names the command and shows the end of its log when it fails.
        """
        code = self.exit_code(command, each_line=each_line)
        if code != 0:
            raise failure(command, code)

    def exit_code(self, command: Command, *, each_line: Callable[[str], None] | None = None) -> int:
        """Run a command to its end and return its exit code."""
        with _terminal_lent(command):
            child = self.start(command, stdout=subprocess.PIPE if each_line else None)
            if each_line and child.popen.stdout:
                _hand_on(child.popen.stdout, each_line, command.log)
            return self.collect(child)


def _preparation(command: Command) -> Callable[[], None]:
    """Return what a child does between fork and exec: step down, then bind its life to ours."""
    parent = os.getpid()
    takes_terminal = command.foreground and _holds_terminal()

    def prepare() -> None:
        if takes_terminal:
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            os.tcsetpgrp(0, os.getpid())
            signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        command.identity.drop()
        _LIBC.prctl(PR_SET_PDEATHSIG, int(command.stop_signal))  # after setuid, which clears it
        if os.getppid() != parent:
            os._exit(1)  # the launcher died while we were being made

    return prepare


def _holds_terminal() -> bool:
    try:
        return os.isatty(0) and os.tcgetpgrp(0) == os.getpgrp()
    except (OSError, termios.error):
        return False


@contextlib.contextmanager
def _terminal_lent(command: Command) -> Iterator[None]:
    """Take the terminal back from a foreground command once it has ended."""
    lent = command.foreground and _holds_terminal()
    try:
        yield
    finally:
        if lent:
            before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            with contextlib.suppress(OSError):
                os.tcsetpgrp(0, os.getpgrp())
            signal.signal(signal.SIGTTOU, before)


@contextlib.contextmanager
def _output(command: Command) -> Iterator[IO[bytes] | None]:
    if command.log is None:
        yield None
        return
    with command.log.open("ab") as log:
        yield log


def _hand_on(stream: IO[bytes], each_line: Callable[[str], None], log: Path | None) -> None:
    with contextlib.ExitStack() as stack:
        copy = stack.enter_context(log.open("ab")) if log else None
        for raw in stream:
            if copy:
                copy.write(raw)
                copy.flush()
            each_line(raw.decode(errors="replace").rstrip())


def fresh_log(path: Path) -> Path:
    """Return the log's path, after moving a log that has grown too long out of the way."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LARGEST_LOG:
        path.replace(path.with_suffix(".log.1"))
    return path


def tail(path: Path | None, lines: int = TAIL_LINES) -> str:
    """Return the last lines of a log, indented."""
    if path is None or not path.exists():
        return ""
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - 64 * 1024))
        last = log.read().decode(errors="replace").splitlines()[-lines:]
    return "\n".join(f"    {line}" for line in last)


def failure(command: Command, code: int) -> LaunchError:
    """Return the error that names a failed command, with the cause in words where the log shows it."""
    detail = tail(command.log)
    if "No space left on device" in detail:
        return LaunchError(f"The disk is full ({command.name} could not write): free some space.", detail)
    if "cannot load library" in detail:
        return LaunchError(
            f"{command.name} needs a system library that is missing: run bin/portal as root once.", detail
        )
    how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    where = f"; its log is {command.log}" if command.log else ""
    return LaunchError(f"{command.name} {how}{where}.", detail)

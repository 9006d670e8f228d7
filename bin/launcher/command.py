"""The frame around every command: signals in, one clear sentence out, no process left behind."""

import errno
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

from launcher.errors import Interrupted, LaunchError
from launcher.processes import Children


def run(body: Callable[[Children], int]) -> int:
    """Run a command's body and return the exit code, having stopped every child."""
    _listen_to_signals()
    try:
        children = Children()
        try:
            return body(children)
        finally:
            children.close()
    except LaunchError as stop:
        return _give_up(stop)
    except Interrupted as interrupted:
        print("Stopped.", file=sys.stderr, flush=True)
        return 128 + interrupted.signal_number
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return _give_up(LaunchError("The disk is full: free some space and start again."))


def _give_up(stop: LaunchError) -> int:
    if stop.detail:
        print(f"\n{stop.detail}\n", file=sys.stderr)
    print(stop.sentence, file=sys.stderr, flush=True)
    return stop.exit_code


def _listen_to_signals() -> None:
    def interrupt(number: int, _frame: FrameType | None) -> None:
        raise Interrupted(number)

    signal.signal(signal.SIGINT, interrupt)  # also when a shell started us with SIGINT ignored, as `&` does
    signal.signal(signal.SIGTERM, interrupt)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup means: stay
        signal.signal(signal.SIGHUP, interrupt)
    os.umask(0o022)

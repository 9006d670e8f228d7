"""Keep services running: start, wait until ready, notice a death, start again with growing pauses."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from launcher.errors import LaunchError
from launcher.processes import Child, Children, Command, failure, tail

POLL_SECONDS = 0.2
FIRST_PAUSE = 0.5  # seconds before a dead service is started again, doubled at each death …
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 5.0  # … and back to the first once it has lived this long
STUBBORN_DEATHS = 8  # a server that dies this often in a row will not come back by itself


@dataclass(frozen=True)
class Service:
    """A command that should always run."""

    command: Command
    ready: Callable[[], bool] | None = None  # None: being alive is enough
    timeout: float = 60.0  # seconds to become ready
    before: Callable[[], None] | None = None  # clears what a killed run left behind
    essential: bool = False  # nothing works without it: give up when it will not stay


@dataclass
class _State:
    service: Service
    child: Child | None
    deaths: int = 0
    start_at: float = 0.0  # time.monotonic() of the next start


class Supervisor:
    """Hold a set of services over one set of children."""

    def __init__(self, children: Children, say: Callable[[str], None]) -> None:
        self.children = children
        self._say = say
        self._states: list[_State] = []

    def start(self, service: Service) -> None:
        """Start a service and keep an eye on it from now on."""
        self._states.append(_State(service, self._start(service)))

    def _start(self, service: Service) -> Child:
        if service.before:
            service.before()
        return self.children.start(service.command)

    def wait_ready(self, name: str) -> None:
        """Wait until a service is ready.

        :raises LaunchError: names the first service that died, or the one that is not ready in time.
        """
        service = next(state.service for state in self._states if state.service.command.name == name)
        until = time.monotonic() + service.timeout
        while service.ready is not None and not service.ready():
            self._refuse_deaths()
            if time.monotonic() > until:
                log = service.command.log
                raise LaunchError(
                    f"{name} was not ready within {service.timeout:.0f} seconds; its log is {log}.", tail(log)
                )
            time.sleep(POLL_SECONDS / 4)
        self._refuse_deaths()

    def _refuse_deaths(self) -> None:
        for state in self._states:
            if state.child and (code := state.child.popen.poll()) is not None:
                raise failure(state.service.command, code)

    def watch(self) -> None:
        """Restart what dies, until interrupted.

        :raises LaunchError: when an essential service dies again and again.
        """
        while True:
            self.children.renew_will()
            for state in self._states:
                self._look_after(state)
            time.sleep(POLL_SECONDS)

    def _look_after(self, state: _State) -> None:
        if state.child is None:
            if time.monotonic() >= state.start_at:
                state.child = self._start(state.service)
                self._say(f"{state.service.command.name} was started again.")
        elif state.child.popen.poll() is not None:
            self._note_death(state, state.child)

    def _note_death(self, state: _State, child: Child) -> None:
        code = self.children.collect(child)
        lived = time.monotonic() - child.started
        state.deaths = 1 if lived >= STEADY_SECONDS else state.deaths + 1
        if state.service.essential and state.deaths >= STUBBORN_DEATHS:
            raise failure(child.command, code)
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (state.deaths - 1))
        state.child, state.start_at = None, time.monotonic() + pause
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        self._say(f"{child.command.name} ended ({how}); it starts again in {pause:.1f} s.")

"""What dies is started again, with growing pauses; what will not stay is named."""

import pytest
from launcher import supervisor as module
from launcher.errors import LaunchError
from launcher.processes import Command
from launcher.supervisor import Service, Supervisor


class Clock:
    """A clock that only moves when told to, or when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class FakeChild:
    def __init__(self, command: Command, started: float) -> None:
        self.command, self.started, self.popen, self.code = command, started, self, None

    def poll(self) -> int | None:
        return self.code


class FakeChildren:
    def __init__(self, clock: Clock) -> None:
        self.clock, self.started = clock, []

    def start(self, command: Command) -> FakeChild:
        self.started.append(FakeChild(command, self.clock.now))
        return self.started[-1]

    def collect(self, child: FakeChild) -> int:
        return child.code


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def said():
    return []


@pytest.fixture
def supervisor(clock, said):
    return Supervisor(FakeChildren(clock), said.append)


def command(name: str) -> Command:
    return Command(name=name, argv=[], env={}, identity=None, cwd=None)


def look(supervisor: Supervisor) -> None:
    for state in supervisor._states:
        supervisor._look_after(state)


def die(supervisor: Supervisor, code: int = -9) -> None:
    supervisor.children.started[-1].code = code
    look(supervisor)


def test_dead_service_is_started_again_after_a_pause(supervisor, clock, said):
    supervisor.start(Service(command("web")))
    clock.now += 60
    die(supervisor)
    look(supervisor)
    assert len(supervisor.children.started) == 1
    clock.now += module.FIRST_PAUSE
    look(supervisor)
    assert len(supervisor.children.started) == 2
    assert said == ["web ended (signal 9); it starts again in 0.5 s.", "web was started again."]


def test_pauses_grow_to_a_limit_and_start_over_after_a_steady_life(supervisor, clock, said):
    supervisor.start(Service(command("worker")))
    for _ in range(9):
        die(supervisor, code=1)
        clock.now += module.LONGEST_PAUSE
        look(supervisor)
    clock.now += module.STEADY_SECONDS
    die(supervisor, code=1)
    pauses = [line.split()[-2] for line in said if "starts again in" in line]
    assert pauses == ["0.5", "1.0", "2.0", "4.0", "8.0", "16.0", "30.0", "30.0", "30.0", "0.5"]


def test_the_others_carry_on_when_one_dies(supervisor, clock):
    for name in ("postgres", "web"):
        supervisor.start(Service(command(name)))
    supervisor.children.started[0].code = -9
    look(supervisor)
    clock.now += 1
    look(supervisor)
    assert [child.command.name for child in supervisor.children.started] == ["postgres", "web", "postgres"]


def test_server_that_will_not_stay_ends_the_portal_by_name(supervisor, clock):
    supervisor.start(Service(command("postgres"), essential=True))
    for _ in range(module.STUBBORN_DEATHS - 1):
        die(supervisor, code=1)
        clock.now += module.LONGEST_PAUSE
        look(supervisor)
    with pytest.raises(LaunchError, match=r"^postgres ended with exit code 1"):
        die(supervisor, code=1)


def test_what_a_killed_run_left_is_cleared_before_each_start(supervisor, clock):
    cleared = []
    supervisor.start(Service(command("valkey"), before=lambda: cleared.append(clock.now)))
    die(supervisor)
    clock.now += 1
    look(supervisor)
    assert cleared == [1000.0, 1001.0]


def test_waiting_ends_at_once_when_any_service_dies(supervisor):
    supervisor.start(Service(command("web"), ready=lambda: False))
    supervisor.start(Service(command("beat")))
    supervisor.children.started[-1].code = 2
    with pytest.raises(LaunchError, match=r"^beat ended with exit code 2"):
        supervisor.wait_ready("web")


def test_waiting_ends_after_the_timeout_and_names_the_service(supervisor):
    supervisor.start(Service(command("web"), ready=lambda: False, timeout=5))
    with pytest.raises(LaunchError, match=r"^web was not ready within 5 seconds"):
        supervisor.wait_ready("web")

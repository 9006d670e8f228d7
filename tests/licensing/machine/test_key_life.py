"""A key's whole life in any order: 100 lives of 50 steps, more by option."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.licensing.machine.key_machine import KeyMachine

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def test_no_order_of_steps_loses_or_doubles_a_key(request: pytest.FixtureRequest) -> None:
    run_state_machine_as_test(
        KeyMachine,
        settings=settings(
            max_examples=request.config.getoption("--key-lives"),
            stateful_step_count=request.config.getoption("--key-steps"),
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )

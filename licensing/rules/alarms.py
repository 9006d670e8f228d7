"""Which refusals compliance hears of at once: somebody takes keys faster than anyone should."""

ALARMING = frozenset({"reveal_rate", "velocity_new_partner", "velocity_partner"})
VELOCITY_TASK = "licensing.alarm_velocity"

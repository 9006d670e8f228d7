"""Settings: base.py holds what is common; local.py, production.py and test.py hold only what differs."""

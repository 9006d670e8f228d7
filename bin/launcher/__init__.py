"""Everything bin/ needs before a virtual environment exists: Python's standard library only."""

"""What is measured against a peer or a limit, in one run, as a ratio."""

"""From frozen lines to report objects that are checked and in order."""

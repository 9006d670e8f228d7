"""The words of states, by noun; portal/status.py gathers them."""

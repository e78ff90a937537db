"""One run: its state, its clock, its device."""

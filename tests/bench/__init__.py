"""Speed, measured and never asserted: `python3 run.py bench`."""

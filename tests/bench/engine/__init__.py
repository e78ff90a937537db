"""The engine beside its peers, interleaved in one run: `python3 run.py bench engine`."""

"""The commands of the command line, each with what it needs: cli.py imports one at a time."""

DONE, FAILED, INTERRUPTED = 0, 1, 130  # and argparse ends with 2 on a wrong command line

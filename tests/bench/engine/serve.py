"""The process of one contender: pins itself, makes the contender, answers a line with a line."""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
import warnings

from tests.bench.engine.child import Answer, Ask, Unfit


def main() -> None:
    """Serves until stdin is closed; what libraries print goes to stderr."""
    spec = json.loads(sys.argv[1])
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, spec["cores"])
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")  # a solver stopped early on purpose says so each time

    def say(answer: Answer) -> None:
        channel.write(json.dumps(answer) + "\n")
        channel.flush()

    options = {**spec["options"], "threads": spec["threads"]}
    try:
        module = importlib.import_module(spec["module"])
        ask: Ask = module.make(spec["name"], options, say)
        for line in sys.stdin:
            say(ask(json.loads(line)))
    except ModuleNotFoundError as error:
        own = str(error.name).startswith(("softmax_gui", "tests"))
        say({"missing": str(error) if own else f"{error.name} is not installed"})
    except Unfit as reason:
        say({"missing": str(reason)})
    except Exception as error:  # noqa: BLE001 - whatever fails here, the parent must hear of it
        traceback.print_exc()  # before the answer: the parent then ends this process
        say({"missing": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()

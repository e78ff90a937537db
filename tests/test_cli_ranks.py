"""softmax-gui train under torchrun: one speaks and keeps, one may be lost, the run goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from softmax_gui.cli import main
from softmax_gui.export.checkpoints import load_checkpoint
from softmax_gui.export.run_reader import FAILED, read_status
from softmax_gui.export.runs import STATUS, checkpoint_files, load_run_or_model

ROOT = Path(__file__).resolve().parent.parent
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the processes")


def torchrun(*arguments: str) -> subprocess.Popen[str]:
    """Two processes of the command line, as torchrun starts them."""
    pytest.importorskip("torch")
    starter = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [sys.executable, *starter, "-m", "softmax_gui", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def children(process: int) -> list[int]:
    """The processes that a process has started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if int(fields[1]) == process:
            found.append(int(stat.parent.name))
    return found


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    with process:
        out, err = process.communicate(timeout=100)
    return process.returncode, out, err


@LINUX
@pytest.mark.timeout(300)  # three starts of torchrun: 10 s each where others work too
def test_that_a_run_that_lost_a_rank_goes_on_with_two_or_one_from_its_last_checkpoint(
    tmp_path: Path,
) -> None:
    run, line = tmp_path / "RUN", ["--data", "digits", "--weight-decay", "1e-3"]
    process = torchrun(
        "train", *line, "--epochs", "1000000", "--checkpoint-every", "1", "--out", str(run)
    )
    while len(checkpoint_files(run)) < 2:
        assert process.poll() is None
    first = json.loads((run / STATUS).read_bytes())["process"]
    (lost,) = set(children(process.pid)) - {first}
    os.kill(lost, signal.SIGKILL)
    code, out, err = ended(process)
    assert (code != 0, out) == (True, "")
    said = [text for text in err.splitlines() if text.startswith("softmax-gui:")]
    assert len(said) == 1
    assert "--resume" in said[0]
    status = read_status(run)
    assert status.state == FAILED
    assert status.sentence in said[0]

    epochs = load_checkpoint(checkpoint_files(run)[-1][1]).session.examples // 1438 + 2
    code, out, err = ended(torchrun("train", "--resume", str(run), "--epochs", str(epochs)))
    assert code == 0, err
    assert out.count("The run is in") == 1  # one speaks
    assert main(["train", "--resume", str(run), "--epochs", str(epochs + 1)]) == 0
    whole = tmp_path / "WHOLE"
    alone = ["train", *line, "--device", "numpy", "--epochs", str(epochs + 1), "--out", str(whole)]
    assert main(alone) == 0
    again, once = load_run_or_model(str(run)).dense, load_run_or_model(str(whole)).dense
    np.testing.assert_allclose(again.W, once.W, rtol=1e-6, atol=1e-9)

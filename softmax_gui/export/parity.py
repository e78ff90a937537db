"""The certificate of an export: another program reads the file and must come to the same.

A fresh Python, which cannot see this program, reads the file back (independent.py) and predicts
test inputs; the largest difference of probabilities from ours stands in the file's description
as "parity", and above LIMIT nothing is written. That sentence itself is part of the file, so the
file that has it is read back once more, by the same process, before it takes its place.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from softmax_gui.export.model import ModelProblem, TrainedModel
from softmax_gui.export.predictor import is_predictor
from softmax_gui.export.second_reader import SecondReader, second_reader
from softmax_gui.files import FileProblem, read_bounded, shown, why_not_written
from softmax_gui.i18n import tr

LIMIT = 1e-5
DRAWN_ROWS = 32
ROWS = 256  # of those given, at most
NUMBERS = 1 << 22  # of all inputs together: 32 MB
ENDINGS = (".pt.safetensors", ".safetensors", ".npz", ".json", ".csv", ".onnx", ".py")


class Differs(ModelProblem):
    """An export that does not predict as the model does; nothing was written."""


@dataclass(frozen=True)
class Parity:
    """What another reader of an export found.

    Attributes:
        largest_difference: between two probabilities, of all rows and classes.
        rows: test inputs that were run.
        reader: who read the file: "safetensors", "onnxruntime", "the predictor itself".
        versions: of it and of what it computes with.
    """

    largest_difference: float
    rows: int
    reader: str
    versions: str

    def sentence(self) -> str:
        """The certificate in words."""
        message = tr(
            "Read back by {reader} ({versions}): probabilities of {rows} test inputs differ by"
            " {difference:.1e} at most."
        )
        return message.format(
            reader=self.reader, versions=self.versions, rows=self.rows,
            difference=self.largest_difference,
        )  # fmt: skip


def certificate(
    model: TrainedModel, path: Path, X: np.ndarray | None = None,
    reader: SecondReader | None = None,
) -> Parity:  # fmt: skip
    """What another reader, in a process of its own, makes of an exported file.

    Args:
        model: what the file should hold.
        path: the file, one of the endings of weights.EXPORTS. A .py is run, so only a predictor
            with our text to the letter is taken.
        X: (n, d) in the data's units; None draws them.
        reader: one that is there already; None starts one for this file.

    Raises:
        Differs: a probability differs by more than LIMIT.
        ModelProblem: the reader could not read it.
    """
    name = path.name.lower()
    ending = next((one for one in ENDINGS if name.endswith(one)), "")
    if not ending or (ending == ".py" and not is_predictor(read_bounded(path))):
        message = tr("{name} is no export that can be checked.")
        raise ModelProblem(message.format(name=shown(path.name)))
    X = drawn_inputs(model) if X is None else np.ascontiguousarray(X, dtype=np.float64)
    if reader is None:
        with second_reader() as one:
            P, name, versions = one.probabilities(path, ending, X)
    else:
        P, name, versions = reader.probabilities(path, ending, X)
    return _parity(model, X, P, name, versions)


def _parity(
    model: TrainedModel, X: np.ndarray, P: np.ndarray, reader: str, versions: str
) -> Parity:
    with np.errstate(all="ignore"):
        largest = _largest_difference(model.probabilities(X), P)
    if not largest <= LIMIT:
        message = tr(
            "The export was refused: read back by {reader}, a probability differs by"
            " {difference:.1e}, more than {limit:.0e}."
        )
        message = message.format(reader=reader, difference=largest, limit=LIMIT)
        raise Differs(message)
    return Parity(largest, len(X), reader, versions)


def certified(
    model: TrainedModel,
    writer: Callable[[TrainedModel], bytes],
    ending: str,
    X: np.ndarray | None = None,
) -> tuple[bytes, Parity]:
    """The bytes of an export with its certificate in the description, as they were checked.

    Args:
        model: without a certificate.
        writer: makes the bytes.
        ending: of the format.
        X: (n, d) given inputs; the drawn ones are run besides.

    Raises:
        Differs, ModelProblem: see certificate.
    """
    inputs = drawn_inputs(model)
    if X is not None and len(X):
        given = np.asarray(X[: min(ROWS, max(1, NUMBERS // model.dense.d))], dtype=np.float64)
        inputs = np.concatenate([given, inputs])
    try:
        with (
            tempfile.TemporaryDirectory(prefix="softmax-gui-") as folder,
            second_reader() as reader,
        ):
            path = Path(folder) / f"export{ending}"
            path.write_bytes(writer(model))  # no user's file: gone in a second
            first = certificate(model, path, inputs, reader)
            data = writer(replace(model, parity={**asdict(first), "limit": LIMIT}))
            path = path.with_name(f"certified{ending}")  # another name: no reader has it open
            path.write_bytes(data)
            certificate(model, path, inputs, reader)
    except OSError as error:  # no folder for temporary files
        raise FileProblem(why_not_written(Path(tempfile.gettempdir()), error)) from error
    return data, first


def drawn_inputs(model: TrainedModel) -> np.ndarray:
    """(n, d) in the data's units: zeros, ones, black, white, extremes, and normal ones.

    The same for the same scaling: drawn with seed 0 around the shift, a scale wide.
    """
    scaling, d = model.scaling, model.dense.d
    low, high = model.pixel_range or (-1.0, 1.0)
    centre, width = scaling.shift, np.abs(scaling.scale)
    rows = [np.zeros(d), np.ones(d), np.full(d, low), np.full(d, high)]
    with np.errstate(over="ignore"):
        rows += [centre - 10.0 * width, centre + 10.0 * width]
        random = np.random.default_rng(0)
        count = min(DRAWN_ROWS, max(2, NUMBERS // d))
        drawn = [centre + width * random.normal(size=d) for _ in range(count)]
    X: np.ndarray = np.array([*rows, *drawn], dtype=np.float64)
    finite = np.isfinite(X).all(axis=1)
    return np.asarray(X[finite])


def _largest_difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Of two tables of probabilities; NaN for NaN, which a logit of 1e309 gives, is no difference.

    Returns:
        Infinity where the shapes differ or only one of the two is a number.
    """
    if ours.shape != theirs.shape or (np.isnan(ours) != np.isnan(theirs)).any():
        return math.inf
    differences = np.abs(ours - theirs)[~np.isnan(ours)]
    return float(differences.max(initial=0.0))

"""The text of the predictor: Python that needs numpy alone; what varies stands in five lines."""

from __future__ import annotations

MARK = b"#!/usr/bin/env python3\n# softmax-gui predictor 1\n"
# Each is one line: NAME = "...", a text of JSON or base64 between plain quotes.
NAMES = ("DESCRIPTION", "WEIGHT", "BIAS", "SHIFT", "SCALE")
HEAD = (
    MARK.decode()
    + '''"""Classes and probabilities of rows by softmax regression; needs Python 3.8 and numpy.

    python predictor.py rows.csv      a line a row: label, probabilities

A first row of names is recognised, and columns are then found by the names of the features.
In Python: import predictor; predictor.predict(X); predictor.probabilities(X), X (n, d) in the
units of the data the model was trained on.
"""

import base64
import csv
import io
import json
import math
import sys

import numpy as np

'''
)
TAIL = '''

def _array(text):
    return np.load(io.BytesIO(base64.b64decode(text)), allow_pickle=False)


ABOUT = json.loads(DESCRIPTION)  # class and feature names, scaling, metrics, version
CLASSES, FEATURES = ABOUT["classes"], ABOUT["features"]
weight, bias = _array(WEIGHT), _array(BIAS)  # (q, d), (q,)
shift, scale = _array(SHIFT), _array(SCALE)  # (d,)


def probabilities(X):
    """(n, q) for rows X (n, d)."""
    X = np.atleast_2d(np.asarray(X, dtype=np.float64))
    if X.shape[1] != len(FEATURES):
        raise ValueError("%d features, %d expected" % (X.shape[1], len(FEATURES)))
    if ABOUT["scaling"] == "unit length":
        peak = np.abs(X).max(axis=1, keepdims=True)
        X = X / np.where(peak == 0.0, 1.0, peak)
        norm = np.sqrt((X * X).sum(axis=1, keepdims=True))
        X = X / np.where(norm == 0.0, 1.0, norm)
    logits = (X - shift) / scale @ weight.T + bias
    P = np.exp(logits - logits.max(axis=1, keepdims=True))
    return P / P.sum(axis=1, keepdims=True)


def predict(X):
    """The names of the n most probable classes."""
    return [CLASSES[k] for k in probabilities(X).argmax(axis=1)]


def _numbers(cells):
    """The cells as numbers, or None."""
    try:
        numbers = [float(cell) for cell in cells]
    except ValueError:
        return None
    return numbers if all(map(math.isfinite, numbers)) else None


def _places(names):
    """The columns of the features; all of them where no names say otherwise."""
    if len(set(names)) == len(names) and set(FEATURES) <= set(names):
        return [names.index(name) for name in FEATURES]
    return list(range(len(FEATURES)))


def _cell(text):
    """A name that no spreadsheet takes for a formula."""
    return "'" + text if text.startswith(("=", "+", "-", "@", "\\t", "\\r")) else text


def _write(rows, writer):
    if rows:
        P = probabilities(rows)
        for k, row in zip(P.argmax(axis=1), P.tolist()):
            writer.writerow([_cell(CLASSES[k])] + ["%.12g" % p for p in row])


def main(path):
    """Writes a table with a line a row of the CSV file to stdout."""
    sys.stdout.reconfigure(encoding="utf-8", newline="")
    writer = csv.writer(sys.stdout, lineterminator="\\n")
    writer.writerow(["label"] + ["p(" + name + ")" for name in CLASSES])
    places, rows = None, []
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        for cells in reader:
            if not cells:
                continue
            if places is None:
                named = _numbers(cells[: len(FEATURES)]) is None
                places = _places(cells if named else [])
                if named:
                    continue
            chosen = [cells[j] for j in places] if len(cells) > max(places) else []
            numbers = _numbers(chosen)
            if not numbers:
                sys.exit(
                    "%s, line %d: not %d numbers" % (path, reader.line_num, len(FEATURES))
                )
            rows.append(numbers)
            if len(rows) == 1024:
                _write(rows, writer)
                rows = []
    _write(rows, writer)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python predictor.py rows.csv")
    try:
        main(sys.argv[1])
    except UnicodeDecodeError:
        sys.exit("%s is not UTF-8 text: save it as UTF-8" % sys.argv[1])
    except (OSError, csv.Error) as error:
        sys.exit("%s can't be read: %s" % (sys.argv[1], error))
'''

"""PyTorch three ways: as its tutorials do, with tensors in memory, and written out."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from tests.bench.engine import problems
from tests.bench.engine.child import Ask, Say, Steps, timed


class Tutorial:
    """TensorDataset, DataLoader, nn.Linear, CrossEntropyLoss, optim.SGD: the loop of tutorials."""

    def __init__(self, torch: Any, X: Any, y: Any, q: int, options: dict[str, Any]) -> None:
        data = import_module("torch.utils.data")
        self._device, self._n = options.get("device", "cpu"), len(X)
        self._loader = data.DataLoader(
            data.TensorDataset(X, y), batch_size=options["batch"], shuffle=True
        )
        self._model = torch.nn.Linear(X.shape[1], q)
        for parameter in self._model.parameters():
            torch.nn.init.zeros_(parameter)  # as everybody here begins
        self._model.to(self._device)
        self._loss_fn = torch.nn.CrossEntropyLoss()
        self._optimizer = torch.optim.SGD(self._model.parameters(), lr=options["learning_rate"])
        self._wait = torch.cuda.synchronize if self._device != "cpu" else lambda: None

    def epochs(self, count: int) -> int:
        """Minibatches of a loader that shuffles, the last one smaller."""
        device, model, loss_fn, optimizer = (
            self._device, self._model, self._loss_fn, self._optimizer,
        )  # fmt: skip
        for _ in range(count):
            for inputs, targets in self._loader:
                inputs, targets = inputs.to(device), targets.to(device)  # noqa: PLW2901
                loss = loss_fn(model(inputs), targets)
                loss.backward()
                optimizer.step()
                optimizer.zero_grad()
        self._wait()
        return count * self._n

    def weights(self) -> tuple[np.ndarray, np.ndarray]:
        """nn.Linear keeps (q, d)."""
        weight, bias = (p.detach().cpu().numpy() for p in self._model.parameters())
        return weight.T, bias


class InMemory:
    """No loader: rows are gathered from one tensor; autograd and a plain update."""

    def __init__(self, torch: Any, X: Any, y: Any, q: int, options: dict[str, Any]) -> None:
        self._torch, self._X, self._y = torch, X, y
        self._batch, self._rate = options["batch"], options["learning_rate"]
        self._W = torch.zeros(X.shape[1], q, requires_grad=True)
        self._b = torch.zeros(q, requires_grad=True)

    def epochs(self, count: int) -> int:
        """A fresh permutation an epoch."""
        torch, parameters = self._torch, (self._W, self._b)
        for _ in range(count):
            for rows in torch.randperm(len(self._X)).split(self._batch):
                logits = torch.addmm(self._b, self._X[rows], self._W)
                loss = torch.nn.functional.cross_entropy(logits, self._y[rows])
                gradients = torch.autograd.grad(loss, parameters)
                with torch.no_grad():
                    for parameter, gradient in zip(parameters, gradients, strict=True):
                        parameter.sub_(gradient, alpha=self._rate)
        return count * len(self._X)

    def weights(self) -> tuple[np.ndarray, np.ndarray]:
        """As they are."""
        return self._W.detach().numpy(), self._b.detach().numpy()


class WrittenOut:
    """The gradient by hand, into buffers that are used again and again."""

    def __init__(self, torch: Any, X: Any, y: Any, q: int, options: dict[str, Any]) -> None:
        batch, d = options["batch"], X.shape[1]
        self._torch, self._X, self._rate = torch, X, options["learning_rate"]
        self._one_hot = torch.nn.functional.one_hot(y, q).to(X.dtype)
        self._W, self._b = torch.zeros(d, q), torch.zeros(q)
        self._Xb, self._P, self._Y = (
            torch.empty(batch, d),
            torch.empty(batch, q),
            torch.empty(batch, q),
        )
        self._dW, self._db = torch.empty(d, q), torch.empty(q)

    def epochs(self, count: int) -> int:
        """P - Y for all rows of a batch at once; the last batch of an epoch is smaller."""
        torch, X = self._torch, self._X
        with torch.no_grad():
            for _ in range(count):
                for rows in torch.randperm(len(X)).split(len(self._Xb)):
                    self._step(rows, len(rows))
        return count * len(X)

    def _step(self, rows: Any, m: int) -> None:
        torch, Xb, P, Y = self._torch, self._Xb[:m], self._P[:m], self._Y[:m]
        torch.index_select(self._X, 0, rows, out=Xb)
        torch.index_select(self._one_hot, 0, rows, out=Y)
        torch.addmm(self._b, Xb, self._W, out=P)
        torch.softmax(P, 1, out=P)
        torch.sub(P, Y, out=P)
        torch.mm(Xb.T, P, out=self._dW)
        torch.sum(P, 0, out=self._db)
        self._W.sub_(self._dW, alpha=self._rate / m)
        self._b.sub_(self._db, alpha=self._rate / m)

    def weights(self) -> tuple[np.ndarray, np.ndarray]:
        """As they are."""
        return self._W.numpy(), self._b.numpy()


WAYS: dict[str, Any] = {"tutorial": Tutorial, "tensors": InMemory, "written out": WrittenOut}


def make(name: str, options: dict[str, Any], say: Say) -> Ask:
    """options["way"] is one of WAYS."""
    torch = import_module("torch")
    torch.set_num_threads(options["threads"])
    torch.manual_seed(problems.SEED)
    X, labels = problems.read(options["folder"], "float32")
    tensors = torch.from_numpy(X), torch.from_numpy(labels)
    way: Steps = WAYS[options["way"]](torch, *tensors, int(labels.max()) + 1, options)
    return timed(way, options, say)

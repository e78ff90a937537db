"""The line at the bottom: state, step, epochs, what is done a second, device, last message."""

from __future__ import annotations

import time
from collections import deque

from PySide6.QtWidgets import QLabel, QStatusBar

from softmax_gui.gui import theme
from softmax_gui.gui.widgets.live_text import LiveText
from softmax_gui.i18n import tr
from softmax_gui.training.devices import Device
from softmax_gui.training.snapshot import RunState, Snapshot

WINDOW_S = 1.0  # the rate is a mean over so long


class StatusLine:
    """Fills a QStatusBar with fields of fixed width, so that nothing jumps."""

    def __init__(self, bar: QStatusBar) -> None:
        self._bar = bar
        self._state = RunState.READY
        self._snapshot: Snapshot | None = None
        self._watched = ""  # of a run that somebody else makes
        self._seen: deque[tuple[float, int]] = deque()
        self._state_name, self._device = QLabel(), QLabel()
        self._step, self._epoch = LiveText("step 999,999,999"), LiveText("epoch 99,999.9")
        self._rate = LiveText("99,999,999 examples/s")
        for field in (self._state_name, self._step, self._epoch, self._rate, self._device):
            field.setFont(theme.tabular(bar.font()))
            bar.addPermanentWidget(field)
        width = self._state_name.fontMetrics().horizontalAdvance("Training ")
        self._state_name.setMinimumWidth(width)
        self._message = QLabel()  # not showMessage: a tip of a menu would wipe it out
        self._message.setMinimumWidth(1)
        bar.addWidget(self._message, 1)

    def show_state(self, state: RunState) -> None:
        """The run's state in a word."""
        self._state = state
        self._seen.clear()
        self.retranslate()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Step, epochs or passes, rate and device."""
        self._snapshot = snapshot
        now = time.monotonic()
        if self._seen and snapshot.examples < self._seen[-1][1]:
            self._seen.clear()
        self._seen.append((now, snapshot.examples))
        while self._seen[0][0] < now - WINDOW_S and len(self._seen) > 2:
            self._seen.popleft()
        self.retranslate()

    def show_watched(self, text: str) -> None:
        """How a run stands that is watched, in the place of one's own; "" is one's own again."""
        self._watched = text
        self._seen.clear()
        self.retranslate()

    def show_message(self, text: str) -> None:
        """The last thing that happened."""
        self._message.setText(" ".join(text.split()))

    def rate(self) -> float:
        """Examples a second over about the last second; 0 when not training."""
        if self._state is not RunState.RUNNING or len(self._seen) < 2:
            return 0.0
        (t0, n0), (t1, n1) = self._seen[0], self._seen[-1]
        return (n1 - n0) / (t1 - t0) if t1 > t0 else 0.0

    def retranslate(self) -> None:
        """Writes every field again."""
        names = {
            RunState.READY: tr("Ready"), RunState.RUNNING: tr("Running"),
            RunState.PAUSED: tr("Paused"), RunState.FAILED: tr("Stopped by an error"),
        }  # fmt: skip
        self._state_name.setText(self._watched or names[self._state])
        if self._snapshot is None:
            return
        one, device = self._snapshot, self._snapshot.device
        self._step.set_text(tr("step {step:,}").format(step=one.step))
        solving = one.config.solver != "minibatch"
        text = tr("{epoch:,.1f} passes") if solving else tr("epoch {epoch:,.1f}")
        self._epoch.set_text(text.format(epoch=one.epoch))
        self._rate.set_text(self._rate_text(solving))
        self._device.setText(_device_text(device))
        self._device.setToolTip(tr(device.reason))

    def _rate_text(self, solving: bool) -> str:
        rate, one = self.rate(), self._snapshot
        if not rate or one is None:
            return ""
        if solving and one.epoch > 0:
            passes = rate * one.epoch / one.examples
            return tr("{rate:,.1f} passes/s").format(rate=float(f"{passes:.3g}"))
        return tr("{rate:,.0f} examples/s").format(rate=float(f"{rate:.3g}"))


def _device_text(device: Device) -> str:
    text = tr(device.label)
    if not device.threads:
        return text
    threads = tr("1 thread") if device.threads == 1 else tr("{count} threads")
    return f"{text}, {threads.format(count=device.threads)}"

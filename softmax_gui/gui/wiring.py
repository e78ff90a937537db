"""What each command of the window does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softmax_gui.gui import fonts
from softmax_gui.gui.help import show_about, show_guide, show_shortcuts

if TYPE_CHECKING:
    from softmax_gui.gui.main_window import MainWindow


def connect_commands(window: MainWindow) -> None:
    """Says for every command what it does, but for those that Appearance has."""
    plots, save = window.plots, window.files.save_figure
    for key, slot in {
        "open_data": window.importing.ask_file,
        "open_folder": window.importing.ask_folder,
        "open_weights": window.open_weights,
        "export_weights": lambda: window.files.export_weights(window.newest(), window.split()),
        "attach": window.ask_for_run,
        "detach": window.attachment.detach,
        "sweep": window.try_decays,
        "save_decays": lambda: save(window.sweep.plot, "weight-decays"),
        "save_loss": lambda: save(plots.complete().loss, "loss"),
        "save_accuracy": lambda: save(plots.complete().accuracy, "accuracy"),
        "save_weights_plot": lambda: save(plots.weights, "weights"),
        "save_probabilities": lambda: save(window.prediction.bars, "probabilities"),
        "quit": window.close,
        "undo": window.draw.undo_stack.undo,
        "redo": window.draw.undo_stack.redo,
        "clear": window.draw.clear,
        "invert": window.draw.invert,
        "noise": window.draw.add_noise,
        "train": window.trainer.toggle_requested.emit,
        "step": window.trainer.step_requested.emit,
        "epoch": window.trainer.epoch_requested.emit,
        "reset": lambda: window.trainer.reset_requested.emit(None),
        "slower": window.speed.slower,
        "faster": window.speed.faster,
        "reset_layout": window.reset_layout,
        "guide": lambda: show_guide(window),
        "shortcuts": lambda: show_shortcuts(window, window.commands.paths()),
        "about": lambda: show_about(window),
    }.items():
        window.commands[key].triggered.connect(lambda _=False, slot=slot: window.obey(slot))
    window.commands["log_step"].toggled.connect(lambda on: plots.complete().set_log_step(on))
    window.commands["log_loss"].toggled.connect(lambda on: plots.complete().set_log_loss(on))
    window.commands.connect_examples(window.draw.show_example)
    window.commands.follow(window.draw.undo_stack)
    window.commands.menus["language"].aboutToShow.connect(fonts.ensure_hangul)

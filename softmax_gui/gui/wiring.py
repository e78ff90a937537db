"""Who hears whom: views, trainer and commands of the window."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from softmax_gui.data.drawn import DRAWN_SOURCE
from softmax_gui.gui import fonts
from softmax_gui.gui.clipboard import Copying
from softmax_gui.gui.command_list import FIGURES
from softmax_gui.gui.help import show_about, show_guide, show_shortcuts
from softmax_gui.gui.stored_view import StoredView

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from softmax_gui.gui.main_window import MainWindow

Slots = dict[str, Callable[[], object]]
"""What the command of a name does."""


def connect_views(window: MainWindow) -> None:
    """What the user says in the views."""
    data, training, wishes, narrator = window.data, window.training, window.wishes, window.narrator
    projects = window.projects
    data.source_chosen.connect(
        lambda source: projects.before_run_is_lost(lambda: window.load(source), window.show_loaded)
    )
    data.open_requested.connect(window.importing.ask_file)
    window.trainer.load_requested.connect(window.sources.give_way)
    window.importing.imported.connect(window.sources.stop)
    window.importing.imported.connect(
        lambda found: projects.before_run_is_lost(lambda: wishes.take(found))
    )
    window.importing.project_chosen.connect(projects.open)
    data.classes.class_activated.connect(window.draw.show_example)
    data.world_changed.connect(lambda world: wishes.load(world=world))
    data.parts.cut_changed.connect(lambda cut: wishes.change_cut(cut, window.split()))
    data.parts.refused.connect(narrator.warn)
    training.setting_changed.connect(wishes.adjust)
    training.seed_changed.connect(wishes.change_seed)
    training.device_changed.connect(wishes.use_device)
    training.refused.connect(narrator.warn)
    window.draw.refused.connect(narrator.warn)
    window.drawn.refused.connect(narrator.warn)
    window.drawn.sample_requested.connect(lambda: projects.before_run_is_lost(wishes.load_first))
    window.drawn.train_requested.connect(lambda: _train_drawn(window))
    window.draw.example_shown.connect(window.prediction.show_label)
    window.speed.speed_changed.connect(window.trainer.speed_requested)


def connect_trainer(window: MainWindow) -> None:
    """What the training thread says."""
    trainer, narrator = window.trainer, window.narrator

    def use_rate(rate: float) -> None:
        window.adjust({"learning_rate": rate})
        trainer.start_requested.emit()

    trainer.data_loaded.connect(window.show_data)
    trainer.data_loaded.connect(StoredView(window.statusBar()).show_data)
    trainer.data_loaded.connect(window.drawing.show_data)
    trainer.data_refused.connect(window.refuse_data)
    trainer.snapshot_ready.connect(window.keep)
    trainer.state_changed.connect(window.show_state)
    trainer.solved.connect(
        lambda end: narrator.tell_end(end, window.appearance.unit(), window.adjust)
    )
    trainer.safe_rate_found.connect(window.training.show_safe_rate)
    trainer.judged.connect(window.keep_settings)  # a look counts, even before a crash
    trainer.noticed.connect(narrator.warn)
    trainer.diverged.connect(lambda fault: narrator.tell_divergence(fault, use_rate))
    trainer.failed.connect(narrator.tell_training_failure)
    trainer.data_loaded.connect(window.projects.hear_data)  # the last: all else is there then
    trainer.data_refused.connect(window.projects.hear_refusal)
    trainer.snapshot_ready.connect(window.projects.refresh)
    window.attachment.changed.connect(window.show_attached)
    window.attachment.changed.connect(window.sources.stop)
    window.attachment.changed.connect(window.drawing.show_attached)


def connect_commands(window: MainWindow) -> None:
    """Says for every command what it does, but for those that Appearance has."""
    plots = window.plots
    copying = Copying(lambda: _figures(window), window.narrator.say, window)
    window.trainer.data_loaded.connect(copying.attach)
    slots = {
        **_of_files(window), **_of_work(window), **_of_view(window), **_of_figures(window, copying)
    }  # fmt: skip
    for key, slot in slots.items():
        window.commands[key].triggered.connect(lambda _=False, slot=slot: window.obey(slot))
    window.commands["log_step"].toggled.connect(lambda on: plots.complete().set_log_step(on))
    window.commands["log_loss"].toggled.connect(lambda on: plots.complete().set_log_loss(on))
    window.commands.connect_examples(window.draw.show_example)
    window.commands.follow(window.drawing.journal)
    window.commands.menus["language"].aboutToShow.connect(fonts.ensure_hangul)


def _of_files(window: MainWindow) -> Slots:
    return {
        "new": window.projects.new,
        "open_project": window.projects.ask_open,
        "save": window.projects.save,
        "save_as": window.projects.save_as,
        "open_data": window.importing.ask_file,
        "open_folder": window.importing.ask_folder,
        "open_weights": window.open_weights,
        "export_weights": lambda: window.files.export_weights(window.newest(), window.split()),
        "predict_file": lambda: _predict(window),
        "attach": window.ask_for_run,
        "detach": window.attachment.detach,
        "quit": window.close,
    }


def _of_work(window: MainWindow) -> Slots:
    return {
        "sweep": window.try_decays,
        "undo": window.drawing.journal.undo,
        "redo": window.drawing.journal.redo,
        "add_drawn": window.drawing.add,
        "train_drawn": partial(_train_drawn, window),
        "mix_drawn": window.drawing.mix,
        "save_drawn": window.drawing.save,
        "clear": window.draw.clear,
        "invert": window.draw.invert,
        "noise": window.draw.add_noise,
        "train": window.trainer.toggle_requested.emit,
        "step": window.trainer.step_requested.emit,
        "epoch": window.trainer.epoch_requested.emit,
        "reset": lambda: window.trainer.reset_requested.emit(None),
    }


def _of_view(window: MainWindow) -> Slots:
    return {
        "slower": window.speed.slower,
        "faster": window.speed.faster,
        "reset_layout": window.reset_layout,
        "guide": lambda: show_guide(window),
        "shortcuts": lambda: show_shortcuts(window, window.commands.paths()),
        "about": lambda: show_about(window),
    }


def _of_figures(window: MainWindow, copying: Copying) -> Slots:
    plots, save = window.plots, window.files.save_figure
    return {
        "save_decays": lambda: save(window.sweep.plot, "weight-decays"),
        "save_loss": lambda: save(plots.complete().loss, "loss"),
        "save_accuracy": lambda: save(plots.complete().accuracy, "accuracy"),
        "save_weights_plot": lambda: save(plots.weights, "weights"),
        "save_probabilities": lambda: save(window.prediction.bars, "probabilities"),
        **{f"copy_{key}": partial(copying.picture, key) for key in FIGURES},
        **{f"numbers_{key}": partial(copying.numbers, key) for key in FIGURES},
    }


def _train_drawn(window: MainWindow) -> None:
    """On the drawn examples, once the run on other data may go."""
    granted = window.wishes.granted
    if granted is not None and granted.source == DRAWN_SOURCE:  # they are drawn and learnt by turns
        window.drawing.train()
    else:
        window.projects.before_run_is_lost(window.drawing.train)


def _predict(window: MainWindow) -> None:
    """Asks for other rows, which are read as those of the run were."""
    options, pictures = window.importing.reading_of(window.wishes.source)
    window.files.predict_file(window.newest(), window.split(), options, pictures=pictures)


def _figures(window: MainWindow) -> dict[str, QWidget]:
    """Every plot of the window, by the keys of FIGURES."""
    curves = window.plots.complete()
    return {
        "loss": curves.loss, "accuracy": curves.accuracy, "weights": window.plots.weights,
        "probabilities": window.prediction.bars, "decays": window.sweep.plot,
    }  # fmt: skip

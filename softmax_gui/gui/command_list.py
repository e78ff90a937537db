"""The commands of the window: menus, texts, shortcuts; commands.py makes actions of them."""

from __future__ import annotations

from dataclasses import dataclass

from softmax_gui.i18n import N_


@dataclass(frozen=True)
class Command:
    """One thing the user can do; `choice_of` makes it one of a group of alternatives."""

    key: str
    menu: str
    text: str
    shortcut: str
    tip: str = ""
    choice_of: str = ""
    checkable: bool = False
    separated: bool = False  # a line above it in the menu


MENUS = {"file": N_("&File"), "edit": N_("&Edit"), "view": N_("&View"), "train": N_("&Train"),
         "help": N_("&Help")}  # fmt: skip
SUBMENUS = {"recent": ("file", N_("Recent")), "figure": ("file", N_("Save a plot")),
            "example": ("edit", N_("Show an example of")),
            "copy": ("edit", N_("Copy a plot")), "numbers": ("edit", N_("Copy the numbers of")),
            "drawn": ("edit", N_("My examples")),
            "theme": ("view", N_("Colours")), "language": ("view", N_("Language"))}  # fmt: skip
FIGURES = {"loss": N_("Loss"), "accuracy": N_("Accuracy"), "weights": N_("Weights"),
           "probabilities": N_("Probabilities"), "decays": N_("Weight decays")}  # fmt: skip

COMMANDS = (
    Command("new", "file", N_("New project"), "Ctrl+N", N_("Begin anew with the 2x2 world.")),
    Command("open_project", "file", N_("Open project…"), "Ctrl+Shift+P",
            N_("Data, settings, weights and layout as they were saved.")),
    Command("save", "file", N_("Save"), "Ctrl+S",
            N_("Keep data, settings, weights and layout in one file.")),
    Command("save_as", "file", N_("Save as…"), "Ctrl+Shift+S",
            N_("Keep the project in another file from now on.")),
    Command("open_data", "file", N_("Open data…"), "Ctrl+O",
            N_("A table, arrays or pictures from a file, with a look at it first."),
            separated=True),
    Command("open_folder", "file", N_("Open folder of pictures…"), "Ctrl+Shift+F",
            N_("Pictures in a folder, a sub-folder a class.")),
    Command("clear_recent", "recent", N_("Clear the list"), "Ctrl+Alt+R",
            N_("Forgets which files were opened."), separated=True),
    Command("open_weights", "file", N_("Open weights…"), "Ctrl+Shift+O",
            N_("Start from exported weights, at step 0.")),
    Command("export_weights", "file", N_("Export weights…"), "Ctrl+E",
            N_("Write the weights as safetensors, NPZ, JSON or CSV."), separated=True),
    Command("predict_file", "file", N_("Predict a file…"), "Ctrl+P",
            N_("What the model says of every row of a file, as a CSV file.")),
    Command("attach", "file", N_("Attach to run…"), "Ctrl+Shift+A",
            N_("Watch a run that another process makes, in its run folder."), separated=True),
    Command("detach", "file", N_("Detach"), "Ctrl+Shift+D", N_("Back to your own run.")),
    Command("save_loss", "figure", N_("Loss…"), "Ctrl+Alt+1"),
    Command("save_accuracy", "figure", N_("Accuracy…"), "Ctrl+Alt+2"),
    Command("save_weights_plot", "figure", N_("Weights…"), "Ctrl+Alt+3"),
    Command("save_probabilities", "figure", N_("Probabilities…"), "Ctrl+Alt+4"),
    Command("save_decays", "figure", N_("Weight decays…"), "Ctrl+Alt+5"),
    Command("quit", "file", N_("Quit"), "Ctrl+Q", separated=True),
    Command("undo", "edit", N_("Undo"), "Ctrl+Z", N_("Takes the last stroke back.")),
    Command("redo", "edit", N_("Redo"), "Ctrl+Shift+Z", N_("Makes the stroke again.")),
    Command("clear", "edit", N_("Clear the picture"), "Ctrl+Backspace", separated=True),
    Command("invert", "edit", N_("Invert the picture"), "Ctrl+I"),
    Command("noise", "edit", N_("Add noise"), "Ctrl+J"),
    *(Command(f"{what}_{key}", what, text, keys.format(place % 10))
      for what, keys in (("copy", "Ctrl+Alt+{}"), ("numbers", "Ctrl+Alt+Shift+{}"))
      for place, (key, text) in enumerate(FIGURES.items(), 6)),
    Command("add_drawn", "drawn", N_("Add example"), "Ctrl+D",
            N_("Adds the picture in the editor under the label chosen.")),
    Command("train_drawn", "drawn", N_("Train on my examples"), "Ctrl+Shift+T",
            N_("Loads the drawn examples in the place of the data, and trains.")),
    Command("mix_drawn", "drawn", N_("Add to the data"), "Ctrl+Shift+M",
            N_("Loads the data again, with the drawn examples among them.")),
    Command("save_drawn", "drawn", N_("Save as NPZ…"), "Ctrl+Shift+E",
            N_("Writes the drawn examples as arrays.")),
    Command("train", "train", N_("Train"), "F5", N_("Start or pause training.")),
    Command("step", "train", N_("Step (one minibatch)"), "F6"),
    Command("epoch", "train", N_("Epoch (every example once)"), "F7"),
    Command("reset", "train", N_("Reset"), "F8", N_("Back to step 0 and zero weights.")),
    Command("sweep", "train", N_("Try 16 weight decays"), "F9",
            N_("Runs to the optimum with one weight decay after the other, or pauses that."),
            separated=True),
    Command("slower", "train", N_("Slower"), "Ctrl+[", separated=True),
    Command("faster", "train", N_("Faster"), "Ctrl+]"),
    Command("nat", "view", N_("Nats"), "Ctrl+Shift+N",
            N_("Losses and entropies in nats (base e)."), choice_of="unit"),
    Command("bit", "view", N_("Bits"), "Ctrl+Shift+B",
            N_("Losses and entropies in bits (base 2): 1 nat = 1.4427 bit."), choice_of="unit"),
    Command("log_step", "view", N_("Logarithmic steps"), "Ctrl+L", checkable=True, separated=True),
    Command("log_loss", "view", N_("Logarithmic loss"), "Ctrl+Shift+L", checkable=True),
    Command("light", "theme", N_("Light"), "Ctrl+Alt+L", choice_of="theme"),
    Command("dark", "theme", N_("Dark"), "Ctrl+Alt+D", choice_of="theme"),
    Command("theme_system", "theme", N_("As the system"), "Ctrl+Alt+S", choice_of="theme"),
    Command("language_system", "language", N_("As the system"), "Ctrl+Alt+Y",
            choice_of="language"),
    Command("en", "language", "English", "Ctrl+Alt+E", choice_of="language"),
    Command("ko", "language", "한국어", "Ctrl+Alt+K", choice_of="language"),
    Command("reset_layout", "view", N_("Reset layout"), "Ctrl+0",
            N_("Every panel back to its first place."), separated=True),
    Command("guide", "help", N_("User guide"), "F1"),
    Command("shortcuts", "help", N_("Keyboard shortcuts"), "Ctrl+/"),
    Command("about", "help", N_("About Softmax GUI"), "Ctrl+F1", separated=True),
)  # fmt: skip
PICTURE_ONLY = ("clear", "invert", "noise")
OWN_RUN_ONLY = ("new", "open_project", "open_data", "open_folder", "open_weights",
                "export_weights", "predict_file", "train", "step", "epoch", "reset", "sweep",
                "slower", "faster")  # fmt: skip
TOOLBAR = ("train", "step", "epoch", "reset")
EXAMPLES = 9  # Ctrl+1 to Ctrl+9 show an example of a class

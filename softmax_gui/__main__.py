"""python -m softmax_gui: the same as the command softmax-gui."""

import sys

from softmax_gui.cli import main

sys.exit(main())

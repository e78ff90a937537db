"""Pictures of the window in every state, to be looked at: `python3 run.py screens FOLDER`."""

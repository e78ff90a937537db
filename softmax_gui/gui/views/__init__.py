"""Panels of the window: they say what the user wants and draw what they are given."""

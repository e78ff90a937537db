"""Widgets that know no model: they draw numbers and report what the user did."""

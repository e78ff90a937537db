"""Trained weights to files and back."""

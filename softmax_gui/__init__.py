"""Softmax GUI: see, touch, check and use softmax regression."""

__version__ = "0.1.0"

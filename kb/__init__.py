"""Quire: ask your own documents and get answers that cite the page."""

__version__ = "0.1.0"

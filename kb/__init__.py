"""Quire: ask your own documents and get answers that cite the page."""

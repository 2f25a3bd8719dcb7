"""Measures retrieval and answers on labelled questions."""

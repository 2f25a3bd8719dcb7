"""The data kinds of Quire: frozen values, standard library only."""

"""The same Workspace from a shell."""

"""One reader per family of formats; the reading itself happens in a child process."""

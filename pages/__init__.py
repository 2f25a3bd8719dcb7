"""One screen a file: read the workspace, draw, call one service on a click."""

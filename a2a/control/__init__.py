"""The control API as values: all that scripts, `dash` and other commands know of a running server."""

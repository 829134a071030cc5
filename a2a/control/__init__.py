"""The control API as types and a client: all that `dash`, scripts and other commands know of a running server."""

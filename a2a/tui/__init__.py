"""The room of the Textual dashboard: it sees `a2a.control` and nothing else of ours, so it can attach to any server.

Nothing lives here yet, and no command offers it.
"""

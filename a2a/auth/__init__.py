"""Credentials: records, the store (OS keyring or 0600 files), login and refresh flows. No pool, no server, no CLI."""

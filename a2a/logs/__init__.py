"""The record of what happened: exchanges and live events. Off the hot path, bounded, redacted when made."""

"""Typer commands, rendering and exit codes. One module per command; heavy rooms are imported inside their bodies."""


def main() -> None:
    """Entry point of the console script."""
    from a2a.cli.app import run

    run()

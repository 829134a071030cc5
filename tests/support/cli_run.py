"""One command line in process, with streams of its own."""

from __future__ import annotations

import io
import json
from typing import Any

from a2a.cli import app as cli
from a2a.cli.output import Out


class Run:
    """Runs at once; `code`, `stdout` and `stderr` tell how it went. `tty`: whether stdin is a terminal."""

    def __init__(self, *args: str, stdin: str = "", tty: bool = False) -> None:
        streams = [io.StringIO(stdin), io.StringIO(), io.StringIO()]
        streams[0].isatty = lambda: tty  # type: ignore[method-assign]
        self.code = cli.main(args, Out(*streams))
        self.stdout, self.stderr = streams[1].getvalue(), streams[2].getvalue()

    @property
    def envelope(self) -> Any:
        return json.loads(self.stdout)

    @property
    def data(self) -> Any:
        return self.envelope["data"]

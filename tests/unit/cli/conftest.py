"""No command of these tests asks a real upstream, not even from a process of its own."""

from __future__ import annotations

import pytest
from support import nowhere


@pytest.fixture(autouse=True)
def no_upstream(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in nowhere.VARIABLES.items():
        monkeypatch.setenv(name, value)

"""No value of the logins shows a secret in its repr: tracebacks, logs and assertion texts quote it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from msgspec import Struct, structs

import a2a.auth
from a2a.secret import Secret

SECRET = ("access_token", "refresh_token", "client_secret", "device_code", "id_token", "verifier", "state")
PLANTED = "planted-secret"


def kinds() -> Iterator[type[Struct]]:
    """The Structs of the room that have a field for a secret."""
    for found in pkgutil.walk_packages(a2a.auth.__path__, "a2a.auth."):
        module = importlib.import_module(found.name)
        for kind in vars(module).values():
            ours = isinstance(kind, type) and issubclass(kind, Struct) and kind.__module__ == module.__name__
            if ours and any(field.name in SECRET for field in structs.fields(kind)):
                yield kind


KINDS = list(kinds())


def test_there_are_such_values() -> None:
    assert {"Answer", "KiroToken", "_Registered", "_Device", "_Started", "_Asked"} <= {kind.__name__ for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_a_value_does_not_show_its_secret(kind: type[Struct]) -> None:
    values = {}
    for field in structs.fields(kind):
        plain = PLANTED if field.name in SECRET else None
        values[field.name] = Secret(PLANTED) if "Secret" in str(field.type) else plain
    assert PLANTED not in repr(kind(**values))

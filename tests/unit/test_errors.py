"""The error family: status, exit code and scope are fixed by the class."""

from __future__ import annotations

import inspect

import pytest

from a2a import errors
from a2a.errors import A2AError, ExitCode, NoAccount, UsageError

FAMILY = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, A2AError)]


@pytest.mark.parametrize("kind", FAMILY, ids=lambda c: c.__name__)
def test_every_class_has_a_status_an_exit_code_and_a_scope(kind: type[A2AError]) -> None:
    assert 400 <= kind.status < 600
    assert kind.exit_code in set(ExitCode) - {ExitCode.DONE}
    assert kind.scope in ("request", "account", "account_model", "provider", "internal")


@pytest.mark.parametrize("kind", FAMILY, ids=lambda c: c.__name__)
def test_the_docstring_draws_the_whole_family(kind: type[A2AError]) -> None:
    assert f"{kind.__name__} " in (errors.__doc__ or "")


@pytest.mark.parametrize("kind", FAMILY, ids=lambda c: c.__name__)
def test_a_client_s_fault_is_a_4xx_and_ours_a_5xx(kind: type[A2AError]) -> None:
    assert (kind.status < 500) == (kind.scope == "request")


def test_the_text_ends_with_the_next_thing_to_try() -> None:
    assert str(UsageError("no such thing", hint="a2a --help")) == "no such thing (a2a --help)"
    assert str(UsageError("no such thing")) == "no such thing"


def test_no_account_carries_when_to_retry() -> None:
    assert NoAccount("all cooling", retry_after_s=3.0).retry_after_s == 3.0


def test_exit_codes_are_the_contract_s() -> None:
    assert {e.name: int(e) for e in ExitCode} == {
        "DONE": 0,
        "FAILED": 1,
        "USAGE": 2,
        "LOGIN_NEEDED": 3,
        "UNAVAILABLE": 4,
        "INTERRUPTED": 130,
    }

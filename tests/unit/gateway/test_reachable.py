"""The model list with who can serve now."""

from __future__ import annotations

from typing import Any

import pytest
from support.pool_kit import account, failure, pool_of, verdict

from a2a.control.types import ModelView
from a2a.gateway.reachable import reachable
from a2a.pool.pool import Pool

VIEW = ModelView(id="m", name="m", provider="openai-custom", accounts=["openai/a", "openai/b"])


def rows(pool: Pool, *views: ModelView) -> list[tuple[list[str], dict[str, str]]]:
    return [(view.accounts, view.unable) for view in reachable(views or (VIEW,), pool.members())]


def fail(pool: Pool, model: str = "m", **judged: Any) -> None:
    """Of openai/a."""
    member = next(member for member in pool.members() if member.name == "openai/a")
    member.fail(failure(), verdict(cool_s=30.0, **judged), model)


def test_accounts_that_can_serve_stay() -> None:
    assert rows(pool_of(account("a"), account("b"))) == [(["openai/a", "openai/b"], {})]


def test_one_that_rests_stands_apart() -> None:
    pool = pool_of(account("a"), account("b"))
    fail(pool)
    assert rows(pool) == [(["openai/b"], {"openai/a": "cooling"})]


@pytest.mark.parametrize(("fields", "word"), [({"enabled": False}, "disabled"), ({"draining": True}, "draining")])
def test_the_state_is_the_reason(fields: dict[str, bool], word: str) -> None:
    assert rows(pool_of(account("a", **fields), account("b"))) == [(["openai/b"], {"openai/a": word})]


def test_a_blocked_model_leaves_the_others() -> None:
    pool = pool_of(account("a"), account("b"))
    fail(pool, scope="account_model", action="next")
    other = ModelView(id="o", name="o", provider="openai-custom", accounts=["openai/a"])
    assert rows(pool, VIEW, other) == [(["openai/b"], {"openai/a": "model not available here"}), (["openai/a"], {})]


def test_a_name_that_the_pool_does_not_know_stays() -> None:
    assert rows(pool_of(account("a")))[0][0] == ["openai/a", "openai/b"]

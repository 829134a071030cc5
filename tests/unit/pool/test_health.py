"""Health as it lies on disk, and what is shown of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.pool_kit import NOW, account

from a2a.auth.records import Limits
from a2a.control.types import AccountCounts, Fault, Quota, Standing
from a2a.paths import Folders, folders
from a2a.pool.health import Block, Health, HealthStore, detail_of, mended, record_standing, state_of, view_of

HELD = Health(state="needs_login", reason="token_dead", message="it is dead", remedy="a2a login", failures=2)
COOLING = Health(state="cooling", reason="rate_limited", message="slow down", until=NOW + 60.0, failures=1)
QUOTA = Quota(unit="credit", limit=50.0, remaining=20.0)


@pytest.fixture
def place(tmp_path: Path) -> Folders:
    return folders(str(tmp_path / "home"))


@pytest.mark.parametrize(
    ("fields", "health", "state"),
    [
        ({}, Health(), "ready"),
        ({"enabled": False, "draining": True}, HELD, "disabled"),
        ({"draining": True}, HELD, "needs_login"),
        ({"draining": True}, COOLING, "draining"),
        ({}, COOLING, "cooling"),
        ({}, Health(state="cooling", until=NOW), "ready"),
        ({}, Health(state="cooling"), "ready"),
        ({"pinned": True}, Health(), "ready"),
    ],
)
def test_which_state_outranks_which(fields: dict[str, Any], health: Health, state: str) -> None:
    assert state_of(account(**fields), health, NOW) == state


def test_the_view_says_what_happened_and_what_helps() -> None:
    view = view_of(account(), HELD, NOW, base_url=None)
    assert (view.state, view.reason, view.message, view.remedy) == (
        "needs_login",
        "token_dead",
        "it is dead",
        "a2a login",
    )
    assert view.until is None


def test_the_view_of_a_cooldown_has_its_end() -> None:
    assert view_of(account(), COOLING, NOW, base_url=None).until == NOW + 60.0
    over = view_of(account(), COOLING, NOW + 60.0, base_url=None)
    assert (over.state, over.reason, over.message, over.until) == ("ready", None, None, None)


def test_the_view_fills_quota_plan_label_and_flags() -> None:
    health = Health(quota=[QUOTA], plan="PRO", label="me@x")
    view = view_of(account(pinned=True, draining=True, plan="coding"), health, NOW, base_url="http://here")
    assert (view.quota, view.plan, view.label, view.pinned, view.draining) == ([QUOTA], "PRO", "me@x", True, True)
    assert view_of(account(plan="coding", label="own"), health, NOW, base_url=None).label == "own"
    assert view_of(account(plan="coding"), Health(), NOW, base_url=None).plan == "coding"


def test_the_detail_shows_no_password_of_a_url() -> None:
    one = account(urls={"base_url": "http://me:secret@here/v1"}, proxy="http://me:secret@proxy:1")
    detail = detail_of(one, view_of(one, Health(), NOW, base_url=None), Limits(rpm=60))
    assert (detail.urls, detail.proxy) == ({"base_url": "http://***@here/v1"}, "http://***@proxy:1")
    assert detail.limits == {"max_concurrency": 0, "min_interval_ms": 0, "rpm": 0, "tpm": 0}


def test_what_was_written_is_read(place: Folders) -> None:
    store = HealthStore(place)
    wanted = Health(
        state="cooling",
        until=NOW,
        failures=3,
        blocks={"m": Block(NOW, "model cooling")},
        quota=[QUOTA],
        last_fault=Fault(kind="upstream", message="no"),
        counts=AccountCounts(requests=4),
        set_at=NOW,
    )
    assert store.update("acc_1", lambda _: wanted) == wanted
    assert HealthStore(place).read("acc_1") == wanted


def test_an_unknown_account_has_no_history(place: Folders) -> None:
    assert HealthStore(place).read("acc_1") == Health()


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"state": "merry"}', b"\xff"])
def test_a_broken_file_is_told_and_ignored(place: Folders, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    folder = place.state / "health"
    folder.mkdir(parents=True)
    (folder / "acc_1.json").write_bytes(content)
    assert HealthStore(place).read("acc_1") == Health()
    assert "health_ignored" in caplog.text
    HealthStore(place).update("acc_1", lambda _: HELD)
    assert HealthStore(place).read("acc_1") == HELD


def test_a_removed_file_is_gone_and_again_no_error(place: Folders) -> None:
    store = HealthStore(place)
    store.update("acc_1", lambda _: HELD)
    store.delete("acc_1")
    store.delete("acc_1")
    assert store.read("acc_1") == Health()


def test_mending_keeps_what_is_no_trouble() -> None:
    health = Health(state="suspended", failures=2, quota=[QUOTA], plan="PRO", counts=AccountCounts(requests=4))
    assert mended(health) == Health(quota=[QUOTA], plan="PRO", counts=AccountCounts(requests=4))


def test_a_login_that_asked_nobody_clears_the_holds(place: Folders) -> None:
    HealthStore(place).update("acc_1", lambda _: HELD)
    record_standing(place, "acc_1", None, now=NOW)
    assert HealthStore(place).read("acc_1") == Health(set_at=NOW)


def test_a_login_that_asked_leaves_what_it_found(place: Folders) -> None:
    HealthStore(place).update("acc_1", lambda _: Health(state="needs_login", counts=AccountCounts(requests=4)))
    found = Standing(
        state="needs_action", message="no licence", reason="no_license", remedy="buy", plan="FREE", quota=[QUOTA]
    )
    record_standing(place, "acc_1", found, now=NOW)
    health = HealthStore(place).read("acc_1")
    assert (health.state, health.reason, health.message, health.remedy) == (
        "needs_action",
        "no_license",
        "no licence",
        "buy",
    )
    assert (health.plan, health.quota, health.counts.requests, health.set_at) == ("FREE", [QUOTA], 4, NOW)

"""What a user changes about declared accounts, apart from the declaration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from a2a.auth.overrides import Override, Overrides, changed, difference
from a2a.auth.records import Account, Limits
from a2a.control.types import AccountSettings
from a2a.paths import Folders, folders

DECLARED = Account(id="cfg_1", provider="openai-custom", alias="kimi", origin="config", proxy="http://p:1")


@pytest.fixture
def place(tmp_path: Path) -> Folders:
    return folders(str(tmp_path))


def stored(place: Folders) -> Any:
    return json.loads((place.data / "overrides" / "cfg_1.json").read_text())


@pytest.mark.parametrize(
    ("fields", "file"),
    [
        ({"enabled": False}, {"enabled": False}),
        ({"proxy": None, "pinned": True}, {"proxy": None, "pinned": True}),
        ({"limits": Limits(rpm=7)}, {"rpm": 7}),
        ({"priority": 2, "weight": 3, "draining": True}, {"priority": 2, "weight": 3, "draining": True}),
    ],
)
def test_only_what_differs_is_kept_and_it_counts(place: Folders, fields: dict[str, Any], file: Any) -> None:
    wanted = structs.replace(DECLARED, **fields)
    Overrides(place).put(DECLARED, wanted)
    assert stored(place) == file
    assert Overrides(place).applied([DECLARED]) == [wanted]


def test_a_later_edit_of_the_declaration_counts_for_all_other_fields(place: Folders) -> None:
    Overrides(place).put(DECLARED, structs.replace(DECLARED, enabled=False))
    (now,) = Overrides(place).applied([structs.replace(DECLARED, priority=5)])
    assert (now.enabled, now.priority) == (False, 5)


def test_back_to_the_declaration_leaves_no_file(place: Folders) -> None:
    Overrides(place).put(DECLARED, structs.replace(DECLARED, enabled=False))
    Overrides(place).put(DECLARED, DECLARED)
    assert list((place.data / "overrides").iterdir()) == []


@pytest.mark.parametrize("content", ["{", '{"enabled": "perhaps"}', '{"colour": 1}'])
def test_a_broken_file_is_told_and_ignored(place: Folders, content: str, caplog: pytest.LogCaptureFixture) -> None:
    (place.data / "overrides").mkdir(parents=True)
    (place.data / "overrides" / "cfg_1.json").write_text(content)
    assert Overrides(place).applied([DECLARED]) == [DECLARED]
    assert "override_ignored" in caplog.text


def test_settings_change_what_they_name() -> None:
    now = changed(DECLARED, AccountSettings(priority=1, rpm=4))
    assert (now.priority, now.limits, now.proxy) == (1, Limits(rpm=4), "http://p:1")
    assert changed(DECLARED, AccountSettings(proxy=None)).proxy is None


def test_the_same_account_has_no_difference() -> None:
    assert difference(DECLARED, DECLARED) == Override()
    assert changed(DECLARED, Override()) == DECLARED

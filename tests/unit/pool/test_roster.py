"""Which accounts there are, from everywhere, with what the user changed about declared ones."""

from __future__ import annotations

from pathlib import Path

from msgspec import structs

from a2a.auth.accounts import AccountStore
from a2a.auth.overrides import Overrides
from a2a.auth.records import Account
from a2a.config import AccountDecl, Settings
from a2a.paths import folders
from a2a.pool.roster import read_roster
from a2a.secret import Secret


def given(tmp_path: Path, key: str = "sk-1") -> Settings:
    decl = AccountDecl(provider="openai-custom", name="kimi", api_key_env="KIMI", priority=3)
    return Settings(folders=folders(str(tmp_path)), accounts=[decl], env_secrets={"KIMI": Secret(key)})


def test_logged_in_and_declared_accounts(tmp_path: Path) -> None:
    settings = given(tmp_path)
    AccountStore(settings.folders).put(Account(id="acc_1", provider="openai-custom", alias="work"))
    roster = read_roster(settings)
    assert [account.alias for account in roster.accounts] == ["work", "kimi"]
    assert [account.alias for account in roster.declared.values()] == ["kimi"]


def test_what_the_user_changed_counts_and_the_declaration_stays(tmp_path: Path) -> None:
    settings = given(tmp_path)
    (declared,) = read_roster(settings).declared.values()
    Overrides(settings.folders).put(declared, structs.replace(declared, enabled=False))
    roster = read_roster(settings)
    assert (roster.accounts[0].enabled, roster.accounts[0].priority) == (False, 3)
    assert roster.declared[declared.id].enabled


def test_another_key_is_another_fingerprint_and_no_key(tmp_path: Path) -> None:
    one, other = (read_roster(given(tmp_path, key)).fingerprints() for key in ("sk-1", "sk-2"))
    assert one.keys() == other.keys()
    assert one != other
    assert "sk-1" not in str(one)

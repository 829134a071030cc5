"""The options of `a2a login` and the ways that the control API offers are one thing."""

from __future__ import annotations

from typing import get_args

import pytest

from a2a.cli import login, login_kiro
from a2a.config import CREDENTIAL_KIND
from a2a.gateway.logins.methods import KIRO, RISKS, WAYS, ways_of


def test_the_kiro_methods_are_those_of_the_option() -> None:
    assert set(get_args(login.Method)) == set(ways_of(KIRO))


def test_the_menu_offers_every_way_and_the_one_of_this_machine() -> None:
    methods = [method for method, _ in login_kiro._menu()]
    assert sorted(methods) == sorted([*ways_of(KIRO), "from-cli"])
    assert methods[-1] == "api-key"


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.provider}-{way.method}")
def test_what_a_way_takes_is_an_option_of_its_kind(way: object) -> None:
    assert {*way.needs, *way.takes} <= set(login._OPTIONS[CREDENTIAL_KIND[way.provider]])  # type: ignore[attr-defined]


def test_a_risk_is_asked_about_wherever_there_is_one() -> None:
    assert {way.provider for way in WAYS if way.risk} == set(RISKS)

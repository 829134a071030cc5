"""A secret shows itself nowhere but through `reveal`."""

from __future__ import annotations

import logging
import traceback

import msgspec
import pytest

from a2a.auth.records import ApiKey, KiroToken
from a2a.secret import Secret

PLAIN = "sk-very-secret-0123456789"


@pytest.mark.parametrize("show", [repr, str, "{}".format, "%s".__mod__, lambda s: f"{s!r:>40}"])
def test_every_way_of_showing_is_masked(show: object) -> None:
    assert PLAIN not in show(Secret(PLAIN))  # type: ignore[operator]


def test_records_and_logs_are_masked(caplog: pytest.LogCaptureFixture) -> None:
    token = KiroToken(kind="social", access_token=Secret(PLAIN), refresh_token=Secret(PLAIN))
    logging.getLogger("x").warning("%s %r", ApiKey(Secret(PLAIN)), token)
    assert PLAIN not in caplog.text
    assert "***" in caplog.text


def test_a_secret_cannot_be_encoded_by_accident() -> None:
    with pytest.raises(TypeError) as caught:
        msgspec.json.encode(ApiKey(Secret(PLAIN)))
    assert PLAIN not in "".join(traceback.format_exception(caught.value))


def test_reveal_gives_the_value() -> None:
    assert Secret(PLAIN).reveal() == PLAIN


def test_comparison() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("ä").matches("ä")
    assert not Secret("a").matches("b")
    assert Secret("a").__eq__("a") is False
    assert len({Secret("a"), Secret("a")}) == 1


def test_empty_is_false() -> None:
    assert not Secret("")
    assert Secret("x")


def test_the_fingerprint_tells_secrets_apart() -> None:
    assert Secret("a").fingerprint() != Secret("b").fingerprint()
    assert len(Secret("a").fingerprint()) == 16

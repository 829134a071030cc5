"""Base URLs as users type them, and where a refresh token may be sent."""

from __future__ import annotations

import pytest

from a2a.auth.base_url import candidates
from a2a.auth.kiro import endpoint_allowed
from a2a.errors import UsageError


@pytest.mark.parametrize(
    ("url", "tried"),
    [
        ("http://h", ["http://h/v1"]),
        ("http://h/", ["http://h/v1"]),
        ("http://h:8080/v1/", ["http://h:8080/v1"]),
        ("https://h/api/paas/v4", ["https://h/api/paas/v4"]),
        ("https://h/v1beta", ["https://h/v1beta"]),
        ("https://h/openai", ["https://h/openai", "https://h/openai/v1"]),
    ],
)
def test_both_spellings_lead_to_the_api(url: str, tried: list[str]) -> None:
    assert candidates(url) == tried


@pytest.mark.parametrize("url", ["", "h", "ftp://h", "http://", "http://[x", "http://h/v1?k=1", "http://h/#x"])
def test_no_url(url: str) -> None:
    with pytest.raises(UsageError):
        candidates(url)


def test_a_refused_url_does_not_show_its_password() -> None:
    with pytest.raises(UsageError) as caught:
        candidates("ftp://me:pw-secret@h")
    assert "pw-secret" not in str(caught.value)


ALLOW = ["*.microsoftonline.com", "*.okta.com", "http://127.0.0.1:8080"]


@pytest.mark.parametrize(
    ("endpoint", "allowed"),
    [
        ("https://login.microsoftonline.com/t/token", True),
        ("https://LOGIN.MicrosoftOnline.com/t/token", True),
        ("https://corp.okta.com/token", True),
        ("http://127.0.0.1:8080/idp/token", True),
        ("http://127.0.0.1:8081/idp/token", False),
        ("https://127.0.0.1:8080/idp/token", False),
        ("http://login.microsoftonline.com/t", False),
        ("https://microsoftonline.com.evil.org/t", False),
        ("https://evil.org/.okta.com", False),
        ("https://x@corp.okta.com/t", False),
        ("https://corp.okta.com@evil.org/t", False),
        ("https://10.0.0.1/t", False),
        ("https://[::1]/t", False),
        ("https://okta.com:bad/t", False),
        ("", False),
    ],
)
def test_an_imported_file_cannot_send_the_token_anywhere(endpoint: str, allowed: bool) -> None:
    assert endpoint_allowed(endpoint, ALLOW) is allowed


def test_a_wide_glob_still_needs_https_and_a_name() -> None:
    assert not endpoint_allowed("https://10.0.0.1/t", ["*"])
    assert not endpoint_allowed("http://h/t", ["*"])

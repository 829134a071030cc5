"""What leaves an upstream's error text, and in which writings a secret is found."""

from __future__ import annotations

import pytest

from a2a.protocols.redact import GONE, clean, forms_of, secrets_in


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("bad key: Basic dTpwYXNzd29yZDE=", f"bad key: {GONE}"),
        ("see https://x.example/?key=abc%2Fdef&alt=sse", f"see https://x.example/?key={GONE}&alt=sse"),
        ("wrong access_token=abc", f"wrong access_token={GONE}"),
        ("the key abcd****wxyz is wrong", f"the key {GONE} is wrong"),
        ("ask ada+me@example.com", f"ask {GONE}"),
        ("Basic authentication is off, 2 ** 3 too", "Basic authentication is off, 2 ** 3 too"),
    ],
)
def test_errors(words: str, kept: str) -> None:
    assert clean(words) == kept
    assert bool(secrets_in(words.encode(), error=True)) == (words != kept)


def test_a_word_of_a_megabyte_is_searched_once() -> None:
    """A picture in an answer that failed, say: with a step for each two of its bytes this would not end."""
    assert secrets_in(b"iVBORw0KGgo/AAA+NSUh" * 50_000, error=True) == []


def test_forms() -> None:
    assert forms_of("plain-key") == (b"plain-key",)
    assert set(forms_of('a/b"c')) == {
        b'a/b"c',
        rb"a/b\"c",
        rb"a/b\\\"c",
        rb"a\/b\"c",
        rb"a\/b\\\"c",
        b"a%2Fb%22c",
    }
